package newsys

import (
	"crypto/subtle"
	"io"
	stdlog "log"
	"net/http"
)

// Login is what a request has to bring, all of what is set.
type Login struct {
	User, Password string            // basic
	Bearer         string            // token
	Header         map[string]string // by name
	Query          map[string]string // by name of the parameter
}

func (s *System) allowed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l := s.options.Login
		ok := true
		if l.User != "" {
			user, password, _ := r.BasicAuth()
			ok = same(user, l.User) && same(password, l.Password)
		}
		if l.Bearer != "" {
			ok = ok && same(r.Header.Get("Authorization"), "Bearer "+l.Bearer)
		}
		for name, want := range l.Header {
			ok = ok && same(r.Header.Get(name), want)
		}
		q := r.URL.Query()
		for name, want := range l.Query {
			ok = ok && same(q.Get(name), want)
			q.Del(name)
		}
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="newsys"`)
			refuse(w, http.StatusUnauthorized, "who are you?")
			return
		}
		r.URL.RawQuery = q.Encode()
		next.ServeHTTP(w, r)
	})
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// silent keeps the server's own words off a test's output: it is made to fail.
func silent() *stdlog.Logger { return stdlog.New(io.Discard, "", 0) }
