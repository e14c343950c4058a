package record

import "math"

// Wanted says which parts of a document are read: a tree of names. Of what it
// does not have only the kind is kept (a document, a list, a single value), so
// that whoever meets another kind than he expects can say so. The zero value
// wants nothing but that. Made by one goroutine, then read by any number.
type Wanted struct {
	all   bool
	each  bool // a list, element by element: what is none is kept whole, to be told about
	names map[string]*Wanted
	items *Wanted // of all elements
	most  int     // elements from the start that are read
}

var everything = Wanted{all: true, most: math.MaxInt}

// All wants the whole value.
func (w *Wanted) All() { w.all, w.most = true, math.MaxInt }

// Name gives what is wanted of a field.
func (w *Wanted) Name(name string) *Wanted {
	of := w.names[name]
	if of == nil {
		if w.names == nil {
			w.names = map[string]*Wanted{}
		}
		of = &Wanted{}
		w.names[name] = of
	}
	return of
}

// Item gives what is wanted of the nth element of a list, from the end where n
// is negative. More may be read: the elements share one tree.
func (w *Wanted) Item(n int) *Wanted {
	if n < 0 {
		n = math.MaxInt - 1
	}
	w.most = max(w.most, n+1)
	if w.items == nil {
		w.items = &Wanted{}
	}
	return w.items
}

// Each gives what is wanted of the elements of a list, all of which are gone
// through.
func (w *Wanted) Each() *Wanted {
	w.each = true
	return w.Item(-1)
}

// below is what is wanted of a field, nil for nothing.
func (w *Wanted) below(name string) *Wanted {
	if w.all || w.each {
		return &everything
	}
	return w.names[name]
}

// elements is what is wanted of the elements of a list, and of how many.
func (w *Wanted) elements() (of *Wanted, most int) {
	if w.all {
		return &everything, w.most
	}
	return w.items, w.most
}
