package newsys

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Throttle answers 429. A negative after says no time.
func Throttle(after time.Duration) Effect { return later(http.StatusTooManyRequests, after) }

// Unavailable answers 503. A negative after says no time.
func Unavailable(after time.Duration) Effect { return later(http.StatusServiceUnavailable, after) }

func later(status int, after time.Duration) Effect {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if after >= 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
		}
		refuse(w, status, "come again")
	}
}

// Says answers with a status, a type and a body of the test's choice.
func Says(status int, kind, body string) Effect {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// OKError answers 200 with an error in the body, and does nothing.
func OKError() Effect {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		refuse(w, http.StatusOK, "that did not work")
	}
}

// HTML answers as a server before the API does that cannot reach it.
func HTML(status int) Effect {
	return Says(status, "text/html; charset=utf-8", fmt.Sprintf(`<!DOCTYPE html><html><head><title>%d</title><style>body { color: red }</style>
<script>alert("gateway")</script></head><body><h1>Bad &amp; broken gateway</h1><p>The upstream server<br>is <b>not</b> there.</p></body></html>`, status))
}

// Redirect sends the client elsewhere.
func Redirect(status int, to string) Effect {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

// Late answers after a while. The body is read first: a server only notices that
// its client has gone when nothing of the request is left to read.
func Late(d time.Duration) Effect {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		b, _ := io.ReadAll(r.Body) // of one who has gone, what came
		r.Body = io.NopCloser(bytes.NewReader(b))
		pause(r.Context(), d)
		next.ServeHTTP(w, r)
	}
}

// Slow sends the body in ten pieces, with a pause before each.
func Slow(d time.Duration) Effect {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := answered(r, next)
		b := rec.Body.Bytes()
		rec.Body = &bytes.Buffer{}
		replay(w, rec)
		for n := len(b)/10 + 1; len(b) > 0 && r.Context().Err() == nil; b = b[min(n, len(b)):] {
			_ = http.NewResponseController(w).Flush()
			pause(r.Context(), d)
			_, _ = w.Write(b[:min(n, len(b))])
		}
	}
}

// Cut resets the connection instead of answering; nothing was done.
func Cut() Effect {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { reset(w, nil) }
}

// CutAfter resets the connection when everything was done.
func CutAfter() Effect {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answered(r, next)
		reset(w, nil)
	}
}

// Short says that the body is longer than it is, by so many bytes.
func Short(by int) Effect { return length(by) }

// Long says that the body is shorter than it is, by so many bytes.
func Long(by int) Effect { return length(-by) }

func length(more int) Effect {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := answered(r, next)
		reset(w, fmt.Appendf(nil, "HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			rec.Code, max(0, rec.Body.Len()+more), rec.Body))
	}
}

// reset sends bytes as they are and ends the connection; without any it is
// reset, so that the client cannot take it for an end.
func reset(w http.ResponseWriter, send []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	if send != nil {
		_, _ = conn.Write(send)
		return
	}
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0)
	}
}

// Truncated leaves the last bytes out, and says nothing of it.
func Truncated(by int) Effect {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := answered(r, next)
		rec.Body.Truncate(max(0, rec.Body.Len()-by))
		rec.Header().Del("Content-Length")
		replay(w, rec)
	}
}

// Endless begins as a list and never ends.
func Endless() Effect {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write([]byte(`{"results":[{"text":"`))
		for more := bytes.Repeat([]byte("endless "), 1<<16); err == nil && r.Context().Err() == nil; {
			_, err = w.Write(more)
		}
	}
}

// Alter changes a JSON answer.
func Alter(how func(Object)) Effect {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := answered(r, next)
		var o Object
		d := json.NewDecoder(rec.Body)
		d.UseNumber()
		if err := d.Decode(&o); err != nil {
			replay(w, rec)
			return
		}
		how(o)
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		answer(w, rec.Code, o)
	}
}
