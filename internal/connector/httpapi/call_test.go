package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/rig/newsys"
)

func create(title string) connector.Request {
	return connector.Request{Method: "POST", Path: "/assignments", Body: record.Object{"externalId": "A-1", "projectId": "P 1", "seq": int64(1), "title": title}}
}

func caller(t *testing.T, s *newsys.System, how func(*Settings)) *Endpoint {
	t.Helper()
	set := settings(t, s)
	set.Timeout = 2 * time.Second
	if how != nil {
		how(set)
	}
	return endpoint(t, set)
}

func TestCall(t *testing.T) {
	t.Parallel()
	s := system(t, 0, newsys.Options{})
	e := caller(t, s, nil)
	a, err := e.Call(t.Context(), create("Lay fibre"))
	if err != nil || a.Status != 201 {
		t.Fatal(a, err)
	}
	id, _ := a.Body.(record.Object)["id"].(string)
	if a.Headers["location"] != "/assignments/"+id || id == "" {
		t.Fatalf("%+v", a)
	}
	found, err := e.Call(t.Context(), connector.Request{Method: "GET", Path: "/assignments", Params: map[string][]string{"projectId": {"P 1"}}, ParamsAs: "matrix", Body: record.Missing})
	if err != nil || found.Body.(record.Object)["total"] != int64(1) {
		t.Fatal(found, err)
	}
	file := connector.Request{Method: "POST", Path: "/assignments/" + id + "/documents", Parts: []connector.RequestPart{
		{Name: "meta", JSON: record.Object{"name": "plan"}},
		{Name: "file", File: `a"b.pdf`, Type: "application/pdf", Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(strings.Repeat("x", 1<<20))), nil
		}},
	}}
	up, err := e.Call(t.Context(), file)
	if err != nil || up.Body.(record.Object)["bytes"] != int64(1<<20) {
		t.Fatal(up, err)
	}
	file.Parts[1].Open = func(context.Context) (io.ReadCloser, error) {
		return nil, fault.New(fault.Config, "object.gone", "it is gone")
	}
	if _, err := e.Call(t.Context(), file); err == nil || fault.CodeOf(err) != "object.gone" {
		t.Errorf("%v, %s", err, fault.CodeOf(err))
	}
	gone, err := e.Call(t.Context(), connector.Request{Method: "DELETE", Path: "/assignments/" + id, Body: record.Missing})
	if err != nil || gone.Status != 204 || gone.Body != nil {
		t.Fatal(gone, err)
	}
}

// What may have taken effect is in doubt, nothing else is.
func TestDoubt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do    newsys.Effect
		doubt bool
		code  string
	}{
		"cut before":      {newsys.Cut(), true, "http.unreachable"}, // nobody can tell
		"cut after":       {newsys.CutAfter(), true, "http.unreachable"},
		"late":            {newsys.Late(time.Minute), true, "http.timeout"},
		"short":           {newsys.Short(10), true, "http.cut"},
		"gateway":         {newsys.HTML(502), true, "http.unavailable"},
		"broken":          {newsys.Says(500, "", ""), true, "http.unavailable"},
		"away":            {newsys.Unavailable(-1), false, "http.unavailable"},
		"throttled":       {newsys.Throttle(time.Second), false, "http.throttled"},
		"refused":         {newsys.Says(422, "", `{"error":"no"}`), false, "http.refused"},
		"error in 200":    {newsys.OKError(), false, "http.refused"},
		"sends elsewhere": {newsys.Redirect(307, "/planboards"), false, "http.redirect"},
		"denied":          {newsys.Says(403, "", ""), false, "http.denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := system(t, 0, newsys.Options{})
			s.Break(newsys.Fault{Method: "POST", Do: c.do})
			e := caller(t, s, func(set *Settings) {
				set.Timeout, set.Success = time.Second, "status in 200..299 and body?.error == nil"
			})
			_, err := e.Call(t.Context(), create("x"))
			var d *connector.DoubtError
			if errors.As(err, &d) != c.doubt || fault.CodeOf(err) != c.code {
				t.Errorf("%v (%s), doubt %v; want %s, %v", err, fault.CodeOf(err), !c.doubt, c.code, c.doubt)
			}
		})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	e, err := Open("target", &Settings{URL: nobody, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	_, err = e.Call(t.Context(), create("x"))
	var d *connector.DoubtError
	if errors.As(err, &d) || fault.CodeOf(err) != "http.unreachable" {
		t.Errorf("nothing was sent: %v", err)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	s := system(t, 3, newsys.Options{})
	defer s.Break(newsys.Fault{Do: newsys.Says(200, "", `{"error": {"code": 7, "text": "the project is closed"}}`)})()
	e := caller(t, s, func(set *Settings) {
		set.Success, set.Error = "status in 200..299 and body?.error == nil", `string(body.error.code) + ": " + body.error.text`
	})
	_, err := e.Call(t.Context(), create("x"))
	if err == nil || !strings.Contains(err.Error(), "POST /assignments: 200 OK, and it is no success: 7: the project is closed") {
		t.Error(err)
	}
	if _, _, _, err := read(t, e, assignments); err == nil || !strings.Contains(err.Error(), "7: the project is closed") {
		t.Errorf("lists are not asked: %v", err)
	}
	own := create("x")
	own.Success = "body.error.code == 7"
	if _, err := e.Call(t.Context(), own); err != nil {
		t.Error(err)
	}
	own.Success = "body.error.code >"
	if _, err := e.Call(t.Context(), own); fault.KindOf(err) != fault.Config {
		t.Error(err)
	}
	if _, err := Open("target", &Settings{URL: s.URL(), Success: "stat == 200"}); err == nil || !strings.Contains(err.Error(), `connection "target": success 1:1: there is no stat`) {
		t.Error(err)
	}
}

// TestPacked: an answer may come packed, since it is asked for so; one that is longer than it
// may be is that, however little of it came.
func TestPacked(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for range 65 << 4 {
		_, _ = z.Write(bytes.Repeat([]byte(" "), 64<<10))
	}
	z.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		switch r.URL.Path {
		case "/bomb":
			_, _ = w.Write(packed.Bytes())
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/broken":
			_, _ = io.WriteString(w, "{}")
		default:
			w.Header().Set("Content-Encoding", "GZIP") // case says nothing
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, `{"asked":"`+r.Header.Get("Accept-Encoding")+`"}`)
			z.Close()
		}
	}))
	t.Cleanup(s.Close)
	e, err := Open("target", &Settings{URL: s.URL, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for path, want := range map[string]string{"/": "", "/none": "", "/bomb": "http.answer", "/broken": "http.cut"} {
		a, err := e.Call(t.Context(), connector.Request{Method: "GET", Path: path, Body: record.Missing})
		if fault.CodeOf(err) != want && (err != nil || want != "") {
			t.Errorf("%s: %v", path, err)
		}
		if path == "/" && a.Body.(record.Object)["asked"] != "gzip" {
			t.Errorf("%+v", a)
		}
	}
}
