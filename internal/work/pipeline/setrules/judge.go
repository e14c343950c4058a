// Package setrules holds records to the rules that no record breaks alone: what is
// unique, and what is the same within a group. Start at Judge.
package setrules

import (
	"godwit/internal/record"
	"godwit/internal/record/seen"
	"godwit/internal/work/pipeline/mapping"
)

// Judge holds the records of a unit to them.
// Of records that differ the first that was loaded is right: what was rejected,
// or refused by the target, counts for nothing. It is used by the stage that
// writes, in the source's order.
type Judge struct {
	rules   []mapping.SetRule
	program *mapping.Program
	owner   *mapping.Worker
	index   *seen.Index
	said    []*seen.Said // in the chunk, by rule
	spared  bool
}

// New is a judge that has heard of no record; nil without such rules, and a nil one
// lets all pass. With spared a record may have what it has itself said before: what
// calls are made of has said it when it was produced, and is redriven when they were
// refused.
func New(p *mapping.Program, spared bool) *Judge {
	rules := p.SetRules()
	if len(rules) == 0 {
		return nil
	}
	return &Judge{rules: rules, program: p, owner: p.Worker(), index: seen.NewIndex(), spared: spared}
}

// Learn takes what was said before a unit began, as Said gave it.
func (j *Judge) Learn(kept []byte) error {
	return seen.Each(kept, false, func(p seen.Pair) error {
		_, _, err := j.index.First(p.Group, p.Value)
		return err
	})
}

// Rules are those whose earlier records have to be learned; of the others it is told
// when all is read.
func (j *Judge) Rules() (names []string) {
	if j == nil {
		return nil
	}
	for _, r := range j.rules {
		if !r.Named() {
			names = append(names, r.Name)
		}
	}
	return names
}

// Said is what the records of the chunk said, by rule. It counts with the chunk.
func (j *Judge) Said() map[string][]byte {
	said := map[string][]byte{}
	for i, rule := range j.rules {
		if b := j.said[i].Bytes(); len(b) > 0 {
			said[rule.Name] = b
		}
	}
	return said
}

// Close frees what it has heard.
func (j *Judge) Close() {
	if j != nil {
		j.index.Close()
	}
}

// Begin is a new chunk.
func (j *Judge) Begin() {
	if j == nil {
		return
	}
	j.said = j.said[:0]
	for _, r := range j.rules {
		j.said = append(j.said, seen.NewSaid(r.Named()))
	}
}

// Admit divides records of a page, with what each claims, into those that may be
// written now and those about which is known more once these are. What breaks a rule
// is rejected.
func (j *Judge) Admit(page []record.Mapped, claims [][]mapping.Claim, open []int) (now, later []int) {
	if j == nil {
		return open, nil
	}
	said := map[seen.Digest]seen.Digest{} // by those of now
	for _, i := range open {
		waits, breaks := false, false
		for _, c := range claims[i] {
			rule := j.rules[c.Rule]
			if rule.Severity != record.SeverityError {
				continue
			}
			value, known := j.index.Find(c.Group)
			breaks = breaks || known && j.differs(rule, value, c.Value)
			value, known = said[c.Group]
			waits = waits || known && j.differs(rule, value, c.Value)
		}
		switch {
		case waits: // told of all that it breaks at once
			later = append(later, i)
		case breaks:
			j.reject(&page[i], claims[i])
		default:
			now = append(now, i)
			for _, c := range claims[i] {
				if _, known := said[c.Group]; !known {
					said[c.Group] = c.Value
				}
			}
		}
	}
	return now, later
}

// reject keeps a record out, with an issue for each rule that it breaks.
func (j *Judge) reject(m *record.Mapped, claims []mapping.Claim) {
	for _, c := range claims {
		rule := j.rules[c.Rule]
		if rule.Severity != record.SeverityError {
			continue
		}
		value, known := j.index.Find(c.Group)
		if known && j.differs(rule, value, c.Value) {
			j.issue(m, c)
		}
	}
	m.Reject, m.Rows = true, nil
}

// differs reports whether a record with one value in a group where there is
// another breaks the rule.
func (j *Judge) differs(r mapping.SetRule, was, is seen.Digest) bool {
	return r.Same == "" && !j.spared || was != is
}

// Loaded notes a record that was written, and warns about it.
func (j *Judge) Loaded(m *record.Mapped, claims []mapping.Claim) error {
	if j == nil {
		return nil
	}
	for _, c := range claims {
		rule := j.rules[c.Rule]
		if rule.Named() {
			j.said[c.Rule].Add(c.Group, c.Value, func() (name, text string) {
				return j.program.Shown(*m, rule.Within), j.program.Shown(*m, rule.Same)
			})
			continue
		}
		value, known, err := j.index.First(c.Group, c.Value)
		if err != nil {
			return err
		}
		if known {
			if rule.Severity == record.SeverityWarn && j.differs(rule, value, c.Value) {
				j.issue(m, c)
			}
			continue
		}
		j.said[c.Rule].Add(c.Group, c.Value, nil)
	}
	return nil
}

// issue tells what a record breaks.
func (j *Judge) issue(m *record.Mapped, c mapping.Claim) {
	rule := j.rules[c.Rule]
	i := record.Issue{Rule: rule.Name, Field: rule.About(), Severity: rule.Severity, Hint: rule.Hint, Owner: j.owner.SetOwner(c.Rule, &m.Record)}
	if rule.Same == "" {
		i.Text, i.Value = "an earlier record has the same", j.program.Shown(*m, rule.Unique...)
	} else {
		i.Text, i.Value = "an earlier record of the same "+rule.Within+" has another", j.program.Shown(*m, rule.Same)
	}
	m.Issues = append(m.Issues[:len(m.Issues):len(m.Issues)], i)
}
