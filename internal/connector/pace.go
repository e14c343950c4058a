package connector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"godwit/internal/fault"
	"godwit/internal/rate"
	"godwit/internal/record"
)

// Rates are the keys of a connection's limit that all systems have.
type Rates struct {
	Rate  *float64           `flow:"rate,rate" help:"Requests in a second, or pages of records read or written, as 50/s"`
	Times map[string]float64 `flow:"times,rates" help:"Rates by hours of the week, as \"Mon-Fri 07:00-19:00\""`
	Zone  string             `flow:"zone" default:"UTC" help:"Time zone of times, as Europe/Berlin"`
}

// Limit is what they come to, with a number of requests at the same time (0: any).
func (r Rates) Limit(concurrency int) rate.Limit {
	l := rate.Limit{Concurrency: concurrency, Times: r.Times, Zone: r.Zone}
	if r.Rate != nil {
		l.Rate = *r.Rate
	}
	return l
}

// Pace makes the pace of a connection that declares such a limit. A rate of 0 and
// hours that are none are faults of kind config, code limit.invalid.
func (r Rates) Pace(name string, concurrency int) (*Pace, error) {
	if r.Rate != nil && *r.Rate <= 0 {
		return nil, fault.New(fault.Config, "limit.invalid", "connection %q: limit: the rate is 0: nothing would ever be sent", name)
	}
	p, err := NewPace(name, r.Limit(concurrency))
	return p, fault.Wrap(err, "connection %q", name)
}

// Paced is an endpoint that keeps to a pace.
type Paced interface {
	// Pace is the endpoint's own, or the one that it was given.
	Pace() *Pace
	// Share has it keep to a pace that others keep to as well. It is called before
	// the endpoint is used.
	Share(*Pace)
}

// OwnPace makes an endpoint that it is a part of Paced.
type OwnPace struct{ pace *Pace }

// NewOwnPace begins with a pace that nobody shares.
func NewOwnPace(p *Pace) OwnPace { return OwnPace{p} }

// AnyPace begins with a pace of a connection that has no limit.
func AnyPace(name string) OwnPace {
	p, err := NewPace(name, rate.Limit{})
	if err != nil {
		panic("no limit is none: " + err.Error())
	}
	return OwnPace{p}
}

// Pace is the Paced's.
func (o *OwnPace) Pace() *Pace { return o.pace }

// Share is the Paced's.
func (o *OwnPace) Share(p *Pace) { o.pace = p }

// Begin is the Pace's.
func (o *OwnPace) Begin(ctx context.Context) (end func(rate.Answer), err error) {
	return o.pace.Begin(ctx)
}

// Again is the Pace's.
func (o *OwnPace) Again(ctx context.Context, since time.Time) error { return o.pace.Again(ctx, since) }

// Pace is a limiter that knows who waits for it, by the label of their context. A
// nil Pace lets everything through. Safe for concurrent use.
type Pace struct {
	*rate.Limiter
	Name string // of what it belongs to, for people

	mu      sync.Mutex
	waiting map[string]time.Time // since when, by label
	parts   map[string]*Pace     // below it, see Part
}

// NewPace makes the pace of something with a name.
func NewPace(name string, l rate.Limit) (*Pace, error) {
	limiter, err := rate.New(l)
	if err != nil {
		return nil, err
	}
	return &Pace{Limiter: limiter, Name: name, waiting: map[string]time.Time{}}, nil
}

// Part is a pace of some of what keeps to this one, which is asked for beside it:
// the same one for the same key. Waits tells of it, too.
func (p *Pace) Part(key, name string, l rate.Limit) (*Pace, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if part := p.parts[key]; part != nil {
		return part, nil
	}
	part, err := NewPace(name, l)
	if err != nil {
		return nil, err
	}
	if p.parts == nil {
		p.parts = map[string]*Pace{}
	}
	p.parts[key] = part
	return part, nil
}

// Begin is the rate.Limiter's: those who take turns are the runs.
func (p *Pace) Begin(ctx context.Context) (end func(rate.Answer), err error) {
	if p == nil {
		return func(rate.Answer) {}, nil
	}
	defer p.wait(ctx)()
	run, _, _ := strings.Cut(Label(ctx), " ")
	return p.Limiter.Begin(ctx, run)
}

// Again is the rate.Limiter's.
func (p *Pace) Again(ctx context.Context, since time.Time) error {
	if p == nil {
		return nil
	}
	return p.Limiter.Again(ctx, since)
}

// Rest is the rate.Limiter's.
func (p *Pace) Rest(ctx context.Context, d time.Duration) error {
	defer p.wait(ctx)()
	return p.Limiter.Rest(ctx, d)
}

func (p *Pace) wait(ctx context.Context) (over func()) {
	label := Label(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.waiting[label]; ok || label == "" {
		return func() {}
	}
	p.waiting[label] = time.Now()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.waiting, label)
	}
}

// Away reports whether the system is taken to be away.
func (p *Pace) Away() bool { return p != nil && !p.State().Away.IsZero() }

// Waits tells, with gate limit, whether work of a label waits for the pace.
func (p *Pace) Waits(label string) []Wait {
	p.mu.Lock()
	since, ok := p.waiting[label]
	others, parts := len(p.waiting)-1, slices.Collect(maps.Values(p.parts))
	p.mu.Unlock()
	if !ok {
		for _, part := range parts {
			if w := part.Waits(label); w != nil {
				return w
			}
		}
		return nil
	}
	s := p.State()
	w := Wait{Gate: "limit", Since: since, Text: p.Name + " " + Allowed(s)}
	if others > 0 {
		w.Text += fmt.Sprintf(", %d more wait", others)
	}
	return []Wait{w}
}

// Allowed says in words what a limiter lets through, and why.
func Allowed(s rate.State) string {
	if !s.Away.IsZero() {
		return "does not answer since " + s.Away.UTC().Format(time.RFC3339) + ": one request at a time asks whether it is back"
	}
	if !s.Until.IsZero() {
		return "wants no requests before " + s.Until.UTC().Format(time.RFC3339)
	}
	var parts []string
	if s.Rate > 0 {
		parts = append(parts, rate.Text(s.Rate))
	}
	if s.Concurrency > 0 {
		parts = append(parts, strconv.Itoa(s.Concurrency)+" at the same time")
	}
	if len(parts) == 0 {
		return "is not limited"
	}
	text := strings.Join(parts, ", ")
	switch s.By {
	case rate.ByHours:
		text += ", by the hours " + s.Hours
	case rate.ByAnswers:
		text += ", since it refused requests"
	}
	return text
}

// AtPace has each page of a reader take a place of a pace; nil takes none. One
// that knows that nothing more comes (Over) takes none for saying so.
func AtPace(r RecordReader, p *Pace) RecordReader {
	if p == nil {
		return r
	}
	return &pacedReader{r, p}
}

type pacedReader struct {
	RecordReader
	pace *Pace
}

// Next is the RecordReader's.
func (r *pacedReader) Next(ctx context.Context) (*record.Page, error) {
	if o, ok := r.RecordReader.(interface{ Over() bool }); ok && o.Over() {
		return r.RecordReader.Next(ctx)
	}
	end, err := r.pace.Begin(ctx)
	if err != nil {
		return nil, err
	}
	page, err := r.RecordReader.Next(ctx)
	end(rate.Answer{None: err != nil && !errors.Is(err, io.EOF)})
	return page, err
}

// Over reports whether nothing more comes, as far as it is known.
func (r *pacedReader) Over() bool {
	o, ok := r.RecordReader.(interface{ Over() bool })
	return ok && o.Over()
}

// LeaveJSON is the Unread's.
func (r *pacedReader) LeaveJSON() {
	if u, ok := r.RecordReader.(Unread); ok {
		u.LeaveJSON()
	}
}

// At is the PointInTime's; "" when the reader knows none.
func (r *pacedReader) At() string {
	if at, ok := r.RecordReader.(PointInTime); ok {
		return at.At()
	}
	return ""
}
