package pipeline

import (
	"godwit/internal/record"
	"godwit/internal/work/pipeline/sentrows"
)

// except puts a record away that was not loaded, with all that is needed to
// process it again.
func (c *chunk) except(m record.Mapped, outcome record.Outcome, refusal *record.Refusal) error {
	source, err := c.source(m.Record)
	if err != nil {
		return err
	}
	e := record.Exception{
		ID:   m.Record.Exception,
		Step: c.step, Entity: c.Account.Entity, Key: m.Record.Key, Unit: c.Account.Unit, Outcome: outcome,
		Issues: m.Issues, Refusal: refusal, Attempts: 1, Mapping: c.version, First: c.now, Last: c.now, Payload: record.Payload{Source: source}, Order: m.Record.Order,
	}
	if refusal != nil {
		refusal.Value = c.printable.Value(m, refusal)
		e.Code, e.Text = refusal.Code, refusal.Text
		if refusal.Field != "" {
			e.Fields = []string{refusal.Field}
		}
		if e.Sent, err = sentrows.Encode(c.into, m.Rows); err != nil {
			return err
		}
	} else {
		e.Code, e.Text, e.Fields = reasons(m.Issues)
		if outcome == record.Pending {
			e.Code = record.CodeBlocked
		}
	}
	e.Cause = record.Cause(e)
	c.exceptions = append(c.exceptions, e)
	return nil
}

// source is a record as it was read: its fields, or, when it is broken, its
// text.
func (c *chunk) source(r record.Record) ([]byte, error) {
	if r.Broken != nil {
		return record.EncodeValue(string(r.Broken.Raw))
	}
	return record.Encode(c.schema, r.AsRead())
}

// close notes the end of an exception that this record was redriven from.
func (c *chunk) close(m record.Mapped, outcome record.Outcome) {
	if m.Record.Exception != 0 {
		c.exceptions = append(c.exceptions, record.Exception{ID: m.Record.Exception, Outcome: outcome, Mapping: c.version, Last: c.now})
	}
}

// reasons are the issues that kept a record out, the first one first.
func reasons(issues []record.Issue) (code, text string, fields []string) {
	for _, i := range issues {
		if i.Severity == record.SeverityWarn {
			continue
		}
		if code == "" {
			code, text = "issue."+i.Rule, i.Text
		}
		if i.Field != "" {
			fields = append(fields, i.Field)
		}
	}
	return code, text, fields
}

// warn notes the issues of a record that was loaded all the same.
func (c *chunk) warn(m record.Mapped) {
	for _, i := range m.Issues {
		c.warnings = append(c.warnings, record.Warning{Step: c.step, Entity: c.Account.Entity, Key: m.Record.Key, Issue: i})
	}
}
