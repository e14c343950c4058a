package newsys

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"
)

// Verdict is what the requests so far come to.
type Verdict struct {
	Requests    int
	Writes      int         // of them that would change something
	Settings    int         // of those to settings and workflows
	Statuses    map[int]int // answers by status; 0: none
	Duplicates  []string    // external ids of which there are several
	Disorder    []string    // what came behind a later one of its project
	Unfinished  []string    // assignments with fewer annotations than they said
	Changed     []string    // settings that are not as they were
	Busiest     int         // requests in the busiest second, wherever it begins
	Mean        float64     // requests a second, from the first to the last
	Concurrency int         // requests at the same time, at most
	Connections int         // opened
	Open        int         // of them at the same time, at most
}

// Verdict judges.
func (s *System) Verdict() Verdict {
	list := s.Arrivals()
	v := Verdict{Requests: len(list), Busiest: busiest(list), Statuses: map[int]int{}}
	for _, a := range list {
		v.Statuses[a.Status]++
		if a.Method != http.MethodGet && a.Method != http.MethodHead {
			v.Writes++
			if strings.HasPrefix(a.Path, "/settings/") || strings.HasPrefix(a.Path, "/workflows/") {
				v.Settings++
			}
		}
	}
	if n := len(list); n > 1 && list[n-1].At > list[0].At {
		v.Mean = float64(n-1) / (list[n-1].At - list[0].At).Seconds()
	}
	s.log.mu.Lock()
	v.Concurrency, v.Connections, v.Open = s.log.most, s.log.connections, s.log.opens
	s.log.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	v.Disorder = append(v.Disorder, s.store.disorder...)
	v.Duplicates = s.store.duplicates()
	for _, t := range s.store.assignments {
		if want, ok := t.body["notes"].(float64); ok && float64(len(t.notes)) < want {
			v.Unfinished = append(v.Unfinished, fmt.Sprint(t.body["externalId"]))
		}
	}
	for place, now := range s.store.configuration() {
		if s.store.initial[place] != now {
			v.Changed = append(v.Changed, place)
		}
	}
	sort.Strings(v.Changed)
	return v
}

// duplicates are external ids that several objects of a kind have, or several
// annotations or documents of one assignment. The mutex is held.
func (st *store) duplicates() (list []string) {
	one := func(kind string, all []Object) {
		seen := map[string]int{}
		for _, o := range all {
			id, ok := o["externalId"]
			if name := written(id); ok {
				if seen[name]++; seen[name] == 2 {
					list = append(list, kind+name)
				}
			}
		}
	}
	var assignments, planboards []Object
	for _, t := range st.assignments {
		assignments = append(assignments, t.body)
	}
	for _, t := range st.planboards {
		planboards = append(planboards, t.body)
	}
	one("", assignments)
	one("planboards/", planboards)
	for _, kind := range slices.Sorted(maps.Keys(st.others)) {
		one(kind+"/", st.others[kind])
	}
	for _, t := range st.assignments {
		var documents []Object
		for _, d := range t.documents {
			documents = append(documents, d.Meta)
		}
		one(fmt.Sprintf("%v/annotations/", t.body["externalId"]), t.notes)
		one(fmt.Sprintf("%v/documents/", t.body["externalId"]), documents)
	}
	return list
}

func busiest(list []Arrival) int {
	most, first := 0, 0
	for i, a := range list {
		for a.At-list[first].At >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
