package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/secret"
	"godwit/rig/newsys"

	"github.com/google/go-cmp/cmp"
)

func system(t testing.TB, n int, o newsys.Options) *newsys.System {
	t.Helper()
	s, err := newsys.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Fill(n)
	return s
}

func answerPath(t testing.TB, text string) Path {
	t.Helper()
	var p Path
	if err := p.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return p
}

// settings are those of an API as the flow's decoder fills them in.
func settings(t testing.TB, s *newsys.System) *Settings {
	t.Helper()
	return &Settings{URL: s.URL(), ParamsAs: "query", Timeout: 20 * time.Second, Limit: Limit{Concurrency: 4}, Pages: Pages{
		By: byPage, Size: 20, Names: Names{"page", "offset", "size", "cursor"}, Items: answerPath(t, "body.results"), Total: answerPath(t, "body.total"),
	}}
}

func endpoint(t testing.TB, s *Settings) *Endpoint {
	t.Helper()
	e, err := Open("api", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	e.wait = time.Millisecond
	return e
}

var assignments = connector.Query{Request: "GET /assignments", Key: []string{"externalId"}}

// read gives all records as text, with the places behind pages.
func read(t testing.TB, e *Endpoint, q connector.Query) (all []string, places [][]byte, counts []int, err error) {
	t.Helper()
	r, err := e.ReadRecords(t.Context(), q, "")
	if err != nil {
		return nil, nil, nil, err
	}
	defer r.Close()
	for {
		p, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return all, places, counts, nil
		}
		if err != nil {
			if _, again := r.Next(t.Context()); fault.CodeOf(again) != "session.broken" {
				t.Errorf("it is read on behind an error: %v", again)
			}
			return all, places, counts, err
		}
		for _, rec := range p.Records {
			text := fmt.Sprint(rec.Key, rec.Slots)
			if rec.Broken != nil {
				text = fmt.Sprintf("%s: %s %s: %s", rec.Key, rec.Broken.Rule, rec.Broken.Field, rec.Broken.Text)
			}
			all = append(all, text)
		}
		if places, counts = append(places, p.After), append(counts, len(all)); r.Count() != int64(len(all)) {
			t.Fatalf("count is %d after %d records", r.Count(), len(all))
		}
	}
}

// ways are those of paging, over the same 1,250 objects.
func ways(t testing.TB) map[string]func(*Settings) {
	t.Helper()
	return map[string]func(*Settings){
		"page":          func(*Settings) {},
		"matrix":        func(s *Settings) { s.ParamsAs = "matrix" },
		"page, no size": func(s *Settings) { s.Pages.Size = 0 },
		"no total":      func(s *Settings) { s.Pages.Total = Path{} },
		"capped":        func(s *Settings) { s.Pages.Size = 5000; s.Pages.Total = Path{} },
		"offset":        func(s *Settings) { s.Pages.By, s.Pages.Names.Size = byOffset, "limit" },
		"offset capped": func(s *Settings) { s.Pages.By, s.Pages.Names.Size, s.Pages.Size = byOffset, "limit", 5000 },
		"cursor":        func(s *Settings) { s.Pages.By, s.Pages.Cursor = byCursor, answerPath(t, "body.next") },
		"link":          func(s *Settings) { s.Pages.By, s.Pages.Total = byLink, Path{} },
		"large":         func(s *Settings) { s.Pages.Size = 1500 },
	}
}

// TestPaging reads by every way of paging, and on from every place.
func TestPaging(t *testing.T) {
	t.Parallel()
	s := system(t, 1250, newsys.Options{MaxSize: 1150})
	var want []string
	for name, set := range ways(t) {
		c := settings(t, s)
		c.Pages.Size = 100
		set(c)
		e := endpoint(t, c)
		all, places, counts, err := read(t, e, assignments)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want == nil {
			want = all
		}
		if diff := cmp.Diff(want, all); diff != "" || len(all) != 1250 {
			t.Fatalf("%s: %d records (-want +got):\n%.1000s", name, len(all), diff)
		}
		known := 0
		for i, after := range places {
			if after == nil {
				continue
			}
			if known++; i%8 != 0 && i < len(places)-1 {
				continue
			}
			q := assignments
			q.After = after
			before := s.Verdict().Requests
			rest, more, _, err := read(t, e, q)
			if diff := cmp.Diff(append([]string{}, all[counts[i]:]...), append([]string{}, rest...)); err != nil || diff != "" {
				t.Fatalf("%s: behind %d records: %v (-want +got):\n%.1000s", name, counts[i], err, diff)
			}
			if n := s.Verdict().Requests - before; n > len(more)+1 {
				t.Errorf("%s: %d requests for %d pages: some were asked for again", name, n, len(more))
			}
		}
		if known < 2 {
			t.Errorf("%s: %d of %d pages can be read on from", name, known, len(places))
		}
	}
	if v := s.Verdict(); v.Connections > 2*len(ways(t)) || v.Concurrency > 1 {
		t.Errorf("%d requests opened %d connections, %d at the same time", v.Requests, v.Connections, v.Concurrency)
	}
}

func TestWholeLists(t *testing.T) {
	t.Parallel()
	c := settings(t, system(t, 0, newsys.Options{}))
	c.Pages = Pages{Total: answerPath(t, `headers["x-total-count"]`)}
	all, _, _, err := read(t, endpoint(t, c), connector.Query{Request: "GET /workstations", Key: []string{"code"}})
	if diff := cmp.Diff([]string{"AMS[AMS 100]", "RTM[RTM 101]", "UTR[UTR 102]", "ZWO[ZWO 103]"}, all); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	s := system(t, 50, newsys.Options{})
	for as, want := range map[string]string{
		"query": "/assignments?page=1&projectId=P-03&size=20&title=a+%26b%2Fc%3B%3D%3Fd", "matrix": "/assignments;page=1;projectId=P-03;size=20;title=a%20%26b%2Fc%3B%3D%3Fd",
	} {
		c := settings(t, s)
		c.ParamsAs = as
		q := assignments
		q.Fields = []string{"externalId"}
		q.Params = map[string][]string{"projectId": {"P-03"}, "title": {"a &b/c;=?d"}}
		if all, _, _, err := read(t, endpoint(t, c), q); err != nil || len(all) != 0 {
			t.Errorf("%s: %v %v", as, all, err)
		}
		list := s.Arrivals()
		if got := list[len(list)-1].Path; got != want {
			t.Errorf("%s: %s", as, got)
		}
		delete(q.Params, "title")
		if all, _, _, err := read(t, endpoint(t, c), q); err != nil || len(all) != 2 {
			t.Errorf("%s: %v %v", as, all, err)
		}
	}
	e := endpoint(t, settings(t, s))
	for _, request := range []string{"", "assignments", "GET assignments", "POST /assignments", "GET /a?b=c", "GET /a;b=c", "GET /../a", "GET /a/./b", "GET /a//b", "GET /%2e%2e/a", "GET /a b", "GET //other.example/a", "GET /a/%zz", "GET /a#b"} {
		if _, err := e.Describe(t.Context(), connector.Query{Request: request}); fault.CodeOf(err) != "query.invalid" {
			t.Errorf("%q is asked: %v", request, err)
		}
	}
}

func TestLogins(t *testing.T) {
	t.Parallel()
	const hidden = "s3cret/&+word"
	for name, c := range map[string]struct {
		login newsys.Login
		auth  Auth
	}{
		"basic":  {newsys.Login{User: "u", Password: hidden}, Auth{Basic: &Basic{User: "u", Password: secret.Source{Value: secret.New(hidden)}}}},
		"secret": {newsys.Login{User: "user", Password: hidden}, Auth{Basic: &Basic{UserSecret: secret.Source{Value: secret.New("user")}, Password: secret.Source{Value: secret.New(hidden)}}}},
		"bearer": {newsys.Login{Bearer: hidden}, Auth{Bearer: secret.Source{Value: secret.New(hidden)}}},
		"header": {newsys.Login{Header: map[string]string{"X-Key": hidden}}, Auth{Header: map[string]secret.Source{"X-Key": {Value: secret.New(hidden)}}}},
		"query":  {newsys.Login{Query: map[string]string{"apiKey": hidden}}, Auth{Query: map[string]secret.Source{"apiKey": {Value: secret.New(hidden)}}}},
	} {
		s := system(t, 50, newsys.Options{Login: c.login})
		set := settings(t, s)
		set.Auth = c.auth
		set.Pages = Pages{By: byLink, Items: answerPath(t, "body.results")}
		e := endpoint(t, set)
		all, places, _, err := read(t, e, assignments)
		if err != nil || len(all) != 50 {
			t.Errorf("%s: %d records: %v", name, len(all), err)
		}
		if name == "query" { // a system that gives its links as it was asked
			mend := s.Break(newsys.Fault{Count: 1, Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header().Set("Link", `</assignments?size=20&apiKey=s3cret%2F%26%2Bword&cursor=MjA>; rel="next"`)
				newsys.Says(200, "", `{"results":[]}`)(w, r, next)
			}})
			r, err := e.open(t.Context(), connector.Query{Request: "GET /assignments", Fields: []string{"id"}})
			if err != nil || r.next.Link != "/assignments?cursor=MjA&size=20" {
				t.Errorf("%v: %s", err, r.next.Link)
			}
			mend()
		}
		for _, p := range places {
			if strings.Contains(string(p), "s3cret") {
				t.Errorf("%s: a place holds the secret: %s", name, p)
			}
		}
		s.Break(newsys.Fault{Do: newsys.Says(400, "text/plain", "you sent s3cret/&+word, s3cret%2F%26%2Bword and dTpzM2NyZXQvJit3b3Jk")})
		if _, _, _, err = read(t, e, assignments); fault.CodeOf(err) != "http.refused" || strings.Contains(fmt.Sprintf("%+v", fault.Of(err)), "s3cret") || strings.Contains(err.Error(), "dTpz") && name == "basic" {
			t.Errorf("%s: %+v", name, err)
		}
		bad := settings(t, system(t, 1, newsys.Options{Login: c.login}))
		_, err = endpoint(t, bad).Describe(t.Context(), assignments)
		if fault.KindOf(err) != fault.Denied || fault.CodeOf(err) != "http.denied" {
			t.Errorf("%s: without a login: %v", name, err)
		}
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := system(t, 3, newsys.Options{TLS: true})
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, s.Authority(), 0o600); err != nil {
		t.Fatal(err)
	}
	c := settings(t, s)
	if _, err := endpoint(t, c).Describe(t.Context(), assignments); fault.CodeOf(err) != "http.tls" {
		t.Errorf("a server that nobody vouches for is trusted: %v", err)
	}
	c.TLS.CA = file
	if all, _, _, err := read(t, endpoint(t, c), assignments); err != nil || len(all) != 3 {
		t.Errorf("%v, %v", all, err)
	}
}

// A redirect is followed where the login may be sent, and nowhere else.
func TestRedirects(t *testing.T) {
	t.Parallel()
	other, s := system(t, 1, newsys.Options{}), system(t, 3, newsys.Options{})
	c := settings(t, s)
	c.Auth.Header = map[string]secret.Source{"X-Key": {Value: secret.New("hidden")}}
	mend := s.Break(newsys.Fault{Count: 1, Do: newsys.Redirect(302, "/assignments?page=1&size=3")})
	if all, _, _, err := read(t, endpoint(t, c), assignments); err != nil || len(all) != 3 {
		t.Errorf("%v, %v", all, err)
	}
	mend()
	for _, to := range []string{other.URL() + "/assignments", "https://" + strings.TrimPrefix(s.URL(), "http://")} {
		mend = s.Break(newsys.Fault{Do: newsys.Redirect(307, to)})
		if _, err := endpoint(t, c).Describe(t.Context(), assignments); fault.CodeOf(err) != "http.redirect" || !strings.Contains(err.Error(), strings.TrimSuffix(to, "/assignments")) {
			t.Errorf("%s: %v", to, err)
		}
		mend()
	}
	if v := other.Verdict(); v.Requests > 0 {
		t.Error("the other server was asked")
	}
	mend = s.Break(newsys.Fault{Do: newsys.Redirect(302, "/")})
	defer mend()
	if _, err := endpoint(t, c).Describe(t.Context(), assignments); fault.CodeOf(err) != "http.redirect" {
		t.Errorf("redirected for ever: %v", err)
	}
}

// Any answer shows that a system is there, none that it is not.
func TestInspect(t *testing.T) {
	t.Parallel()
	s := system(t, 1, newsys.Options{})
	for name, c := range map[string]struct {
		do   newsys.Effect
		code string
	}{
		"it answers": {newsys.Late(0), ""}, "nothing is there": {newsys.Says(404, "", ""), ""}, "it wants a login": {newsys.Says(401, "", ""), ""},
		"it sends to its pages": {newsys.Redirect(302, "https://other.example/"), ""}, "it is away": {newsys.HTML(502), "http.unavailable"}, "nobody answers": {newsys.Cut(), "http.unreachable"},
	} {
		mend := s.Break(newsys.Fault{Do: c.do})
		db, err := endpoint(t, settings(t, s)).Inspect(t.Context(), catalog.Selection{})
		if err != nil && fault.CodeOf(err) != c.code || err == nil && (c.code != "" || db.ID != "http "+s.URL()) {
			t.Errorf("%s: %v", name, err)
		}
		mend()
	}
}

// Whoever looks is told of a system that is away: once that is known it is asked
// one time only.
func TestInspectAway(t *testing.T) {
	t.Parallel()
	s := system(t, 1, newsys.Options{})
	s.Break(newsys.Fault{Do: newsys.Cut()})
	e := endpoint(t, settings(t, s))
	for _, want := range []int{5, 6} {
		if _, err := e.Inspect(t.Context(), catalog.Selection{}); fault.CodeOf(err) != "http.unreachable" {
			t.Errorf("away: %v", err)
		}
		if n := s.Verdict().Requests; n != want {
			t.Errorf("%d requests, want %d", n, want)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	zero := 0.0
	for name, set := range map[string]func(*Settings){
		"no address": func(s *Settings) { s.URL = "newsys" }, "another scheme": func(s *Settings) { s.URL = "ftp://newsys" }, "a user": func(s *Settings) { s.URL = "http://u:p@newsys" },
		"parameters": func(s *Settings) { s.URL = "http://newsys?a=b" }, "no cursor": func(s *Settings) { s.Pages = Pages{By: byCursor} }, "no rate": func(s *Settings) { s.Limit.Rate = &zero },
		"hours": func(s *Settings) { s.Limit.Times = map[string]float64{"Mon": 1} }, "zone": func(s *Settings) { s.Limit.Zone = "Nowhere" }, "no file": func(s *Settings) { s.TLS.CA = "/none" },
	} {
		s := &Settings{URL: "http://newsys.example/api"}
		set(s)
		if _, err := Open("api", s); fault.KindOf(err) != fault.Config || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is refused for now is asked again, and nothing of it is seen.
func TestPatience(t *testing.T) {
	t.Parallel()
	s := system(t, 300, newsys.Options{Seed: 5})
	for _, f := range []newsys.Fault{
		{Share: 0.1, Do: newsys.Throttle(0)}, {Share: 0.1, Do: newsys.Unavailable(-1)}, {Share: 0.1, Do: newsys.Cut()}, {Share: 0.05, Do: newsys.Short(100)},
		{Skip: 3, Count: 1, Do: newsys.CutAfter()}, {Skip: 6, Count: 1, Do: newsys.HTML(502)},
	} {
		s.Break(f)
	}
	all, _, _, err := read(t, endpoint(t, settings(t, s)), assignments)
	if err != nil || len(all) != 300 {
		t.Fatalf("%d records: %v", len(all), err)
	}
	seen := map[string]bool{}
	for _, text := range all {
		seen[text] = true
	}
	if len(seen) != 300 {
		t.Errorf("%d different records", len(seen))
	}
}

// Settings that stand in a ledger are those that were written there, also where
// nothing was said.
func TestSettingsAreKept(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "body.items", `headers["X-Total-Count"]`} {
		var s, kept Settings
		if text != "" {
			if err := s.Pages.Items.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		b, err := json.Marshal(s)
		if err == nil {
			err = json.Unmarshal(b, &kept)
		}
		if err != nil || kept.Pages.Items.text != text || !reflect.DeepEqual(kept.Pages, s.Pages) {
			t.Errorf("%q: %+v (%v)", text, kept.Pages, err)
		}
	}
}
