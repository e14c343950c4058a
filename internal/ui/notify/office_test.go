package notify

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/control/run/sight"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// desk of a run with a dead letter, whose receiver answers as it is told to.
func staffed(t *testing.T, answer http.HandlerFunc) (*Office, func() []unit.Alarm) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	var mu sync.Mutex
	var told []unit.Alarm
	set := alarm.Set{Alarms: []alarm.Alarm{{When: []alarm.Condition{{Event: alarm.DeadFirst}}, To: alarm.Receiver{Webhook: &alarm.Webhook{URL: server.URL}}}}}
	o := New(set, Run{
		Name: "shop-1",
		Look: func(ctx context.Context, _ int64, _ []string) (sight.Seen, error) {
			return sight.Seen{At: time.Now(), Total: record.Account{Read: 1, Dead: 1}}, ctx.Err()
		},
		Dead: func(context.Context) (string, string) { return "shop-1", "" },
		Tell: func(_ context.Context, a unit.Alarm) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, a)
		},
	})
	return o, func() []unit.Alarm {
		mu.Lock()
		defer mu.Unlock()
		return told
	}
}

func say(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// A run that was not gone on with has nothing to tell, whatever was seen of it.
func TestOfficeOfARefusedRun(t *testing.T) {
	o, told := staffed(t, say(200))
	ended := make(chan End)
	close(ended)
	o.Run(t.Context(), ended)
	if got := told(); len(got) != 0 {
		t.Errorf("told: %v", got)
	}
}

// What cannot be delivered is written down, once, also when the command is cut.
func TestOfficeWritesDown(t *testing.T) {
	for name, c := range map[string]struct {
		code int
		cut  bool
		why  string
	}{
		"no":      {404, false, "answered 404 [alarm.refused]"},
		"in time": {200, false, ""},
		"cut":     {200, true, "interrupted [run.cancelled]"},
	} {
		o, told := staffed(t, say(c.code))
		ctx, cut := context.WithCancel(t.Context())
		if c.cut {
			cut()
		}
		ended := make(chan End, 1)
		ended <- End{Outcome: "stopped", Exit: 5}
		o.Run(ctx, ended)
		cut()
		if got := told(); len(got) != 1 || got[0].Why != c.why || got[0].Delivered != (c.why == "") || got[0].Tries != 1 {
			t.Errorf("%s: told %+v", name, got)
		}
	}
}

// A receiver that takes its time holds up neither the looks nor the end for long:
// what it does not take in ten seconds is given up.
func TestOfficeDoesNotWait(t *testing.T) {
	if os.Getenv("GODWIT_SLOW") == "" {
		t.Skip("set GODWIT_SLOW=1")
	}
	t.Parallel()
	hold := make(chan struct{})
	o, told := staffed(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(hold) })
	ended := make(chan End, 1)
	ended <- End{Outcome: "done"}
	began := time.Now()
	o.Run(t.Context(), ended)
	if took := time.Since(began); took > grace+5*time.Second {
		t.Errorf("it took %s", took)
	}
	if got := told(); len(got) != 1 || got[0].Delivered || got[0].Why != "no answer in time [alarm.unreached]" {
		t.Errorf("told %+v", got)
	}
}
