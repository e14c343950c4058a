package newsys

import (
	"net"
	"net/http"
	"sort"
	"sync"
	"time"
)

// Arrival is one request, as it came.
type Arrival struct {
	At     time.Duration // when it came in, since the system's start, by the monotonic clock
	Method string
	Path   string // with its parameters
	Status int    // 0: it got no answer
	Took   time.Duration
}

type log struct {
	began time.Time

	mu          sync.Mutex
	arrivals    []*Arrival
	under, most int
	connections int
	open, opens int // connections now, and at most
}

// noted notes a request before anything else is done with it.
func (l *log) noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := came(r.Context()).Sub(l.began)
		l.mu.Lock()
		a := &Arrival{At: at, Method: r.Method, Path: r.URL.RequestURI()}
		l.arrivals = append(l.arrivals, a)
		l.under++
		l.most = max(l.most, l.under)
		l.mu.Unlock()
		told := &status{ResponseWriter: w}
		defer func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.under--
			a.Status, a.Took = told.code, time.Since(l.began)-at
		}()
		next.ServeHTTP(told, r)
	})
}

// status notes how a request was answered.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets faults take the connection.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (l *log) connection(_ net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateNew:
		l.connections++
		l.open++
		l.opens = max(l.opens, l.open)
	case http.StateClosed, http.StateHijacked: // a fault takes it to end it
		l.open--
	}
}

// Arrivals are all requests so far, in the order in which they came.
func (s *System) Arrivals() []Arrival {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	list := make([]Arrival, 0, len(s.log.arrivals))
	for _, a := range s.log.arrivals {
		list = append(list, *a)
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].At < list[j].At })
	return list
}

// Forget begins the log anew. What the system holds stays.
func (s *System) Forget() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.arrivals, s.log.most, s.log.connections, s.log.opens = nil, s.log.under, 0, s.log.open
}
