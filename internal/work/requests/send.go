package requests

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"godwit/internal/connector"
	"godwit/internal/expression"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/request"
)

// Executors returns those of the http verb, by kind of unit.
func Executors(open connector.Opener, past History) map[string]unit.Executor {
	x := executor{open, past}
	return map[string]unit.Executor{kindRequest: &sender{x}, kindBack: &undoer{x}, kindKept: keeper{}}
}

// most is what an answer may be, in bytes: it is kept in the ledger.
const most = 1 << 20

type executor struct {
	open connector.Opener
	past History
}

// sender sends a request once.
type sender struct{ executor }

// Do sends the request, unless an earlier attempt did and it took effect.
func (x *sender) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var s spec
	if err := json.Unmarshal(u.Spec, &s); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "http"})
	facts, _, err := x.once(ctx, s.one(u.ID, u.Step, l.Name), u, l, report)
	return unit.Result{Facts: facts}, err
}

// Done knows an answer that was kept.
func (x *sender) Done(ctx context.Context, u unit.Unit, _ unit.Lease) (unit.Effect, error) {
	all, err := x.past.Intents(ctx, u.ID, "")
	if i := last(all); err == nil && i != nil && i.Facts != nil {
		return unit.Effect{State: unit.Complete, Result: unit.Result{Facts: i.Facts}}, nil
	}
	return unit.Effect{}, err
}

func (h *HTTP) request() request.Filled {
	method, path, _ := strings.Cut(h.Request, " ")
	f := request.Filled{Method: method, Path: path, Headers: h.Headers, Body: record.Missing}
	f.Params, _ = request.ParamsOf(h.Params.V) // checked
	if h.Body != nil {
		f.Body = h.Body.V
	}
	return f
}

// one is a request with the rule for a lost answer, sent for a unit.
type one struct {
	at      string
	filled  request.Filled
	success string
	doubt   *request.Doubt
	knows   expression.Scope // of a look-up, with docs
	docs    map[string]any
	unit    string
	of      string // the unit whose request it takes back
	run     string // names for people
	step    string
}

// one is the step's own request; of is its unit.
func (s *spec) one(of, step, run string) *one {
	known, _ := record.DecodeObject(s.Scope) // checked
	return &one{at: s.At, filled: s.request(), success: s.Success, doubt: s.InDoubt, knows: knows(known), unit: of, run: run, step: step}
}

func (o *one) line() string { return o.filled.Method + " " + o.filled.Path }

// once makes sure that the request took effect once, and gives its answer. It
// reports false when it is not to be sent (see resolve) and took none.
func (x *executor) once(ctx context.Context, o *one, u unit.Unit, l unit.Lease, report unit.Report) (facts json.RawMessage, took bool, err error) {
	call, err := connector.Capable[connector.Caller](ctx, x.open, o.at, "be asked by requests")
	if err != nil {
		return nil, false, err
	}
	if o.filled.Method == "GET" {
		a, err := call.Call(ctx, o.filledIn(""))
		if err != nil {
			return nil, false, fault.Wrap(err, "at %s", o.at)
		}
		facts, err := factsOf(a, true)
		return facts, err == nil, err
	}
	all, err := x.past.Intents(ctx, o.unit, o.of)
	if err != nil {
		return nil, false, err
	}
	key := ""
	if i := last(all); i != nil {
		if i.Facts != nil {
			return i.Facts, true, nil
		}
		key = i.Key
		if facts, took, err = x.resolve(ctx, o, *i, report); err != nil || took {
			return facts, took, err
		}
	}
	facts, err = x.send(ctx, call, o, key, l, report)
	return facts, err == nil, err
}

// send notes that the request is about to leave, sends it, and keeps the answer.
func (x *executor) send(ctx context.Context, call connector.Caller, o *one, key string, l unit.Lease, report unit.Report) (json.RawMessage, error) {
	if o.doubt.Does() == request.Keyed && key == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", l.Run, o.unit, l.Attempt))
		key = hex.EncodeToString(sum[:16])
	}
	left := false
	r := o.filledIn(key)
	r.Leave = func(ctx context.Context) error { // a turn may have been waited for, and the run be another's by now
		if err := l.Check(ctx); err != nil {
			return err
		}
		if err := x.past.Intend(ctx, o.unit, l.Attempt, key); err != nil {
			return fault.Wrap(err, "note the request")
		}
		left = true
		report.At("request.intended")
		return nil
	}
	a, err := call.Call(ctx, r)
	report.At("request.answered")
	var doubt *connector.DoubtError
	switch {
	case errors.As(err, &doubt):
		return nil, fault.Wrap(err, "at %s", o.at)
	case err != nil && !left:
		return nil, fault.Wrap(err, "at %s", o.at)
	case err != nil:
		if void := x.past.Void(context.WithoutCancel(ctx), o.unit, l.Attempt); void != nil {
			return nil, void
		}
		report.At("request.void")
		return nil, fault.Wrap(err, "at %s", o.at)
	}
	facts, err := factsOf(a, false)
	if err == nil {
		err = x.past.Remember(context.WithoutCancel(ctx), o.unit, l.Attempt, facts)
	}
	report.At("request.remembered")
	return facts, fault.Wrap(err, "note the answer")
}

func (o *one) filledIn(key string) connector.Request {
	r := connector.Request{Method: o.filled.Method, Path: o.filled.Path, Params: o.filled.Params, Headers: o.filled.Headers, Body: o.filled.Body, Success: o.success}
	if key != "" {
		r.Headers = request.WithKey(r.Headers, key)
	}
	return r
}

// factsOf is an answer as later steps see it. What a login is kept by between
// requests is no business of theirs. An answer too large to be kept is a fault of
// what only reads; else the request took effect, and body is null.
func factsOf(a *connector.Answer, strict bool) (json.RawMessage, error) {
	docs := a.Docs()
	headers := maps.Clone(a.Headers)
	delete(headers, "set-cookie")
	docs["headers"] = headers
	text, err := record.EncodeJSON(docs)
	if err == nil && len(text) > most && !strict {
		docs["body"] = nil
		text, err = record.EncodeJSON(docs)
	}
	if err == nil && len(text) > most {
		err = fault.New(fault.Data, "request.too-large", "the answer has %d KiB: at most %d are kept for later steps", len(text)>>10, most>>10).
			Hint("lists of this size are moved by load; params may ask for less")
	}
	return text, err
}

// resolve finds out whether a request whose answer is not known took effect. When
// it did not, or sending it again makes no difference, it reports false.
func (x *executor) resolve(ctx context.Context, o *one, i unit.Intent, report unit.Report) (facts json.RawMessage, took bool, err error) {
	switch o.doubt.Does() {
	case request.Repeat, request.Keyed:
		return nil, false, nil
	case request.Ask:
		return x.answered(ctx, o, i)
	}
	look, wrong := o.doubt.LookUp(o.knows)
	if len(wrong) > 0 {
		return nil, false, fault.New(fault.Config, "request.invalid", "%s: %s", wrong[0].Path, wrong[0].Text)
	}
	m := expression.NewMachine(o.knows.Env)
	filled, err := look.Fill(m, o.docs)
	if err != nil {
		return nil, false, fault.New(fault.Config, "request.invalid", "in_doubt: %w", err)
	}
	call, err := connector.Capable[connector.Lister](ctx, x.open, o.at, "be asked by requests")
	if err != nil {
		return nil, false, err
	}
	if err := settle(ctx, call, i, report); err != nil {
		return nil, false, err
	}
	r := connector.Request{Method: filled.Method, Path: filled.Path, Params: filled.Params, Body: record.Missing}
	list, found, err := connector.LookUp(ctx, call, r, look.List, look.Whole(), func(docs map[string]any) ([]any, error) { return look.Found(m, docs) })
	switch {
	case err != nil:
		return nil, false, fault.Wrap(err, "look up whether %s took effect", o.line())
	case len(list) == 0:
		return nil, false, nil
	case len(list) > 1:
		return nil, false, fault.New(fault.Data, "request.ambiguous", "the look-up finds %d elements: nobody knows which one %s has made", len(list), o.line()).
			Hint("let in_doubt ask for what only this request can have made")
	case !look.Whole():
		found = &connector.Answer{Status: 200, Headers: map[string]any{}, Body: list[0]}
	}
	if facts, err = factsOf(found, false); err != nil {
		return nil, false, err
	}
	return facts, true, x.past.Remember(ctx, o.unit, i.Attempt, facts)
}

// answered is what a person said about a request in doubt.
func (x *executor) answered(ctx context.Context, o *one, i unit.Intent) (json.RawMessage, bool, error) {
	took, ok, err := x.past.Answered(ctx, o.unit, i.At)
	if err != nil {
		return nil, false, err
	}
	if !ok {
		return nil, false, fault.New(fault.Config, "request.in-doubt", "whether %s took effect is not known: its answer was lost at %s", o.line(), i.At.UTC().Format(time.RFC3339)).
			Hint("look at %s whether it did; then: godwit answer %s %s --took-effect, or --send-again", o.at, o.run, o.step).
			Hint("the same command goes on then; in_doubt: idempotency_key, or a look-up, finds out by itself")
	}
	if !took {
		return nil, false, nil
	}
	facts, err := factsOf(&connector.Answer{Headers: map[string]any{}}, false)
	if err == nil {
		err = x.past.Remember(ctx, o.unit, i.Attempt, facts)
	}
	return facts, true, err
}

// settle waits until a request that was sent cannot be under way any more: a
// look-up before that may find nothing although it takes effect a moment later.
func settle(ctx context.Context, call connector.Caller, i unit.Intent, report unit.Report) error {
	until := i.At.Add(call.Timeout())
	left := time.Until(until)
	if left <= 0 {
		return nil
	}
	report.Progress(unit.Progress{Total: 1, Doing: "http", Waits: []unit.Wait{{Gate: "server", Text: "its answer was lost: whether it took effect is looked up when it cannot be under way any more", Since: i.At, Until: until}}})
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
