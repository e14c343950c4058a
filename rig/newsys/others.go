package newsys

import (
	"net/http"
	"strconv"
)

// others are the objects of a kind that nothing hangs on: GET lists, POST makes one.
func (s *System) others(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o, ok := given(w, r, http.MethodPost)
		if !ok {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if o == nil {
			s.list(w, r, s.store.others[kind])
			return
		}
		o["id"] = s.store.id()
		s.store.others[kind] = append(s.store.others[kind], o)
		w.Header().Set("Location", "/"+kind+"/"+o["id"].(string))
		answer(w, http.StatusCreated, o)
	}
}

// other is one of them.
func (s *System) other(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		at := -1
		for i, o := range s.store.others[kind] {
			if o["id"] == r.PathValue("id") {
				at = i
			}
		}
		s.mu.Unlock()
		if at < 0 { // none goes
			refuse(w, http.StatusNotFound, "there is no "+strconv.Quote(r.PathValue("id"))+" in "+kind)
			return
		}
		s.exchange(w, r, func(o Object) Object {
			if o != nil {
				o["id"] = r.PathValue("id")
				s.store.others[kind][at] = o
			}
			return s.store.others[kind][at]
		})
	}
}
