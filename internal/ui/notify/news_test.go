package notify

import (
	"strings"
	"testing"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/control/run/sight"
	"godwit/internal/fault"
	"godwit/internal/ui/notify/message"
	"godwit/internal/unit"
)

func ended(run string, seq int64, outcome string, exit int) sight.Event {
	return sight.Event{Run: run, Event: unit.Event{Seq: seq, At: start, Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: outcome, Exit: exit})}}
}

// TestNews: which ends are failures, whose they are, and what is said of them.
func TestNews(t *testing.T) {
	lost := &fault.Fault{Kind: fault.Unavailable, Code: "disk.full", Text: "the ledger's disk is full"}
	for name, c := range map[string]struct {
		events []sight.Event
		end    *End
		want   string
	}{
		"done":              {[]sight.Event{ended("all-1", 9, "done", 3)}, &End{Outcome: "done", Exit: 3}, "run.left all-1 done, exit 3; run.finished all-1 done, exit 3"},
		"cancelled":         {[]sight.Event{ended("all-1", 9, "cancelled", 1)}, &End{Outcome: "cancelled", Exit: 1}, "run.finished all-1 cancelled, exit 1"},
		"failed":            {[]sight.Event{ended("all-1", 9, "failed", 4)}, &End{Outcome: "failed", Exit: 4}, "run.failed all-1 failed, exit 4; run.finished all-1 failed, exit 4"},
		"out of reach":      {[]sight.Event{ended("all-1", 9, "stopped", 5)}, &End{Outcome: "stopped", Exit: 5}, "run.failed all-1 stopped, exit 5; run.finished all-1 stopped, exit 5"},
		"a called one":      {[]sight.Event{ended("project-1", 9, "failed", 1)}, nil, "run.failed project-1 failed, exit 1"},
		"a called one ends": {[]sight.Event{ended("project-1", 9, "done", 0)}, nil, ""},
		"broke off":         {nil, &End{Outcome: "stopped", Exit: 5, Fault: lost}, "run.failed all-1 broke off, exit 5: the ledger's disk is full [disk.full]"},
		"interrupted":       {nil, &End{Outcome: "stopped", Exit: 5}, ""},
		"did not close": {[]sight.Event{ended("all-1", 9, "done", 0)}, &End{Outcome: "done", Exit: 1, Fault: &fault.Fault{Code: "account.open", Text: "the accounts do not close"}},
			"run.finished all-1 done, exit 0; run.failed all-1 broke off, exit 1: the accounts do not close [account.open]"},
	} {
		o := New(alarm.Set{}, Run{Name: "all-1"})
		var got []string
		for _, e := range o.news(sight.Seen{At: start, Events: c.events}, c.end) {
			got = append(got, strings.Join([]string{e.Event, e.Run, e.Text}, " "))
		}
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
}

// TestMail: a mail that its readers can read, whatever stands in it.
func TestMailForm(t *testing.T) {
	m := message.Message{ID: "1", Run: "shop-1", Env: "prüf", At: start, Events: []message.Event{{Event: "run.failed", Count: 2, Last: start, Run: "shop-1", Text: "Zeile\r\nBcc: x@example.com"}}}
	text := string(m.Mail("a@example.com", "b@example.com", "", &message.Attachment{Name: "r ü.html", Type: "text/html", Content: []byte(strings.Repeat("x", 200))}))
	head, _, _ := strings.Cut(text, "\r\n\r\n")
	if strings.Contains(head, "Bcc") || !strings.Contains(head, "Subject: =?utf-8?q?") || !strings.Contains(head, "Message-ID: <1@example.com>") {
		t.Errorf("the head is %s", head)
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 200 {
			t.Errorf("a line of %d characters", len(line))
		}
	}
}
