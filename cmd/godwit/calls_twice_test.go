package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/newsys"
)

// TestCallsTwice has a key that stands twice in the source: what the last one says is
// what stays, also when the first was spooled by a process that is gone.
func TestCallsTwice(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := filed(t, s, strings.Replace(created, "group: project\n", "", 1), "")
	rows := func(first string) {
		text := "id,project,title\n5,P," + first + "\n"
		for i := 100; i < 1600; i++ {
			text += fmt.Sprintf("%d,P,Assignment %d\n", i, i)
		}
		write(t, filepath.Dir(m.ledger), "all.csv", text+"5,P,as it stays\n")
	}
	rows("at first")
	m.load(t).ends(t, 0)
	rows("for a while")
	m.load(t, "GODWIT_KILL_AT=load.settled:1").ends(t, -1)
	m.load(t).ends(t, 0)
	rows("for another while")
	m.load(t, "GODWIT_CHANGED=0").ends(t, 0) // none of the keys that changed fits into memory
	for _, a := range s.Assignments() {
		if a["externalId"] == "5" && a["title"] != "as it stays" {
			t.Errorf("it is %v", a["title"])
		}
	}
	if n := len(s.Assignments()); n != 1501 {
		t.Errorf("%d objects", n)
	}
	m.checked(t)
}

// TestCallsTwiceUnsettled has a key that comes again when it is delivered, not in
// memory any more and not settled either: it waits until it is, though nothing is settled
// for long, and is updated, not made once more.
func TestCallsTwiceUnsettled(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	rows := "5,P,at first\n"
	for i := 100; i < 300; i++ { // of one group, of which less is in memory
		rows += fmt.Sprintf("%d,P,Assignment %d\n", i, i)
	}
	m := filed(t, s, created, rows+"5,P,as it stays\n")
	m.load(t, "GODWIT_SETTLE=100000", "GODWIT_SETTLE_EVERY=1h").ends(t, 0)
	for _, a := range s.Assignments() {
		if a["externalId"] == "5" && a["title"] != "as it stays" {
			t.Errorf("it is %v", a["title"])
		}
	}
	if n := len(s.Assignments()); n != 201 {
		t.Errorf("%d objects", n)
	}
	m.checked(t)
}

// TestCallsTwiceGroups has keys that come in two groups, the first time behind many others
// of a long one: in one unit and over several, also when it is killed. Each is made once,
// and what comes last in the source is what stays.
func TestCallsTwiceGroups(t *testing.T) {
	t.Parallel()
	for name, others := range map[string]int{"one unit": 0, "several": 4000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			rows := ""
			add := func(key int, group, title string) { rows += fmt.Sprintf("%d,%s,%s\n", key, group, title) }
			for i := range others {
				add(10_000+i, fmt.Sprint("F", i%50), "other")
			}
			for i := range 150 {
				add(1000+i, "long", "before")
			}
			for i := range 20 {
				add(i, "long", "at first")
			}
			for i := range 20 {
				add(i, fmt.Sprint("G", i), "as it stays")
				add(2000+i, fmt.Sprint("G", i), "behind")
			}
			m := filed(t, s, created, rows)
			m.load(t, "GODWIT_KILL_AT=deliver.settled:2").ends(t, -1)
			m.load(t, "GODWIT_KILL_AT=call.answered:70").ends(t, -1)
			m.load(t).ends(t, 0)
			wrong := 0
			for _, a := range s.Assignments() {
				if a["title"] == "at first" || a["projectId"] == "long" && a["title"] != "before" {
					wrong++
				}
			}
			if v := s.Verdict(); wrong > 0 || len(v.Duplicates) > 0 || len(s.Assignments()) != others+190 {
				t.Errorf("%d objects, %d are not what comes last, %d twice", len(s.Assignments()), wrong, len(v.Duplicates))
			}
			m.checked(t)
		})
	}
}
