package newsys

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Object is a JSON object.
type Object = map[string]any

// thing is an object with what hangs on it.
type thing struct {
	body      Object
	at        time.Time
	notes     []Object
	documents []Document
}

// Document is a file that was sent.
type Document struct {
	Meta  Object
	Bytes int
	Sum   string // sha256
}

// store is all that the system holds. It is the System's mutex that guards it.
type store struct {
	next        int
	assignments []*thing
	byID        map[string]*thing
	others      map[string][]Object // projects and resources
	planboards  []*thing
	jobs        []*thing
	settings    map[string]Object
	initial     map[string]string
	workflows   []Object
	last        map[string]float64 // highest seq by project
	disorder    []string
}

func newStore() store {
	st := store{next: 1, byID: map[string]*thing{}, others: map[string][]Object{}, last: map[string]float64{}, settings: map[string]Object{
		"mail": {"sending": true, "from": "office@newsys.example", "copies": []any{"a@newsys.example", "b@newsys.example"}},
		"jobs": {"parallel": 4.0},
	}}
	for i, name := range []string{"assigned", "planned", "moved", "closed", "archived"} {
		st.workflows = append(st.workflows, Object{"id": strconv.Itoa(i + 1), "name": name, "active": i != 4})
	}
	st.initial = st.configuration()
	return st
}

// configuration is all settings as text.
func (st *store) configuration() map[string]string {
	all := map[string]string{}
	for name, v := range st.settings {
		all["/settings/"+name] = text(v)
	}
	for _, w := range st.workflows {
		all[fmt.Sprint("/workflows/", w["id"])] = text(w)
	}
	return all
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (st *store) id() string {
	id := strconv.Itoa(st.next)
	st.next++
	return id
}

// add keeps a new assignment and looks whether its turn has come.
func (st *store) add(body Object, at time.Time) Object {
	body = maps.Clone(body)
	body["id"] = st.id()
	t := &thing{body: body, at: at}
	st.assignments = append(st.assignments, t)
	st.byID[body["id"].(string)] = t
	project := fmt.Sprint(body["projectId"])
	if seq, ok := body["seq"].(float64); ok {
		if seq <= st.last[project] {
			st.disorder = append(st.disorder, fmt.Sprintf("%v: %v of %s came behind %v", body["externalId"], seq, project, st.last[project]))
		}
		st.last[project] = max(seq, st.last[project])
	}
	return body
}

// Fill makes assignments from 1 to n, as if they had always been there. Every
// seventh has a parent; a remark has none before number 3,000.
func (s *System) Fill(n int) { s.FillAt(n, func(int) time.Time { return time.Time{} }) }

// FillAt is Fill with when each was made.
func (s *System) FillAt(n int, at func(i int) time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 1; i <= n; i++ {
		a := Object{
			"externalId": fmt.Sprintf("A-%06d", i), "projectId": fmt.Sprintf("P-%02d", i%25), "seq": float64(i),
			"title": fmt.Sprintf("Assignment %d, <house> & \"garden\"", i), "status": []string{"open", "planned", "done"}[i%3],
			"costs": json.Number(fmt.Sprintf("%d.%02d", i, i%100)), "urgent": i%10 == 0,
			"address": Object{"postcode": fmt.Sprintf("%04d AB", i%10000), "city": "Zwolle"}, "labels": []any{"fiber", strconv.Itoa(i % 4)},
			"workstation": Workstations[i%len(Workstations)],
		}
		if i%7 == 0 {
			a["parentId"] = fmt.Sprintf("A-%06d", i-1)
		}
		if i > 3000 {
			a["remark"] = fmt.Sprintf("remark %d", i)
		}
		s.store.add(a, at(i))
	}
}

// Assignments are the objects that are there, in the order in which they came.
func (s *System) Assignments() []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Object, 0, len(s.store.assignments))
	for _, t := range s.store.assignments {
		list = append(list, maps.Clone(t.body))
	}
	return list
}

// Annotations are those of all assignments.
func (s *System) Annotations() []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Object
	for _, t := range s.store.assignments {
		for _, n := range t.notes {
			list = append(list, maps.Clone(n))
		}
	}
	return list
}

// Documents are those of all assignments.
func (s *System) Documents() []Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Document
	for _, t := range s.store.assignments {
		list = append(list, t.documents...)
	}
	return list
}

func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, Object{"error": Object{"code": status, "message": why}})
}

func answer(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // who has gone wants no answer
}

// Clear takes all assignments away, and what idempotency keys were answered with.
func (s *System) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.assignments, s.store.byID, s.store.last, s.store.disorder = nil, map[string]*thing{}, map[string]float64{}, nil
	clear(s.once)
}
