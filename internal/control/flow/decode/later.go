package decode

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Later are the names whose values are only known when a step, or an item of
// its for_each, begins. What uses one of them is filled in then.
type Later struct {
	Names []string
	Used  bool     // by what was decoded since it was asked last
	Read  []string // files that were opened since
	Place bool     // some name of a connection depends on one
	File  bool     // some path of a file does
	Open  bool     // anything may depend on one: the flow is only looked at
}

// Among reports whether one of the names is among what an expression reads.
func (l *Later) Among(reads []string) bool {
	if l == nil {
		return false
	}
	for _, path := range reads {
		name, _, _ := strings.Cut(path, ".")
		if slices.Contains(l.Names, name) {
			l.Used = true
			return true
		}
	}
	return false
}

var words = regexp.MustCompile(`:?[A-Za-z_][A-Za-z0-9_]*`)

// mentioned notes that a sql binds one of the names, or that an expression that
// is evaluated in the run holds one. That it is another word of the same
// spelling does no harm.
func (l *Later) mentioned(kind Kind, text string) {
	if l == nil || l.Used {
		return
	}
	for _, w := range words.FindAllString(text, -1) {
		name, bound := strings.CutPrefix(w, ":")
		l.Used = l.Used || (bound || kind != SQL) && slices.Contains(l.Names, name)
	}
}

// waits notes what kind of value waits for a name that comes later. What must
// be known when the flow is read is refused.
func (d *Decoder) waits(n *Node, k Key, l *Level) {
	if !d.Later.Waits() {
		return // the flow is only read, not bound
	}
	for at := l; at != nil || d.Later.Open; at = at.Up {
		switch {
		case d.Later.Open, at.Fills, at.Name == "for_each" && (k.Name == "at" || k.Name == "query"):
			d.Later.Place = d.Later.Place || k.Kind == Name || k.Kind == Place
			d.Later.File = d.Later.File || k.Kind == File || k.Kind == CSV
			return
		case at.Up == nil || at.Name == "the step":
			d.Add(n.Spot, "flow.expr", fmt.Sprintf("%s in %s is known before the run: only what the verb says may depend on items and results", k.Name, l.Name),
				"in scope: inputs, env")
			return
		}
	}
}

// Waits reports whether something that was decoded since was left open.
func (l *Later) Waits() bool { return l != nil && l.Used }

func (l *Later) HasPlace() bool { return l != nil && l.Place }

func (l *Later) HasFile() bool { return l != nil && l.File }
