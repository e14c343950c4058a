package newsys

import (
	"fmt"
	"net"
	"net/http"
	"sort"
	"sync"
	"time"
)

// Arrival is one request, as it came.
type Arrival struct {
	At     time.Duration // since the system's start, by the monotonic clock
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
}

// noted notes a request before anything else is done with it.
func (l *log) noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := time.Since(l.began)
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
	if state == http.StateNew {
		l.mu.Lock()
		l.connections++
		l.mu.Unlock()
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
	s.log.arrivals, s.log.most, s.log.connections = nil, s.log.under, 0
}

// Verdict is what the requests so far come to.
type Verdict struct {
	Requests    int
	Writes      int      // of them that would change something
	Duplicates  []string // external ids of which there are several
	Disorder    []string // what came behind a later one of its project
	Unfinished  []string // assignments with fewer annotations than they said
	Changed     []string // settings that are not as they were
	Busiest     int      // requests in the busiest second, wherever it begins
	Mean        float64  // requests a second, from the first to the last
	Concurrency int      // requests at the same time, at most
	Connections int      // opened
}

// Verdict judges.
func (s *System) Verdict() Verdict {
	list := s.Arrivals()
	v := Verdict{Requests: len(list), Busiest: busiest(list)}
	for _, a := range list {
		if a.Method != http.MethodGet && a.Method != http.MethodHead {
			v.Writes++
		}
	}
	if n := len(list); n > 1 && list[n-1].At > list[0].At {
		v.Mean = float64(n-1) / (list[n-1].At - list[0].At).Seconds()
	}
	s.log.mu.Lock()
	v.Concurrency, v.Connections = s.log.most, s.log.connections
	s.log.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	v.Disorder = append(v.Disorder, s.store.disorder...)
	seen := map[string]int{}
	for _, t := range s.store.assignments {
		id := fmt.Sprint(t.body["externalId"])
		if seen[id]++; seen[id] == 2 {
			v.Duplicates = append(v.Duplicates, id)
		}
		if want, ok := t.body["notes"].(float64); ok && float64(len(t.notes)) < want {
			v.Unfinished = append(v.Unfinished, id)
		}
	}
	for place, now := range s.store.configuration() {
		if s.store.initial[place] != now {
			v.Changed = append(v.Changed, place)
		}
	}
	sort.Strings(v.Changed)
	return v
}

func busiest(list []Arrival) int {
	most, first := 0, 0
	for i, a := range list {
		for a.At-list[first].At >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
