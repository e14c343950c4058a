package newsys

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func start(t *testing.T, o Options) *System {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// got is an answer, or what became of the request.
type got struct {
	status int
	header http.Header
	text   string
	body   Object
	err    error
}

func (s *System) send(t *testing.T, method, path, body string, header ...string) got {
	t.Helper()
	url := path
	if !strings.HasPrefix(path, "http") {
		url = s.URL() + path
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.Close = true // else the client tries again by itself on a connection that was reset
	c := *s.server.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := c.Do(r)
	if err != nil {
		return got{err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	g := got{status: res.StatusCode, header: res.Header, text: string(b), err: err}
	_ = json.Unmarshal(b, &g.body) // not every answer is JSON
	return g
}

func (g got) list(t *testing.T) []any {
	t.Helper()
	list, ok := g.body["results"].([]any)
	if !ok {
		t.Fatalf("no list: %d %s %v", g.status, g.text, g.err)
	}
	return list
}

func wantStatus(t *testing.T, g got, status int) got {
	t.Helper()
	if g.status != status {
		t.Fatalf("status %d (%v), want %d: %.200s", g.status, g.err, status, g.text)
	}
	return g
}

func TestObjects(t *testing.T) {
	t.Parallel()
	s := start(t, Options{MaxBody: 2000})
	create := func(id string, seq int) got {
		return s.send(t, "POST", "/assignments", fmt.Sprintf(`{"externalId":%q,"projectId":"P","seq":%d,"title":"t","notes":1}`, id, seq))
	}
	one := wantStatus(t, create("a", 1), 201)
	if one.header.Get("Location") != "/assignments/1" || one.body["id"] != "1" {
		t.Errorf("%v %v", one.header, one.body)
	}
	wantStatus(t, create("c", 3), 201)
	wantStatus(t, create("b", 2), 201)
	wantStatus(t, create("a", 4), 201)
	wantStatus(t, s.send(t, "POST", "/assignments", `{"title":" "}`), 422)
	wantStatus(t, s.send(t, "POST", "/assignments", `[]`), 400)
	wantStatus(t, s.send(t, "POST", "/assignments", `{"title":"`+strings.Repeat("x", 3000)+`"}`), 413)
	wantStatus(t, s.send(t, "POST", "/assignments/1/annotations", `{"text":"n"}`), 201)
	if n := len(s.send(t, "GET", "/assignments/1/annotations", "").list(t)); n != 1 {
		t.Errorf("%d annotations", n)
	}
	wantStatus(t, s.send(t, "PUT", "/assignments/1", `{"externalId":"a","title":"u"}`), 200)
	if g := s.send(t, "GET", "/assignments/1", ""); g.body["title"] != "u" || g.body["id"] != "1" {
		t.Errorf("%v", g.body)
	}
	v := s.Verdict()
	if !slices.Equal(v.Duplicates, []string{"a"}) || len(v.Disorder) != 1 || !slices.Equal(v.Unfinished, []string{"c", "b", "a"}) || v.Writes != 9 {
		t.Errorf("%+v", v)
	}
	wantStatus(t, s.send(t, "DELETE", "/assignments/1", ""), 204)
	for _, path := range []string{"/assignments/1", "/assignments/1/annotations", "/nothing", "/jobs/9", "/settings/none", "/workflows/9"} {
		wantStatus(t, s.send(t, "GET", path, ""), 404)
	}
	if g := s.send(t, "GET", "/workstations", ""); g.header.Get("X-Total-Count") != "4" || !strings.HasPrefix(g.text, `[{"code":"AMS"`) {
		t.Errorf("%s", g.text)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.Fill(1)
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	meta, err1 := m.CreateFormField("meta")
	_, err2 := meta.Write([]byte(`{"name":"plan.pdf"}`))
	file, err3 := m.CreateFormFile("file", "plan.pdf")
	_, err4 := file.Write([]byte("abc"))
	if err := errors.Join(err1, err2, err3, err4, m.Close()); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, s.send(t, "POST", "/assignments/1/documents", b.String(), "Content-Type", m.FormDataContentType()), 201)
	wantStatus(t, s.send(t, "POST", "/assignments/1/documents", "{}"), 400)
	list := s.send(t, "GET", "/assignments/1/documents", "").list(t)
	if d := list[0].(Object); len(list) != 1 || d["name"] != "plan.pdf" || d["sha256"] != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("%v", list)
	}
}

func TestJobsAndSettings(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Jobs: 200 * time.Millisecond})
	g := wantStatus(t, s.send(t, "POST", "/planboards", `{"externalId":"p"}`), 202)
	open := func() int { return len(s.send(t, "GET", "/jobs?kind=planboard&state=open", "").list(t)) }
	if open() != 1 || s.send(t, "GET", g.header.Get("Location"), "").body["state"] != "open" || len(s.send(t, "GET", "/planboards", "").list(t)) != 0 {
		t.Error("the job is over, or the planboard is there before it is")
	}
	for deadline := time.Now().Add(time.Minute); open() > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the job does not end")
		}
	}
	if len(s.send(t, "GET", "/planboards", "").list(t)) != 1 {
		t.Error("there is no planboard")
	}
	before := s.send(t, "GET", "/settings/mail", "").text
	wantStatus(t, s.send(t, "PUT", "/settings/mail", `{"sending":false}`), 200)
	wantStatus(t, s.send(t, "PUT", "/workflows/2", `{"name":"x","active":false}`), 200)
	wantStatus(t, s.send(t, "POST", "/workflows/2", `{}`), 405)
	if v := s.Verdict(); !slices.Equal(v.Changed, []string{"/settings/mail", "/workflows/2"}) {
		t.Errorf("%v", v.Changed)
	}
	wantStatus(t, s.send(t, "PUT", "/settings/mail", before), 200)
	if v := s.Verdict(); !slices.Equal(v.Changed, []string{"/workflows/2"}) {
		t.Errorf("%v", v.Changed)
	}
}

// Every way of paging gives every object once.
func TestPaging(t *testing.T) {
	t.Parallel()
	s := start(t, Options{MaxSize: 40})
	s.Fill(105)
	for name, next := range map[string]func(g got, n, so int) string{
		"page":   func(_ got, n, _ int) string { return fmt.Sprintf("/assignments?page=%d&size=20", n+1) },
		"matrix": func(_ got, n, _ int) string { return fmt.Sprintf("/assignments;page=%d;size=20", n+1) },
		"capped": func(_ got, n, _ int) string { return fmt.Sprintf("/assignments?page=%d&size=500", n+1) },
		"offset": func(_ got, _, so int) string { return fmt.Sprintf("/assignments?offset=%d&limit=30", so) },
		"cursor": func(g got, _, _ int) string { return fmt.Sprintf("/assignments?size=25&cursor=%v", g.body["next"]) },
		"link": func(g got, _, _ int) string {
			link, _, _ := strings.Cut(g.header.Get("Link"), ">")
			return strings.TrimPrefix(link, "<")
		},
	} {
		t.Run(name, func(t *testing.T) {
			seen := map[any]bool{}
			g := s.send(t, "GET", "/assignments?size=25", "")
			if name != "cursor" && name != "link" {
				g = s.send(t, "GET", next(got{}, 0, 0), "")
			}
			for n := 1; len(seen) < 105 && n < 10; n++ {
				for _, o := range g.list(t) {
					if id := o.(Object)["externalId"]; seen[id] {
						t.Fatalf("%v twice", id)
					} else {
						seen[id] = true
					}
				}
				if g.body["total"] != 105.0 {
					t.Fatalf("total %v", g.body["total"])
				}
				if len(seen) < 105 {
					g = s.send(t, "GET", next(g, n, len(seen)), "")
				}
			}
			if len(seen) != 105 {
				t.Errorf("%d objects", len(seen))
			}
		})
	}
	if n := len(s.send(t, "GET", "/assignments?projectId=P-03&status=open", "").list(t)); n != 2 {
		t.Errorf("%d are as the condition wants", n)
	}
	wantStatus(t, s.send(t, "GET", "/assignments?page=x", ""), 400)
	wantStatus(t, s.send(t, "GET", "/assignments?cursor=x", ""), 400)
}

// TestOthers: objects of other kinds, and what is there twice of any kind.
func TestOthers(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.Fill(1)
	for _, c := range []struct {
		path, body string
	}{
		{"/projects", `{"externalId":"P","name":"one"}`}, {"/projects", `{"externalId":"P"}`}, {"/resources", `{"externalId":1080401}`}, {"/planboards", `{"externalId":"B"}`}, {"/planboards", `{"externalId":"B"}`},
		{"/assignments/1/annotations", `{"externalId":7}`}, {"/assignments/1/annotations", `{"externalId":7}`}, {"/assignments/1/annotations", `{"text":"x"}`}, {"/assignments/1/annotations", `{"text":"x"}`},
	} {
		if g := s.send(t, "POST", c.path, c.body); g.status != 201 && g.status != 202 {
			t.Errorf("%s: %d %s", c.path, g.status, g.text)
		}
	}
	wantStatus(t, s.send(t, "PUT", "/projects/2", `{"externalId":"P","name":"two"}`), 200)
	if g := s.send(t, "GET", "/projects/2", ""); g.body["name"] != "two" || g.body["id"] != "2" {
		t.Errorf("%v", g.body)
	}
	wantStatus(t, s.send(t, "GET", "/projects/99", ""), 404)
	wantStatus(t, s.send(t, "DELETE", "/projects", ""), 405)
	if n := len(s.send(t, "GET", "/resources?externalId=1080401", "").list(t)); n != 1 {
		t.Errorf("%d are found by a number", n)
	}
	if v := s.Verdict(); !slices.Equal(v.Duplicates, []string{"planboards/B", "projects/P", "A-000001/annotations/7"}) {
		t.Errorf("%q", v.Duplicates)
	}
}

// TestInspection: what is said over HTTP is what the methods say, and no arrival.
func TestInspection(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.Fill(2)
	look := httptest.NewServer(s.Inspection())
	defer look.Close()
	wantStatus(t, s.send(t, "PUT", "/settings/mail", `{"sending":false}`), 200)
	var v Verdict
	if err := json.Unmarshal([]byte(s.send(t, "GET", look.URL+"/verdict", "").text), &v); err != nil || !reflect.DeepEqual(v, s.Verdict()) || v.Writes != 1 || v.Settings != 1 || len(v.Changed) != 1 || v.Open != 1 {
		t.Errorf("%v %+v", err, v)
	}
	if g := s.send(t, "GET", look.URL+"/objects", ""); len(g.body["assignments"].([]any)) != 2 {
		t.Errorf("%s", g.text)
	}
	wantStatus(t, s.send(t, "POST", look.URL+"/forget", ""), 204)
	if v := s.Verdict(); v.Requests != 0 {
		t.Errorf("%+v", v)
	}
}

func TestUnseen(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Unseen: time.Hour})
	s.Fill(1)
	wantStatus(t, s.send(t, "POST", "/assignments", `{"externalId":"new","title":"t"}`), 201)
	if n := len(s.send(t, "GET", "/assignments?externalId=new", "").list(t)); n != 0 {
		t.Error("a look-up sees what was just made")
	}
	wantStatus(t, s.send(t, "GET", "/assignments/2", ""), 200)
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	for range 3 {
		if g := s.send(t, "POST", "/assignments", `{"title":"t"}`, "Idempotency-Key", "k"); g.status != 201 || g.body["id"] != "1" {
			t.Errorf("%d %s", g.status, g.text)
		}
	}
	if n := len(s.Assignments()); n != 1 {
		t.Errorf("%d were made", n)
	}
}

func TestLogins(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Login: Login{User: "u", Password: "p", Header: map[string]string{"X-Key": "h"}, Query: map[string]string{"key": "q"}}})
	basic := "Basic dTpw"
	wantStatus(t, s.send(t, "GET", "/jobs?key=q", "", "Authorization", basic, "X-Key", "h"), 200)
	for _, c := range [][]string{{"/jobs?key=q", "Authorization", "Basic dTpx", "X-Key", "h"}, {"/jobs?key=q", "Authorization", basic}, {"/jobs", "Authorization", basic, "X-Key", "h"}} {
		wantStatus(t, s.send(t, "GET", c[0], "", c[1:]...), 401)
	}
	s = start(t, Options{Login: Login{Bearer: "b"}, TLS: true})
	wantStatus(t, s.send(t, "GET", "/jobs", "", "Authorization", "Bearer b"), 200)
	wantStatus(t, s.send(t, "GET", "/jobs", ""), 401)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.Authority()) {
		t.Fatal("there is no authority")
	}
	c := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	res, err := c.Get(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// Every fault is met by those that it is for, as often as it says.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Seed: 7})
	s.Fill(10)
	get := func() got { return s.send(t, "GET", "/assignments", "") }
	for name, c := range map[string]struct {
		do   Effect
		want func(g got) bool
	}{
		"throttle":    {Throttle(3 * time.Second), func(g got) bool { return g.status == 429 && g.header.Get("Retry-After") == "3" }},
		"unavailable": {Unavailable(-1), func(g got) bool { return g.status == 503 && g.header.Get("Retry-After") == "" }},
		"ok error":    {OKError(), func(g got) bool { return g.status == 200 && g.body["error"] != nil }},
		"html":        {HTML(502), func(g got) bool { return g.status == 502 && strings.Contains(g.text, "<h1>") }},
		"redirect":    {Redirect(302, "http://other.example/"), func(g got) bool { return g.status == 302 }},
		"late":        {Late(10 * time.Millisecond), func(g got) bool { return g.status == 200 && len(g.list(t)) == 10 }},
		"slow":        {Slow(time.Millisecond), func(g got) bool { return g.status == 200 && len(g.list(t)) == 10 }},
		"cut":         {Cut(), func(g got) bool { return g.err != nil && g.status == 0 }},
		"short":       {Short(5), func(g got) bool { return errors.Is(g.err, io.ErrUnexpectedEOF) }},
		"long":        {Long(5), func(g got) bool { return g.err == nil && g.body == nil }},
		"truncated":   {Truncated(5), func(g got) bool { return g.err == nil && g.body == nil }},
		"endless":     {Endless(), func(g got) bool { return len(g.text) == 4<<20 }},
		"alter":       {Alter(func(o Object) { o["total"] = 11 }), func(g got) bool { return g.body["total"] == 11.0 && len(g.list(t)) == 10 }},
		"says":        {Says(418, "text/plain", "tea"), func(g got) bool { return g.status == 418 && g.text == "tea" }},
	} {
		mend := s.Break(Fault{Method: "GET", Path: "/assignments", Skip: 1, Count: 1, Do: c.do})
		wantStatus(t, get(), 200)
		if g := get(); !c.want(g) {
			t.Errorf("%s: %d %v %.100s", name, g.status, g.err, g.text)
		}
		wantStatus(t, get(), 200)
		mend()
	}
	mend := s.Break(Fault{Method: "POST", Path: "/assignments", Do: CutAfter()})
	if g := s.send(t, "POST", "/assignments", `{"externalId":"cut","title":"t"}`); g.err == nil || len(s.Assignments()) != 11 {
		t.Errorf("%v, %d assignments: it was not made, or answered", g.err, len(s.Assignments()))
	}
	mend()
	defer s.Break(Fault{Path: "/settings/*", Share: 0.3, Do: Cut()})()
	cut := 0
	for range 100 {
		if s.send(t, "GET", "/settings/mail", "").err != nil {
			cut++
		}
	}
	if cut < 15 || cut > 45 {
		t.Errorf("%d of 100 at a share of 30 %%", cut)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Latency: [2]time.Duration{100 * time.Millisecond, 200 * time.Millisecond}})
	var running sync.WaitGroup
	for range 6 {
		running.Go(func() { wantStatus(t, s.send(t, "GET", "/jobs", ""), 200) })
	}
	running.Wait()
	list := s.Arrivals()
	if v := s.Verdict(); v.Requests != 6 || v.Concurrency < 2 || v.Connections < 2 || v.Connections > 6 || v.Busiest < 2 || v.Mean <= 0 || v.Writes != 0 {
		t.Errorf("%+v", v)
	}
	for i, a := range list {
		if a.Status != 200 || a.Path != "/jobs" || a.Took < 100*time.Millisecond || i > 0 && a.At < list[i-1].At {
			t.Errorf("%+v", a)
		}
	}
	if got := busiest([]Arrival{{At: 0}, {At: 900 * time.Millisecond}, {At: 999 * time.Millisecond}, {At: time.Second}, {At: 1899 * time.Millisecond}}); got != 4 {
		t.Errorf("%d in the busiest second", got)
	}
	s.Forget()
	if v := s.Verdict(); v.Requests != 0 || v.Connections != 0 {
		t.Errorf("%+v", v)
	}
}
