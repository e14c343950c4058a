package seen

import (
	"encoding/json"
	"fmt"

	"godwit/internal/fault"
)

// Said is what the records of a chunk have in the fields of one rule, in the
// form that is kept with the chunk.
type Said struct {
	named bool // with texts and counts: what is to be told of a group needs them
	pairs map[[2]Digest]*Pair
	order []*Pair
}

// Pair is a group with one of its values. Texts are as people may see them.
type Pair struct {
	Group Digest `json:"-"`
	Value Digest `json:"-"`
	Of    []byte `json:"g"` // Group, as JSON holds it
	Is    []byte `json:"v"`
	N     int64  `json:"n"` // records
	Name  string `json:"name"`
	Text  string `json:"text"`
}

// NewSaid is empty. With named, texts and counts are kept too.
func NewSaid(named bool) *Said { return &Said{named: named, pairs: map[[2]Digest]*Pair{}} }

// Add notes one record's pair; texts are only asked for the first of its kind.
func (s *Said) Add(group, value Digest, texts func() (name, text string)) {
	key := [2]Digest{group, value}
	p := s.pairs[key]
	if p == nil {
		p = &Pair{Group: group, Value: value}
		if s.named {
			p.Name, p.Text = texts()
		}
		s.pairs[key], s.order = p, append(s.order, p)
	}
	p.N++
}

// Bytes is the form that is kept: pairs of digests, or JSON.
func (s *Said) Bytes() []byte {
	if !s.named {
		b := make([]byte, 0, 32*len(s.order))
		for _, p := range s.order {
			b = append(append(b, p.Group[:]...), p.Value[:]...)
		}
		return b
	}
	for _, p := range s.order {
		p.Of, p.Is = p.Group[:], p.Value[:]
	}
	b, err := json.Marshal(s.order)
	if err != nil {
		panic(fmt.Sprintf("encode what records said: %v", err)) // texts and numbers
	}
	return b
}

// Each reads the form that is kept.
func Each(kept []byte, named bool, do func(Pair) error) error {
	if !named {
		if len(kept)%32 != 0 {
			return damaged(nil)
		}
		for ; len(kept) > 0; kept = kept[32:] {
			if err := do(Pair{Group: Digest(kept[:16]), Value: Digest(kept[16:32]), N: 1}); err != nil {
				return err
			}
		}
		return nil
	}
	var pairs []Pair
	if err := json.Unmarshal(kept, &pairs); err != nil {
		return damaged(err)
	}
	for _, p := range pairs {
		if len(p.Of) != 16 || len(p.Is) != 16 {
			return damaged(nil)
		}
		p.Group, p.Value = Digest(p.Of), Digest(p.Is)
		if err := do(p); err != nil {
			return err
		}
	}
	return nil
}

func damaged(err error) error {
	return fault.New(fault.Internal, "ledger.damaged", "what records said to a rule cannot be read: %w", err)
}
