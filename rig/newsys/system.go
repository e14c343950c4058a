package newsys

import (
	"context"
	"encoding/pem"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Options of a system. The zero value is a well-behaved one without a login.
type Options struct {
	Listen string // HOST:PORT; "" is a free port on loopback
	TLS    bool   // by a certificate of its own, see Authority
	Login  Login
	// Latency is how long an answer takes, from and to, by the seed.
	Latency [2]time.Duration
	// Unseen is how long lists with a condition do not show what was made.
	Unseen  time.Duration
	Jobs    time.Duration // that a job takes
	MaxSize int           // of a page; 0 is 1,000
	Deepest int           // that lists are paged through; 0 is to their end
	MaxBody int64         // of a request; 0 is 16 MiB
	Seed    uint64
}

// System is a running one, safe for concurrent use.
type System struct {
	options Options
	server  *httptest.Server
	log     log

	mu     sync.Mutex
	random *rand.Rand
	faults []*fault
	store  store
	once   map[string]*httptest.ResponseRecorder // answers by idempotency key
}

// Start starts a system. It holds nothing yet, see Fill.
func Start(o Options) (*System, error) {
	if o.MaxSize == 0 {
		o.MaxSize = 1000
	}
	if o.MaxBody == 0 {
		o.MaxBody = 16 << 20
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	s := &System{options: o, random: rand.New(rand.NewPCG(o.Seed, 1)), store: newStore(), once: map[string]*httptest.ResponseRecorder{}}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", o.Listen)
	if err != nil {
		return nil, err
	}
	s.server = httptest.NewUnstartedServer(s.log.noted(matrix(s.idle(s.allowed(s.broken(s.remembered(s.routes())))))))
	s.server.Listener.Close()
	s.server.Listener = stamped{l}
	s.server.Config.ConnState = s.log.connection
	s.server.Config.ConnContext = withCame
	s.server.Config.ErrorLog = silent()
	s.log.began = time.Now()
	if o.TLS {
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	return s, nil
}

// URL is where it listens: http://127.0.0.1:PORT.
func (s *System) URL() string { return s.server.URL }

// Authority is the certificate that a client of a TLS system has to trust, as PEM.
func (s *System) Authority() []byte {
	c := s.server.Certificate()
	if c == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// Close ends it, with the requests under way. It may be called twice.
func (s *System) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// idle keeps an answer back as long as the latency wants.
func (s *System) idle(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, to := s.options.Latency[0], s.options.Latency[1]
		if to > 0 {
			s.mu.Lock()
			d := from + time.Duration(s.random.Int64N(int64(to-from)+1))
			s.mu.Unlock()
			pause(r.Context(), d)
		}
		next.ServeHTTP(w, r)
	})
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
