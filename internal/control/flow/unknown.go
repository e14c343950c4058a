package flow

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/control/flow/source"
	"godwit/internal/nearest"
	"godwit/internal/unit"
)

// level is a mapping of the file with its keys, inside others: what an unknown
// key is compared with.
type level struct {
	name    string // as an error calls it: copy, the step, connection old
	form    string // what it is, when it may be something else than a mapping
	keys    []Key
	planned []string    // keys of the language that are not built yet
	forms   []unit.Verb // of a verb
	up      *level
	given   bool // by flags, whose names stand before each error
}

func (l *level) names() []string {
	names := make([]string, len(l.keys))
	for i, k := range l.keys {
		names[i] = k.Name
	}
	return names
}

func (l *level) key(name string) *Key {
	for i := range l.keys {
		if l.keys[i].Name == name {
			return &l.keys[i]
		}
	}
	return nil
}

// child is the key of the level below which name stands, if there is one.
func (l *level) child(name, except string) *Key {
	for i, k := range l.keys {
		if k.Name == except || k.Map || k.Named {
			continue
		}
		if slices.ContainsFunc(k.Keys(), func(k Key) bool { return k.Name == name }) {
			return &l.keys[i]
		}
	}
	return nil
}

// unknown says everything that is known about a key that a level has not, and
// returns the key of the level that was most likely meant.
func (d *decoder) unknown(l *level, f source.Field) (meant string) {
	if f.Value.Shape == source.Invalid {
		return ""
	}
	if slices.ContainsFunc(l.forms, func(v unit.Verb) bool {
		return slices.ContainsFunc(Keys(v.Spec()), func(k Key) bool { return k.Name == f.Name })
	}) {
		d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s does not go with the other keys of this %s: it belongs to another form of it", f.Name, l.name),
			"keys that go with them: "+strings.Join(l.names(), ", "), "or make two steps of it")
		return ""
	}
	if slices.Contains(l.planned, f.Name) {
		d.notBuilt(f.Spot, f.Name, "built here: "+strings.Join(l.names(), ", "))
		return ""
	}
	if d.misplaced(l, f) {
		return ""
	}
	text := fmt.Sprintf("unknown key %q in %s", f.Name, l.name)
	if near := nearest.Name(f.Name, append(l.names(), l.planned...)); near != "" {
		d.Add(f.Spot, "flow.unknown-key", text, "did you mean "+near+"?"+values(l.key(near)))
		return near
	}
	for up := l.up; up != nil; up = up.up {
		if near := nearest.Name(f.Name, up.names()); near != "" {
			d.Add(f.Spot, "flow.unknown-key", text, fmt.Sprintf("did you mean %s, a key of %s?", near, up.name))
			return ""
		}
	}
	d.Add(f.Spot, "flow.unknown-key", text, "keys: "+strings.Join(l.names(), ", "))
	return ""
}

func (d *decoder) notBuilt(at source.Spot, what string, next ...string) {
	d.Add(at, "flow.not-built", what+" is not built yet", next...)
}

func (d *decoder) misplaced(l *level, f source.Field) bool {
	levels := 1
	for up := l.up; up != nil; up = up.up {
		if up.key(f.Name) != nil {
			d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s belongs %s up, in %s, not in %s", f.Name, count(levels), up.name, l.name))
			return true
		}
		levels++
	}
	if k := l.child(f.Name, ""); k != nil && k.Kind == File {
		d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s belongs into the file of %s, not into %s", f.Name, k.Name, l.name), "write "+k.Name+": PATH, and "+f.Name+" in that file")
		return true
	} else if k != nil {
		d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s belongs one level down, in %s, not in %s", f.Name, k.Name, l.name))
		return true
	}
	if l.up == nil {
		return false
	}
	if k := l.up.child(f.Name, l.name); k != nil {
		d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s belongs in %s, not in %s", f.Name, k.Name, l.name))
		return true
	}
	return false
}

func count(levels int) string {
	if levels == 1 {
		return "one level"
	}
	return fmt.Sprintf("%d levels", levels)
}

// values lists what a key may be, for the hint that names it.
func values(k *Key) string {
	if k == nil || len(k.Enum) == 0 {
		return ""
	}
	return " (" + strings.Join(k.Enum, ", ") + ")"
}
