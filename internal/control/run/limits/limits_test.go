package limits_test

import (
	"strings"
	"testing"
	"time"

	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/limits"
	"godwit/internal/fault"
	"godwit/internal/rate"
	"godwit/internal/unit"

	"github.com/google/go-cmp/cmp"
)

type settings struct{ Limit rate.Limit }

type endpoint struct{ connector.OwnPace }

func (*endpoint) Close() error { return nil }

func open(t *testing.T, name string, s settings) *endpoint {
	t.Helper()
	p, err := connector.NewPace(name, s.Limit)
	if err != nil {
		t.Fatal(err)
	}
	return &endpoint{connector.NewOwnPace(p)}
}

var api = connector.Connector{System: "api", Limit: func(s any) rate.Limit { return s.(settings).Limit }}

func bound(l rate.Limit) flow.BoundConnection {
	return flow.BoundConnection{System: "api", Settings: settings{l}}
}

func tunedBy(actor, reason string, t unit.Tuned) unit.Event {
	return unit.Event{Kind: unit.RunTuned, Actor: actor, Reason: reason, Body: unit.Body(t)}
}

// Runs of a process share the pace of a connection, and what it is tuned to, also
// those that open it later; another connection of the same name keeps to its own.
func TestShare(t *testing.T) {
	t.Parallel()
	p := limits.New(nil)
	one, two, three := settings{rate.Limit{Rate: 50, Concurrency: 4}}, settings{rate.Limit{Rate: 10}}, settings{rate.Limit{Rate: 30}}
	share := func(s settings) *endpoint {
		e := open(t, "target", s)
		if err := p.Share("target", bound(s.Limit), e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	run := func(s settings) *limits.Watch {
		return p.Watch(map[string]flow.BoundConnection{"target": bound(s.Limit)}, func() []string { return []string{"target", "other"} })
	}
	is := func(e *endpoint, want float64) {
		t.Helper()
		if got := e.Pace().State(); got.Rate != want {
			t.Errorf("%+v, want %g/s", got, want)
		}
	}
	a, b, c := share(one), share(one), share(two)
	if a.Pace() != b.Pace() || a.Pace() == c.Pace() {
		t.Error("the paces are not those of the connections")
	}
	w := run(one)
	w.Fold(tunedBy("jane", "slower", unit.Tuned{Connections: map[string]rate.Tune{"target": {Rate: 20, Concurrency: 2}}}), false)
	w.Fold(unit.Event{Kind: unit.RunPaused}, false)
	d := share(three)
	is(a, 20)
	is(c, 10)
	is(d, 20)
	run(three).Fold(tunedBy("joe", "", unit.Tuned{Connections: map[string]rate.Tune{"target": {Rate: 5}}}), true) // one that was called
	is(a, 20)
	is(d, 5)
	if e := share(three); e.Pace() != d.Pace() {
		t.Error("its own connection is another one")
	}
	for s, want := range map[*limits.Watch]string{w: `20/s, 2 at the same time, tuned by jane "slower"`, run(three): "5/s, tuned by joe", run(two): `10/s, 2 at the same time, tuned by jane "slower"`} {
		rows := s.Rows(time.Now())
		if len(rows) != 1 {
			t.Fatalf("%+v", rows)
		}
		if l, ok := limits.Of(rows[0]); !ok || l.Connection != "target" || l.Text != want {
			t.Errorf("%+v, want %s", l, want)
		}
	}
	w.Fold(tunedBy("jane", "", unit.Tuned{Connections: map[string]rate.Tune{"target": {}}}), false)
	if got := b.Pace().State(); got.Rate != 50 || got.Concurrency != 4 || got.By != rate.ByFile {
		t.Errorf("%+v, and it was tuned back", got)
	}
	if err := a.Pace().Rest(t.Context(), 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if held := w.Held(); len(held) != 1 || held[0].Connection != "target" || held[0].Other < 0.2 || held[0].Limit != 0 {
		t.Errorf("%+v", held)
	}
	var none *limits.Paces // as of who only looks
	if err := none.Share("target", bound(rate.Limit{}), a); err != nil {
		t.Fatal(err)
	}
	idle := none.Watch(nil, func() []string { return []string{"target"} })
	idle.Fold(tunedBy("", "", unit.Tuned{}), false)
	if rows := idle.Rows(time.Now()); rows != nil {
		t.Error(rows)
	}
}

// What is asked for is held against what the run has.
func TestRequest(t *testing.T) {
	t.Parallel()
	flows := []*flow.Bound{
		{Steps: []flow.Step{{ID: "copy"}, {ID: "all", Steps: []flow.Step{{ID: "load"}}}},
			Connections: map[string]flow.BoundConnection{"old": bound(rate.Limit{}), "file": {System: "file"}}},
		{Connections: map[string]flow.BoundConnection{"target": bound(rate.Limit{Rate: 50, Concurrency: 8})}}, // of a flow that it called
	}
	for name, c := range map[string]struct {
		q    limits.Request
		want unit.Tuned
		code string
		says string
	}{
		"nothing":           {q: limits.Request{Connection: "target"}, code: "tune.nothing"},
		"the only one":      {q: limits.Request{Rate: 20}, want: unit.Tuned{Connections: map[string]rate.Tune{"target": {Rate: 20}}}},
		"as declared":       {q: limits.Request{Rate: 50, Concurrency: 8}, want: unit.Tuned{Connections: map[string]rate.Tune{"target": {Rate: 50, Concurrency: 8}}}},
		"above the rate":    {q: limits.Request{Rate: 50.5}, code: "tune.above", says: "target declares 50/s"},
		"above the number":  {q: limits.Request{Concurrency: 9}, code: "tune.above", says: "8 at the same time"},
		"without a limit":   {q: limits.Request{Connection: "old", Rate: 5000}, want: unit.Tuned{Connections: map[string]rate.Tune{"old": {Rate: 5000}}}},
		"back":              {q: limits.Request{Connection: "target", Reset: true}, want: unit.Tuned{Connections: map[string]rate.Tune{"target": {}}}},
		"no connection":     {q: limits.Request{Connection: "targt", Rate: 5}, code: "tune.unknown", says: "targt"},
		"no such limit":     {q: limits.Request{Connection: "file", Rate: 5}, code: "tune.unknown"},
		"workers":           {q: limits.Request{Workers: 2}, want: unit.Tuned{Limits: map[string]int{"workers": 2}}},
		"workers of a step": {q: limits.Request{Workers: 2, Step: "load", Rate: 1}, want: unit.Tuned{Limits: map[string]int{"load/workers": 2}, Connections: map[string]rate.Tune{"target": {Rate: 1}}}},
		"no step":           {q: limits.Request{Workers: 2, Step: "lod"}, code: "tune.unknown", says: "lod"},
	} {
		got, err := c.q.Tuned("shop-1", flows, []connector.Connector{api})
		if fault.CodeOf(err) != c.code || err != nil && (!strings.Contains(err.Error(), c.says) || len(fault.Of(err).Next) == 0) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && !cmp.Equal(got, c.want) {
			t.Errorf("%s: %s", name, cmp.Diff(c.want, got))
		}
	}
}
