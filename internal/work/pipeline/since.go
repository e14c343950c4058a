package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/watermark"
)

// since plans an incremental read; nil when it is none. A mark counts as long as
// what is read and what is made of it are the same.
func (l *Load) since(step string, facts catalog.Facts, program *mapping.Program) (*watermark.Spec, error) {
	if l.From.Since == "" || l.Again != nil {
		return nil, nil
	}
	r := facts.Records
	slot := r.Schema.Index(l.From.Since)
	if slot < 0 {
		return nil, connector.NoSince(l.From.Since)
	}
	s := &watermark.Spec{Since: catalog.Since{Column: l.From.Since}, Type: r.Schema.Fields[slot].Type, Overlap: *l.From.Overlap}
	if err := s.Overlap.Check(s.Column, s.Type); err != nil {
		return nil, err
	}
	if rules := program.SetRules(); len(rules) > 0 {
		return nil, fault.New(fault.Config, "load.since", "%s: rule %s compares all records: with since only some are read", rules[0].At, rules[0].Name).
			Hint("a unique index at the target finds the same records, or read everything: leave since away")
	}
	meaning, err := l.meaning(program)
	if err != nil {
		return nil, err
	}
	s.Of = catalog.Watermark{Step: step, Source: facts.Source.ID, Target: facts.Target.ID, Meaning: meaning}
	s.Why = "everything: no run of this step between these databases has ended before"
	if r.Full {
		s.Why = "everything, as --full says"
		return s, nil
	}
	if r.Watermark == nil {
		return s, nil
	}
	for _, what := range slices.Sorted(maps.Keys(meaning)) {
		if r.Watermark.Meaning[what] != meaning[what] {
			s.Why = "everything: " + what + " changed since " + r.Watermark.Run
			return s, nil
		}
	}
	begin, err := record.DecodeValue(r.Watermark.High)
	if err != nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "watermark of step %s: %w", step, err)
	}
	from, err := s.Overlap.Back(begin, s.Type)
	if err != nil {
		return nil, err
	}
	s.Begin = r.Watermark.High
	if s.From, err = record.EncodeValue(from); err != nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "watermark of step %s: %w", step, err)
	}
	s.Why = fmt.Sprintf("%s from %s: %s has read up to %s", s.Column, watermark.Show(from, s.Type), r.Watermark.Run, watermark.Show(begin, s.Type))
	return s, nil
}

// meaning hashes what is read, what becomes of it and where it goes.
func (l *Load) meaning(program *mapping.Program) (map[string]string, error) {
	p, text := l.process(), l.From.Query+l.From.Where
	for _, part := range l.From.Parts {
		text += part.Query
	}
	args, err := unit.Frozen(l.From.Args)
	if err != nil {
		return nil, err
	}
	for name := range args {
		if !strings.Contains(text, ":"+name) {
			delete(args, name)
		}
	}
	values, err := record.EncodeValue(args)
	if err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "the values of a query: %w", err)
	}
	return map[string]string{
		"the query":  hashed(l.From.Table, l.From.Where, l.From.Query, l.From.Since, string(values), string(encode(l.From.Queries(nil)))),
		"the map":    hashed(program.Version(), p.Version),
		"the target": hashed(p.To.Table, p.To.Mode, strings.Join(p.To.Key, "\n"), string(encode(p.To.Calls))),
	}, nil
}

func hashed(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d %s\n", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// since is what a chunk collects.
func (s *LoadSpec) since() watermark.Column {
	if s.Query.Since == nil {
		return watermark.Column{Slot: len(s.Schema.Fields)} // of no record
	}
	slot := s.Schema.Index(s.Query.Since.Column)
	return watermark.Column{Slot: slot, Type: s.Schema.Fields[slot].Type}
}
