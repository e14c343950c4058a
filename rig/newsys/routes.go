package newsys

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"
)

func (s *System) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /{$}":                      func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, Object{"name": "newsys"}) },
		"GET /assignments":              s.listAssignments,
		"POST /assignments":             s.createAssignment,
		"/assignments/{id}":             s.oneAssignment,
		"GET /workstations":             s.workstations,
		"GET /jobs":                     s.listJobs,
		"GET /jobs/{id}":                s.oneJob,
		"GET /planboards":               s.listPlanboards,
		"POST /planboards":              s.createPlanboard,
		"/settings/{name}":              s.setting,
		"GET /workflows":                s.listWorkflows,
		"/workflows/{id}":               s.workflow,
		"/assignments/{id}/annotations": s.annotations,
		"/assignments/{id}/documents":   s.documents,
	} {
		mux.HandleFunc(pattern, h)
	}
	for _, kind := range []string{"projects", "resources"} {
		mux.HandleFunc("/"+kind, s.others(kind))
		mux.HandleFunc("/"+kind+"/{id}", s.other(kind))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > s.options.MaxBody {
			refuse(w, http.StatusRequestEntityTooLarge, "the body is too large")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, s.options.MaxBody)
		if _, pattern := mux.Handler(r); pattern == "" {
			refuse(w, http.StatusNotFound, "there is no "+r.URL.Path)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// remembered answers a POST that repeats an idempotency key as it did before.
func (s *System) remembered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		if r.Method != http.MethodPost || key == "" {
			next.ServeHTTP(w, r)
			return
		}
		s.mu.Lock()
		was := s.once[key]
		s.mu.Unlock()
		if was == nil {
			was = httptest.NewRecorder()
			next.ServeHTTP(was, r)
			s.mu.Lock()
			s.once[key] = was
			s.mu.Unlock()
		}
		replay(w, was)
	})
}

func body(w http.ResponseWriter, r *http.Request) (Object, bool) {
	b, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		refuse(w, http.StatusRequestEntityTooLarge, "the body is too large")
		return nil, false
	}
	var o Object
	if err != nil || json.Unmarshal(b, &o) != nil || o == nil {
		refuse(w, http.StatusBadRequest, "the body is no JSON object")
		return nil, false
	}
	return o, true
}

func (s *System) createAssignment(w http.ResponseWriter, r *http.Request) {
	o, ok := body(w, r)
	if !ok {
		return
	}
	if t, ok := o["title"].(string); !ok || strings.TrimSpace(t) == "" {
		refuse(w, http.StatusUnprocessableEntity, "title must not be empty")
		return
	}
	s.mu.Lock()
	o = s.store.add(o, time.Now())
	s.mu.Unlock()
	w.Header().Set("Location", "/assignments/"+o["id"].(string))
	answer(w, http.StatusCreated, o)
}

func (s *System) oneAssignment(w http.ResponseWriter, r *http.Request) {
	var change Object
	if r.Method == http.MethodPut {
		var ok bool
		if change, ok = body(w, r); !ok {
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.store.byID[r.PathValue("id")]
	switch {
	case t == nil:
		refuse(w, http.StatusNotFound, "there is no assignment "+r.PathValue("id"))
	case r.Method == http.MethodGet:
		w.Header().Set("ETag", version(t.body))
		answer(w, 200, t.body)
	case r.Header.Get("If-Match") != "" && r.Header.Get("If-Match") != version(t.body):
		refuse(w, http.StatusPreconditionFailed, "it is another version by now")
	case r.Method == http.MethodPut:
		change["id"] = t.body["id"]
		t.body = change
		answer(w, 200, t.body)
	case r.Method == http.MethodDelete:
		delete(s.store.byID, r.PathValue("id"))
		s.store.assignments = slices.DeleteFunc(s.store.assignments, func(o *thing) bool { return o == t })
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusMethodNotAllowed, r.Method+" is not known here")
	}
}

func (s *System) annotations(w http.ResponseWriter, r *http.Request) {
	var note Object
	if r.Method == http.MethodPost {
		var ok bool
		if note, ok = body(w, r); !ok {
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.store.byID[r.PathValue("id")]
	switch {
	case t == nil:
		refuse(w, http.StatusNotFound, "there is no assignment "+r.PathValue("id"))
	case note != nil:
		note = maps.Clone(note)
		note["id"] = s.store.id()
		t.notes = append(t.notes, note)
		answer(w, http.StatusCreated, note)
	default:
		s.list(w, r, t.notes)
	}
}

func (s *System) documents(w http.ResponseWriter, r *http.Request) {
	var d *Document
	if r.Method == http.MethodPost {
		var err error
		if d, err = received(r); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.store.byID[r.PathValue("id")]
	switch {
	case t == nil:
		refuse(w, http.StatusNotFound, "there is no assignment "+r.PathValue("id"))
	case d != nil && strings.HasSuffix(fmt.Sprint(d.Meta["name"]), ".tmp"): // as systems do that know one answer
		refuse(w, http.StatusOK, "a document of this kind is not kept")
	case d != nil:
		d.Meta["id"] = s.store.id()
		t.documents = append(t.documents, *d)
		answer(w, http.StatusCreated, Object{"id": d.Meta["id"], "bytes": d.Bytes, "sha256": d.Sum})
	default:
		list := []Object{}
		for _, d := range t.documents {
			o := maps.Clone(d.Meta)
			o["bytes"], o["sha256"] = d.Bytes, d.Sum
			list = append(list, o)
		}
		s.list(w, r, list)
	}
}

// received reads the parts meta and file.
func received(r *http.Request) (*Document, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	d := &Document{}
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch p.FormName() {
		case "meta":
			if err := json.NewDecoder(p).Decode(&d.Meta); err != nil {
				return nil, fmt.Errorf("meta: %w", err)
			}
		case "file":
			sum := sha256.New()
			n, err := io.Copy(sum, p)
			if err != nil {
				return nil, fmt.Errorf("file: %w", err)
			}
			d.Bytes, d.Sum = int(n), hex.EncodeToString(sum.Sum(nil))
		}
	}
	if d.Meta == nil || d.Sum == "" {
		return nil, errors.New("the parts meta and file are wanted")
	}
	return d, nil
}

// version is an object's ETag.
func version(o Object) string {
	return fmt.Sprintf("%q", fmt.Sprintf("%x", sha256.Sum256([]byte(text(o))))[:16])
}
