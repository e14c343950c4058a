package call

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"godwit/internal/unit"
	"godwit/internal/unit/calls"
)

// listed are items in memory.
type listed [][]byte

func (l *listed) Next() ([]byte, error) {
	if len(*l) == 0 {
		return nil, io.EOF
	}
	text := (*l)[0]
	*l = (*l)[1:]
	return text, nil
}

func (*listed) Close() error { return nil }

// TestTogether: items of several partitions come in the order of the source.
func TestTogether(t *testing.T) {
	t.Parallel()
	of := func(turns ...int64) *lane {
		l := &listed{}
		for _, turn := range turns {
			i := calls.Texts{Key: "k", Turn: turn}
			*l = append(*l, i.Append(nil))
		}
		return &lane{Items: l}
	}
	all := &together{of(2, 3, 9), of(), of(1, 4, 8, 10), of(5)}
	got := ""
	for {
		text, err := all.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		i, err := calls.DecodeItem(text)
		if err != nil {
			t.Fatal(err)
		}
		got += fmt.Sprint(i.Turn, " ")
	}
	if got != "1 2 3 4 5 8 9 10 " {
		t.Error(got)
	}
}

// TestSharing: partitions that share keys, also by others, are of one unit.
func TestSharing(t *testing.T) {
	t.Parallel()
	var s sharing
	for part := range s.least {
		s.least[part] = part
	}
	s.join(5, 2)
	s.join(7, 5)
	s.join(3, 3)
	counts := map[int]int64{}
	for part := range calls.Partitions {
		counts[part] = 3000
	}
	got := ""
	for _, u := range divide(unit.Unit{ID: "load/divide/x/1", Step: "load", Kind: calls.KindDivide}, calls.Delivery{}, counts, s) {
		spec, err := specOf(u)
		if err != nil {
			t.Fatal(err)
		}
		got += fmt.Sprint(spec.Parts, spec.Twice, " ")
	}
	if got != "[2 5 7] true [0] false [1] false [3] true [4] false [6] false " {
		t.Error(got)
	}
}

// TestHeld: what all that hold a group up wait for goes before them, nothing else.
func TestHeld(t *testing.T) {
	t.Parallel()
	p, _ := positionOf(nil)
	is := func(key string, want bool) {
		t.Helper()
		if _, waits := p.holder("g", key); waits != want {
			t.Errorf("%s waits: %t", key, waits)
		}
	}
	is("a", false)
	p.hold("g", "a", []string{"c", "d"})
	is("b", true)
	is("c", false)
	p.hold("g", "c", []string{"e"}) // which is waited for, and waits itself
	is("e", false)
	is("d", false)
	p.hold("g", "x", []string{"d"})
	is("d", false)
	is("e", true)
	p.hold("g", "y", nil)
	is("d", true)
	if by, _ := p.holder("g", "z"); by != "a" {
		t.Errorf("by %s", by)
	}
}
