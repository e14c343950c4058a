package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/rig/newsys"
)

// The answers that are none, each with its fault.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := system(t, 45, newsys.Options{})
	alter := newsys.Alter
	for name, c := range map[string]struct {
		do   newsys.Effect
		kind fault.Kind
		code string
		says string
	}{
		"throttled":           {newsys.Throttle(-1), fault.Throttled, "http.throttled", "429 Too Many Requests: {\"error\""},
		"an hour":             {newsys.Throttle(time.Hour), fault.Throttled, "http.throttled", "GET /assignments: 429"},
		"unavailable":         {newsys.Unavailable(-1), fault.Unavailable, "http.unavailable", "503 Service Unavailable"},
		"html":                {newsys.HTML(502), fault.Unavailable, "http.unavailable", "502 Bad Gateway: Bad & broken gateway The upstream server is not there."},
		"forbidden":           {newsys.Says(403, "", ""), fault.Denied, "http.denied", "403 Forbidden"},
		"not there":           {newsys.Says(404, "text/plain", "no\n  such\x00thing"), fault.Config, "http.not-found", "404 Not Found: no such thing"},
		"unprocessable":       {newsys.Says(422, "text/plain", strings.Repeat("long ", 1000)), fault.Data, "http.refused", "long long …"},
		"cut":                 {newsys.Cut(), fault.Unavailable, "http.unreachable", "GET /assignments: no answer"},
		"short":               {newsys.Short(10), fault.Unavailable, "http.cut", "breaks off"},
		"long":                {newsys.Long(10), fault.Data, "http.answer", "ends too early"},
		"late":                {newsys.Late(time.Minute), fault.Unavailable, "http.timeout", "no whole answer within 300ms"},
		"slow body":           {newsys.Slow(200 * time.Millisecond), fault.Unavailable, "http.timeout", "no whole answer"},
		"no JSON":             {newsys.Says(200, "text/html", "<h1>It works!</h1>"), fault.Data, "http.answer", "the answer is no JSON: invalid character '<' at start of value, behind byte 0: It works!"},
		"nothing":             {newsys.Says(204, "", ""), fault.Data, "http.answer", "ends too early, at byte 0: nothing"},
		"truncated":           {newsys.Truncated(3), fault.Data, "http.answer", "ends too early"},
		"endless":             {newsys.Endless(), fault.Data, "http.answer", "the answer has more than 64 MiB"},
		"two values":          {newsys.Says(200, "", `{"results":[]} {}`), fault.Data, "http.answer", "something stands behind it"},
		"two lists":           {newsys.Says(200, "", `{"results":[],"results":[]}`), fault.Data, "http.answer", `"results" stands in it twice`},
		"error in 200":        {newsys.OKError(), fault.Data, "http.answer", "body.results is not there, no list: {\"error\":{\"code\":200"},
		"items of wrong type": {alter(func(o newsys.Object) { o["results"] = "none" }), fault.Data, "http.answer", "body.results is a text, no list"},
		"no total":            {alter(func(o newsys.Object) { delete(o, "total") }), fault.Data, "http.answer", "body.total is not there"},
		"total is no number":  {alter(func(o newsys.Object) { o["total"] = "many" }), fault.Data, "http.answer", "body.total is a text"},
		"total is too small":  {alter(func(o newsys.Object) { o["total"] = 30 }), fault.Data, "http.total", "gave 40 objects, and says that there are 30"},
		"total is of a page":  {alter(func(o newsys.Object) { o["total"] = 20 }), fault.Data, "http.pages", "the answer links to a next page, and pages says"},
		"total is too large":  {alter(func(o newsys.Object) { o["total"] = 46 }), fault.Data, "http.total", "gave 45 objects, and says that there are 46"},
		"same page again":     {newsys.Says(200, "", `{"results":[{"externalId":1}],"total":9}`), fault.Data, "http.pages", "hold the same objects"},
		"redirect":            {newsys.Says(304, "", ""), fault.Config, "http.redirect", "304"},
	} {
		t.Run(name, func(t *testing.T) {
			mend := s.Break(newsys.Fault{Do: c.do})
			defer mend()
			set := settings(t, s)
			set.Timeout = 300 * time.Millisecond
			if !strings.Contains(c.code, "timeout") {
				set.Timeout = 20 * time.Second
			}
			start := time.Now()
			_, _, _, err := read(t, endpoint(t, set), assignments)
			if fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, %s: %v, want %s, %s: %s", fault.KindOf(err), fault.CodeOf(err), err, c.kind, c.code, c.says)
			}
			if strings.Contains(err.Error(), "page=") {
				t.Errorf("parameters are told: %v", err)
			}
			if len(fault.Of(err).Next) == 0 || time.Since(start) > 30*time.Second {
				t.Errorf("no next step, or much too late: %+v", fault.Of(err))
			}
		})
	}
}

// Lists that change, and lists without an end.
func TestListsThatChange(t *testing.T) {
	t.Parallel()
	s := system(t, 50, newsys.Options{})
	total := func(n int) newsys.Fault {
		return newsys.Fault{Skip: 1, Do: newsys.Alter(func(o newsys.Object) { o["total"] = n })}
	}
	next := func(v any) newsys.Fault {
		return newsys.Fault{Do: newsys.Alter(func(o newsys.Object) { o["next"] = v })}
	}
	missing := newsys.Fault{Do: newsys.Alter(func(o newsys.Object) { delete(o, "next") })}
	cursor := func(p *Pages) { p.By, p.Cursor, p.Total = byCursor, answerPath(t, "body.next"), Path{} }
	for name, c := range map[string]struct {
		set  func(*Pages)
		do   newsys.Fault
		code string
	}{
		"total by page":           {func(*Pages) {}, total(51), "source.changed"},
		"total by offset":         {func(p *Pages) { p.By, p.Names.Size = byOffset, "limit" }, total(49), "source.changed"},
		"total by cursor":         {func(p *Pages) { cursor(p); p.Total = answerPath(t, "body.total") }, total(50), ""},
		"wrong total by cursor":   {func(p *Pages) { cursor(p); p.Total = answerPath(t, "body.total") }, total(51), "http.total"},
		"a cursor that is none":   {cursor, next(newsys.Object{"href": "x"}), "http.answer"},
		"false is no cursor":      {func(p *Pages) { cursor(p); p.Size = 60 }, next(false), ""},
		"pages are not told":      {func(p *Pages) { *p = Pages{Items: p.Items, Size: 20, Names: p.Names} }, newsys.Fault{Do: newsys.Late(0)}, "http.pages"},
		"the same cursor":         {cursor, next("MjA"), "http.pages"},
		"no cursor":               {cursor, missing, "http.pages"},
		"no cursor, a short page": {func(p *Pages) { cursor(p); p.Size = 60 }, missing, ""},
		"no cursor, and a total":  {func(p *Pages) { cursor(p); p.Total = answerPath(t, "body.total") }, missing, "http.total"},
		"a link to elsewhere": {func(p *Pages) { p.By, p.Total = byLink, Path{} }, newsys.Fault{Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("Link", `<https://other.example/>; rel=next`)
			newsys.Says(200, "", `{"results":[{"externalId":1}]}`)(w, r, next)
		}}, "http.pages"},
	} {
		mend := s.Break(c.do)
		set := settings(t, s)
		c.set(&set.Pages)
		all, _, _, err := read(t, endpoint(t, set), assignments)
		if code := fault.CodeOf(err); code != c.code && (err != nil || c.code != "") {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if err == nil && len(all) != 50 {
			t.Errorf("%s: %d records", name, len(all))
		}
		mend()
	}
}

// Objects that are none are records with an issue, counted like all others.
func TestBroken(t *testing.T) {
	t.Parallel()
	s := system(t, 0, newsys.Options{})
	s.Break(newsys.Fault{Do: newsys.Says(200, "", ` [ {"id":1,"a":"[,]\"{"}, 7 ,{"id":3,"id":3}, [1,[2]], {"id":5,"b":null}, {"id":6,"a":"`+"\xff"+`"}, {"id":12345678901234567890.10,"a":[{}]}]`)})
	c := settings(t, s)
	c.Pages = Pages{}
	q := connector.Query{Request: "GET /x", Key: []string{"id"}}
	all, _, _, err := read(t, endpoint(t, c), q)
	if err != nil || len(all) != 7 || all[0] != `1[[,]"{ 1 missing]` {
		t.Fatalf("%q %v", all, err)
	}
	for i, want := range []string{"malformed : it is no object", "duplicate object member name", "it is no object", "5[missing 5 <nil>]", "invalid UTF-8", "12345678901234567890.1["} {
		if !strings.Contains(all[i+1], want) {
			t.Errorf("%s, want %s", all[i+1], want)
		}
	}
	q.Fields = []string{"id", "none"}
	if all, _, _, err = read(t, endpoint(t, c), q); err != nil || all[0] != "1[1 missing]" || all[4] != "5[5 missing]" {
		t.Errorf("%v %v", all, err)
	}
	// A field that comes later is not left out in silence.
	s = system(t, 3005, newsys.Options{})
	all, _, _, err = read(t, endpoint(t, settings(t, s)), assignments)
	if err != nil || len(all) != 3005 || all[3000] != "A-003001: unknown-field remark: it has fields that no object of the first page has: remark" || strings.Contains(all[2999], "unknown") {
		t.Errorf("%v: %s", err, all[3000])
	}
	for _, q := range []connector.Query{
		{Request: "GET /assignments", Key: []string{"none"}}, {Request: "GET /planboards"}, {Request: "GET /assignments", Fields: []string{"a", "a"}},
		{Objects: "*.csv"}, {Request: "GET /assignments", Since: &catalog.Since{Column: "id"}},
	} {
		if _, err := endpoint(t, settings(t, s)).Describe(t.Context(), q); fault.CodeOf(err) != "query.invalid" {
			t.Errorf("%v: %v", q, err)
		}
	}
}
