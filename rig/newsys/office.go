package newsys

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// createPlanboard begins a job: the planboard is there when it is done.
func (s *System) createPlanboard(w http.ResponseWriter, r *http.Request) {
	o, ok := body(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now()
	o["id"] = s.store.id()
	s.store.planboards = append(s.store.planboards, &thing{body: o, at: at.Add(s.options.Jobs)})
	job := Object{"id": s.store.id(), "kind": "planboard", "of": o["id"]}
	s.store.jobs = append(s.store.jobs, &thing{body: job, at: at.Add(s.options.Jobs)})
	w.Header().Set("Location", fmt.Sprint("/jobs/", job["id"]))
	answer(w, http.StatusAccepted, Object{"job": job["id"]})
}

// jobs are all of them with their states. The mutex is held.
func (s *System) jobs() []Object {
	list := []Object{}
	for _, j := range s.store.jobs {
		o := maps.Clone(j.body)
		o["state"] = "open"
		if !time.Now().Before(j.at) {
			o["state"] = "done"
		}
		list = append(list, o)
	}
	return list
}

func (s *System) listJobs(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list(w, r, s.jobs())
}

func (s *System) oneJob(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs() {
		if j["id"] == r.PathValue("id") {
			answer(w, 200, j)
			return
		}
	}
	refuse(w, http.StatusNotFound, "there is no job "+r.PathValue("id"))
}

func (s *System) listPlanboards(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Object{}
	for _, p := range s.store.planboards {
		if !time.Now().Before(p.at) {
			list = append(list, p.body)
		}
	}
	s.list(w, r, list)
}

func (s *System) setting(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	_, ok := s.store.settings[r.PathValue("name")]
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "there is no setting "+r.PathValue("name"))
		return
	}
	s.exchange(w, r, func(o Object) Object {
		if o != nil {
			s.store.settings[r.PathValue("name")] = o
		}
		return s.store.settings[r.PathValue("name")]
	})
}

func (s *System) listWorkflows(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list(w, r, s.store.workflows)
}

// workflow is one of a collection. PUT replaces all of it but the id.
func (s *System) workflow(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || n < 1 || n > len(s.store.workflows) { // none comes or goes
		refuse(w, http.StatusNotFound, "there is no workflow "+r.PathValue("id"))
		return
	}
	s.exchange(w, r, func(o Object) Object {
		if o != nil {
			o["id"] = r.PathValue("id")
			s.store.workflows[n-1] = o
		}
		return s.store.workflows[n-1]
	})
}

// exchange answers GET with what is there, and PUT once that has been replaced.
func (s *System) exchange(w http.ResponseWriter, r *http.Request, put func(Object) Object) {
	o, ok := given(w, r, http.MethodPut)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, 200, put(o))
}

// given is what a request gives where GET reads and one other method writes: nil to
// read. Any other is refused.
func given(w http.ResponseWriter, r *http.Request, writes string) (o Object, ok bool) {
	switch r.Method {
	case http.MethodGet:
		return nil, true
	case writes:
		return body(w, r)
	}
	refuse(w, http.StatusMethodNotAllowed, r.Method+" is not known here")
	return nil, false
}

// Workstations are the codes of all of them.
var Workstations = []string{"AMS", "RTM", "UTR", "ZWO"}

// workstations gives a bare list, as APIs do for short ones; paged like others
// when that is asked for.
func (s *System) workstations(w http.ResponseWriter, r *http.Request) {
	list := []Object{}
	for i, code := range Workstations {
		list = append(list, Object{"code": code, "id": 100 + i})
	}
	if len(r.URL.Query()) > 0 {
		s.list(w, r, list)
		return
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(len(list)))
	answer(w, 200, list)
}
