package view

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

func TestStream(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	s := NewStream(&b, "1.0.0")
	failed := unit.Body(unit.Ended{Seconds: 2, Due: friday.Add(8 * time.Second).UTC(),
		Fault: &fault.Fault{Kind: fault.Unavailable, Code: "connection.lost", Text: "old reset the connection"}})
	s.Tell(Tell("warehouse-7", unit.Event{Seq: 7, At: friday.UTC(), Kind: unit.UnitRetry, Node: "copy", Unit: "copy/data/sales.event/198", Attempt: 1, Body: failed}))
	s.Tell(Tell("warehouse-7", unit.Event{Seq: 8, At: friday.UTC(), Kind: "brand.new", Body: json.RawMessage(`{"text":"x","entity":"sales.item"}`)}))
	s.Value("status", struct {
		Run string `json:"run"`
	}{"warehouse-7"})
	want := `{"type":"godwit","v":1,"version":"1.0.0"}
{"seq":7,"time":"2026-11-20T19:00:00Z","type":"unit.retry","run":"warehouse-7","step":"copy","unit":"copy/data/sales.event/198","level":"warn","text":"sales.event 198: old reset the connection; attempt 2 in 8 s","attempt":1,"seconds":2,"next":"2026-11-20T19:00:08Z","fault":{"kind":"unavailable","code":"connection.lost","text":"old reset the connection"}}
{"seq":8,"time":"2026-11-20T19:00:00Z","type":"brand.new","run":"warehouse-7","level":"info","text":"brand.new","entity":"sales.item"}
{"type":"status","run":"warehouse-7"}
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Error(diff)
	}
	if s.Err() != nil {
		t.Error(s.Err())
	}
	gone := NewStream(&screen{err: errors.New("broken pipe")}, "")
	gone.Tell(Event{})
	if gone.Err() == nil {
		t.Error("the writer's error is lost")
	}
}

// Every promised type is written with all the fields that the schema requires
// and none that it does not name.
func TestSchemaDescribesTheStream(t *testing.T) {
	t.Parallel()
	var schema struct {
		OneOf []struct {
			Properties map[string]struct {
				Const string `json:"const"`
			} `json:"properties"`
			Required []string `json:"required"`
		} `json:"oneOf"`
	}
	if err := json.Unmarshal(EventsSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for i, o := range schema.OneOf {
		of[o.Properties["type"].Const] = i
	}
	now := friday.UTC()
	events := []Event{warehouse().Heartbeat(), Failed(now, "r", fault.Fault{Kind: fault.Data, Code: "x", Text: "y"}), Found(now, Finding{Severity: "warns"})}
	for _, b := range bodies {
		if b.Name == "progress" || b.Name == unit.DoctorFinding {
			continue // made above; not in the journal
		}
		events = append(events, Tell("r", unit.Event{Kind: b.Name, At: now, Unit: "a/data/b/1", Body: json.RawMessage(`{}`)}))
	}
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		i, ok := of[e.Type]
		if !ok {
			t.Errorf("%s is not in the schema", e.Type)
			continue
		}
		for _, name := range schema.OneOf[i].Required {
			if _, ok := fields[name]; !ok {
				t.Errorf("%s lacks %s: %s", e.Type, name, line)
			}
		}
		for name := range fields {
			if _, ok := schema.OneOf[i].Properties[name]; !ok {
				t.Errorf("%s has %s, which the schema does not name", e.Type, name)
			}
		}
	}
}

// Folded kinds and lasting ones alike are told in words.
func TestTellKnowsTheJournal(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		unit.RunPaused:  `r run.paused by anna "backup"`,
		unit.UnitUndone: "b 1 is done again: backup",
	} {
		got := Tell("r", unit.Event{Kind: kind, Unit: "a/data/b/1", Actor: "anna", Reason: "backup"}).Text
		if got != strings.ReplaceAll(want, "run.", "") {
			t.Errorf("%s: %q", kind, got)
		}
	}
}
