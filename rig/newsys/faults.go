package newsys

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
)

// Fault is a way to misbehave. The first one that a request meets counts.
type Fault struct {
	Method string  // "" is any
	Path   string  // a pattern as /assignments/*; "" is any
	Skip   int     // such requests that are left alone first
	Count  int     // such requests that are met then; 0 is all
	Share  float64 // of them that are met, by the seed; 0 is all
	Do     Effect
}

// Effect answers instead of the handler, or spoils what that answers.
type Effect func(w http.ResponseWriter, r *http.Request, next http.Handler)

type fault struct {
	Fault
	seen, met int
}

// Break adds a fault; mend takes it away again.
func (s *System) Break(f Fault) (mend func()) {
	if _, err := path.Match(f.Path, ""); err != nil {
		panic(fmt.Sprintf("%q is no pattern", f.Path))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	added := &fault{Fault: f}
	s.faults = append(s.faults, added)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(o *fault) bool { return o == added })
	}
}

// BreakFirst is Break for a fault that comes before all others.
func (s *System) BreakFirst(f Fault) (mend func()) {
	mend = s.Break(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.faults) - 1
	s.faults = slices.Concat(s.faults[last:], s.faults[:last])
	return mend
}

func (s *System) broken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.meets(r); f != nil {
			f.Do(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *System) meets(r *http.Request) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		fits, _ := path.Match(f.Path, r.URL.Path)
		if f.Method != "" && f.Method != r.Method || f.Path != "" && !fits {
			continue
		}
		if f.seen++; f.seen <= f.Skip || f.Count > 0 && f.met >= f.Count || f.Share > 0 && s.random.Float64() >= f.Share {
			continue
		}
		f.met++
		return f
	}
	return nil
}

// answered runs the handler and keeps its answer back.
func answered(r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	return rec
}

func replay(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()) // who has gone wants no answer
}
