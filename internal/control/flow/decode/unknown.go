package decode

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/control/flow/source"
	"godwit/internal/nearest"
	"godwit/internal/unit"
)

// Level is a mapping of the file with its keys, inside others: what an unknown
// key is compared with.
type Level struct {
	Name    string // as an error calls it: copy, the step, connection old
	Form    string // what it is, when it may be something else than a mapping
	Keys    []Key
	Planned []string    // keys of the language that are not built yet
	Forms   []unit.Verb // of a verb
	Up      *Level
	Fills   bool // a verb: its values may be known only in the run
	Given   bool // by flags, whose names stand before each error
}

// Names lists its keys.
func (l *Level) Names() []string {
	names := make([]string, len(l.Keys))
	for i, k := range l.Keys {
		names[i] = k.Name
	}
	return names
}

// Key finds one by its name, nil when there is none.
func (l *Level) Key(name string) *Key {
	for i := range l.Keys {
		if l.Keys[i].Name == name {
			return &l.Keys[i]
		}
	}
	return nil
}

// child is the key of the level below which name stands, if there is one.
func (l *Level) child(name, except string) *Key {
	for i, k := range l.Keys {
		if k.Name == except || k.Map || k.Named {
			continue
		}
		if slices.ContainsFunc(k.Keys(), func(k Key) bool { return k.Name == name }) {
			return &l.Keys[i]
		}
	}
	return nil
}

// unknown says everything that is known about a key that a level has not, and
// returns the key of the level that was most likely meant.
func (d *Decoder) Unknown(l *Level, f source.Field) (meant string) {
	if f.Value.Shape == source.Invalid {
		return ""
	}
	if slices.ContainsFunc(l.Forms, func(v unit.Verb) bool {
		return slices.ContainsFunc(Keys(v.Spec()), func(k Key) bool { return k.Name == f.Name })
	}) {
		d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s does not go with the other keys of this %s: it belongs to another form of it", f.Name, l.Name),
			"keys that go with them: "+strings.Join(l.Names(), ", "), "or make two steps of it")
		return ""
	}
	if slices.Contains(l.Planned, f.Name) {
		d.NotBuilt(f.Spot, f.Name, "built here: "+strings.Join(l.Names(), ", "))
		return ""
	}
	if d.misplaced(l, f) {
		return ""
	}
	text := fmt.Sprintf("unknown key %q in %s", f.Name, l.Name)
	if near := nearest.Name(f.Name, append(l.Names(), l.Planned...)); near != "" {
		d.Add(f.Spot, "flow.unknown-key", text, "did you mean "+near+"?"+values(l.Key(near)))
		return near
	}
	for up := l.Up; up != nil; up = up.Up {
		if near := nearest.Name(f.Name, up.Names()); near != "" {
			d.Add(f.Spot, "flow.unknown-key", text, fmt.Sprintf("did you mean %s, a key of %s?", near, up.Name))
			return ""
		}
	}
	d.Add(f.Spot, "flow.unknown-key", text, "keys: "+strings.Join(l.Names(), ", "))
	return ""
}

func (d *Decoder) NotBuilt(at source.Spot, what string, next ...string) {
	d.Add(at, "flow.not-built", what+" is not built yet", next...)
}

func (d *Decoder) misplaced(l *Level, f source.Field) bool {
	levels := 1
	for up := l.Up; up != nil; up = up.Up {
		if up.Key(f.Name) != nil {
			d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s belongs %s up, in %s, not in %s", f.Name, count(levels), up.Name, l.Name))
			return true
		}
		levels++
	}
	if k := l.child(f.Name, ""); k != nil && k.Kind == File {
		d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s belongs into the file of %s, not into %s", f.Name, k.Name, l.Name), "write "+k.Name+": PATH, and "+f.Name+" in that file")
		return true
	} else if k != nil {
		d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s belongs one level down, in %s, not in %s", f.Name, k.Name, l.Name))
		return true
	}
	if l.Up == nil {
		return false
	}
	if k := l.Up.child(f.Name, l.Name); k != nil {
		d.Add(f.Spot, "flow.misplaced-key", fmt.Sprintf("%s belongs in %s, not in %s", f.Name, k.Name, l.Name))
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
