package pipeline

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/seen"
)

// judge holds the records of a unit to the rules that no record breaks alone.
// Of records that differ the first that was loaded is right: what was rejected,
// or refused by the target, counts for nothing. It is used by the stage that
// writes, in the source's order.
type judge struct {
	rules   []mapping.SetRule
	program *mapping.Program
	owner   *mapping.Worker
	index   *seen.Index
	said    []*seen.Said // in the chunk, by rule
	// spared: a record may have what it has itself said before. What calls are made of
	// has said it when it was produced, and is redriven when they were refused.
	spared bool
}

// newJudge is nil without such rules. What was said before it is read from what
// is kept: by the settled chunks, in a redrive by those of the first run too.
func (r *loading) newJudge(ctx context.Context) (*judge, error) {
	rules := r.program.SetRules()
	if len(rules) == 0 {
		return nil, nil
	}
	j := judgeOf(r.program)
	j.spared = r.spec.Calls != nil && r.spec.Again != nil
	for _, rule := range rules {
		if rule.Named() {
			continue // told when all is read
		}
		err := r.book.Said(ctx, r.step(), rule.Name, r.spec.Again, func(_ bool, kept []byte) error {
			return seen.Each(kept, false, func(p seen.Pair) error {
				_, _, err := j.index.First(p.Group, p.Value)
				return err
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return j, nil
}

// judgeOf is one that has heard of no record; nil without such rules.
func judgeOf(p *mapping.Program) *judge {
	rules := p.SetRules()
	if len(rules) == 0 {
		return nil
	}
	return &judge{rules: rules, program: p, owner: p.Worker(), index: seen.NewIndex()}
}

func (j *judge) close() {
	if j != nil {
		j.index.Close()
	}
}

// begin is a new chunk.
func (j *judge) begin() {
	if j == nil {
		return
	}
	j.said = j.said[:0]
	for _, r := range j.rules {
		j.said = append(j.said, seen.NewSaid(r.Named()))
	}
}

// admit divides records into those that may be written now and those about
// which is known more once these are. What breaks a rule is rejected.
func (j *judge) admit(b *batch, open []int) (now, later []int) {
	if j == nil {
		return open, nil
	}
	page := map[seen.Digest]seen.Digest{} // of now
	for _, i := range open {
		waits, breaks := false, false
		for _, c := range b.claims[i] {
			rule := j.rules[c.Rule]
			if rule.Severity != record.SeverityError {
				continue
			}
			value, known := j.index.Find(c.Group)
			breaks = breaks || known && j.differs(rule, value, c.Value)
			value, known = page[c.Group]
			waits = waits || known && j.differs(rule, value, c.Value)
		}
		switch {
		case waits: // told of all that it breaks at once
			later = append(later, i)
		case breaks:
			j.reject(b, i)
		default:
			now = append(now, i)
			for _, c := range b.claims[i] {
				if _, known := page[c.Group]; !known {
					page[c.Group] = c.Value
				}
			}
		}
	}
	return now, later
}

// reject keeps a record out, with an issue for each rule that it breaks.
func (j *judge) reject(b *batch, i int) {
	m := &b.mapped[i]
	for _, c := range b.claims[i] {
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
func (j *judge) differs(r mapping.SetRule, was, is seen.Digest) bool {
	return r.Same == "" && !j.spared || was != is
}

// loaded notes a record that was written, and warns about it.
func (j *judge) loaded(b *batch, i int) error {
	if j == nil {
		return nil
	}
	m := &b.mapped[i]
	for _, c := range b.claims[i] {
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
func (j *judge) issue(m *record.Mapped, c mapping.Claim) {
	rule := j.rules[c.Rule]
	i := record.Issue{Rule: rule.Name, Field: rule.About(), Severity: rule.Severity, Hint: rule.Hint, Owner: j.owner.SetOwner(c.Rule, &m.Record)}
	if rule.Same == "" {
		i.Text, i.Value = "an earlier record has the same", j.program.Shown(*m, rule.Unique...)
	} else {
		i.Text, i.Value = "an earlier record of the same "+rule.Within+" has another", j.program.Shown(*m, rule.Same)
	}
	m.Issues = append(m.Issues[:len(m.Issues):len(m.Issues)], i)
}

// keep hands over what the chunk's records said, before it is prepared: it
// counts with the chunk.
func (r *loading) keep(ctx context.Context, c *chunk) error {
	if err := r.watch.Keep(ctx, r.book, r.unit, c.Number, r.spec.Again); err != nil || r.judge == nil {
		return err
	}
	said := map[string][]byte{}
	for i, rule := range r.judge.rules {
		if b := r.judge.said[i].Bytes(); len(b) > 0 {
			said[rule.Name] = b
		}
	}
	u := r.unit
	u.Step = r.step()
	return r.book.Say(ctx, u, c.Number, r.spec.Again, said)
}

// hand gives records to the target and returns what became of each that it
// was given, by its place in the batch.
func (r *loading) hand(ctx context.Context, c *chunk, b *batch) ([]connector.Became, error) {
	became := make([]connector.Became, len(b.mapped))
	b.back = make([][]any, len(b.mapped))
	open := make([]int, 0, len(b.mapped))
	for i, m := range b.mapped {
		if m.Filtered == "" && !m.Reject && len(m.Waits) == 0 {
			open = append(open, i)
		}
	}
	for {
		if len(open) == 0 {
			var err error
			if open, err = r.wake(ctx, c, b); err != nil || len(open) == 0 {
				return became, err
			}
		}
		now, later := r.judge.admit(b, open)
		page := make([]record.Mapped, 0, len(now))
		for _, i := range now {
			page = append(page, b.mapped[i])
		}
		out, err := r.writeRecords(ctx, c, page)
		if err != nil {
			return nil, err
		}
		for n := range out {
			if out[n].Outcome == record.Dead {
				page[n].Rows = nil // its key may be no value at all
			}
		}
		back, err := r.spec.Remember.Read(ctx, c.records, r.spec.Into[0], page)
		if err != nil {
			return nil, err
		}
		for n, i := range now {
			became[i] = out[n]
			if back != nil {
				b.back[i] = back[n]
			}
			if out[n].Outcome == record.Dead {
				continue
			}
			if err := r.judge.loaded(b, i); err != nil {
				return nil, err
			}
			r.known(&b.mapped[i], b.back[i])
		}
		open = later
	}
}
