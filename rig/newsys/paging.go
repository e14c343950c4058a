package newsys

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// paging are the parameters that are no condition.
var paging = []string{"page", "size", "offset", "limit", "cursor", madeFrom, madeTo}

// Parameters for assignments made at a time or later, and at a time or earlier.
const (
	madeFrom = "createdFrom"
	madeTo   = "createdTo"
)

func (s *System) listAssignments(w http.ResponseWriter, r *http.Request) {
	conditions := r.URL.Query()
	for _, name := range paging {
		conditions.Del(name)
	}
	made, err := madeIn(r.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Object, 0, len(s.store.assignments))
	for _, t := range s.store.assignments {
		if !made(t.at) {
			continue
		}
		if len(conditions) > 0 && time.Since(t.at) < s.options.Unseen {
			continue
		}
		list = append(list, t.body)
	}
	s.list(w, r, list)
}

// madeIn is the condition on when something was made; without one, whenever.
func madeIn(q url.Values) (func(time.Time) bool, error) {
	var ends [2]time.Time
	for i, name := range []string{madeFrom, madeTo} {
		if !q.Has(name) {
			continue
		}
		var err error
		if ends[i], err = time.Parse(time.RFC3339, q.Get(name)); err != nil {
			return nil, fmt.Errorf("%s is no time", name)
		}
	}
	return func(at time.Time) bool {
		return (!q.Has(madeFrom) || !at.Before(ends[0])) && (!q.Has(madeTo) || !at.After(ends[1]))
	}, nil
}

// list answers with a page of those that are as the parameters want them:
// {results, total, next}, next being a cursor, and a Link to the next page.
func (s *System) list(w http.ResponseWriter, r *http.Request, all []Object) {
	q := r.URL.Query()
	conditions := maps.Clone(q)
	for _, name := range paging {
		conditions.Del(name)
	}
	list := []Object{}
	for _, o := range all {
		if fulfils(o, conditions) {
			list = append(list, o)
		}
	}
	begin, size, err := s.place(q)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if deep := s.options.Deepest; deep > 0 && begin+size > deep && begin < len(list) {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("lists are paged through up to %d objects", deep))
		return
	}
	begin = min(begin, len(list))
	end := min(begin+size, len(list))
	out := Object{"results": list[begin:end], "total": len(list), "next": nil}
	if end < len(list) {
		out["next"] = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
		switch {
		case q.Has("page"):
			q.Set("page", strconv.Itoa(end/max(1, size)+1))
		case q.Has("offset"):
			q.Set("offset", strconv.Itoa(end))
		default:
			q.Set("cursor", out["next"].(string))
		}
		w.Header().Set("Link", fmt.Sprintf("<%s?%s>; rel=\"next\", </about>; rel=\"help\"", r.URL.EscapedPath(), q.Encode()))
	}
	answer(w, 200, out)
}

func fulfils(o Object, conditions url.Values) bool {
	for name, want := range conditions {
		if written(o[name]) != want[0] {
			return false
		}
	}
	return true
}

// written is a value as people write it: 1080401 is not 1.080401e+06.
func written(v any) string {
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// place is where a page begins and how many objects it has.
func (s *System) place(q url.Values) (begin, size int, err error) {
	number := func(name string, none int) int {
		if !q.Has(name) || err != nil {
			return none
		}
		n, e := strconv.Atoi(q.Get(name))
		if e != nil || n < 0 {
			err = fmt.Errorf("%s is no number", name)
		}
		return n
	}
	size = min(number("size", number("limit", 100)), s.options.MaxSize)
	switch {
	case q.Has("page"):
		begin = (max(1, number("page", 1)) - 1) * size
	case q.Has("cursor"):
		b, e := base64.RawURLEncoding.DecodeString(q.Get("cursor"))
		if begin, err = strconv.Atoi(string(b)); err != nil || e != nil {
			return 0, 0, fmt.Errorf("the cursor %q is none", q.Get("cursor"))
		}
	default:
		begin = number("offset", 0)
	}
	return begin, size, err
}

// matrix makes parameters of the query of those that stand in the path.
func matrix(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, params, ok := strings.Cut(r.URL.EscapedPath(), ";")
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		q := r.URL.Query()
		for pair := range strings.SplitSeq(params, ";") {
			name, value, _ := strings.Cut(pair, "=")
			n, err1 := url.PathUnescape(name)
			v, err2 := url.PathUnescape(value)
			if err1 != nil || err2 != nil {
				refuse(w, http.StatusBadRequest, "a parameter in the path cannot be read")
				return
			}
			q.Set(n, v)
		}
		r.URL.RawPath, r.URL.RawQuery = "", q.Encode()
		r.URL.Path, _ = url.PathUnescape(path)
		next.ServeHTTP(w, r)
	})
}
