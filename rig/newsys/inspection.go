package newsys

import "net/http"

// Inspection is how a System is looked at that is a process of its own; it is served
// elsewhere than the system, so that looking is no arrival.
//
//	GET  /verdict   Verdict
//	GET  /objects   {assignments, annotations, documents, projects, resources, settings}
//	POST /forget    Forget
func (s *System) Inspection() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /verdict", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, s.Verdict()) })
	mux.HandleFunc("POST /forget", func(w http.ResponseWriter, _ *http.Request) {
		s.Forget()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /objects", func(w http.ResponseWriter, _ *http.Request) {
		o := Object{"assignments": s.Assignments(), "annotations": s.Annotations(), "documents": s.Documents()}
		s.mu.Lock()
		defer s.mu.Unlock()
		o["projects"], o["resources"], o["settings"] = s.store.others["projects"], s.store.others["resources"], s.store.configuration()
		answer(w, 200, o)
	})
	return mux
}
