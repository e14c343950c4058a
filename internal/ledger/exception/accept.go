package exception

import "context"

// IsAccepted says of an exception e that it has issues that kept it out, and
// that each of them was accepted.
const IsAccepted = ` (e.id IN (SELECT i.exception FROM issue i WHERE i.exception = e.id AND i.exception <> 0 AND i.severity = 'error' AND i.state <> 'closed')
	AND NOT EXISTS (SELECT 1 FROM issue i WHERE i.exception = e.id AND i.exception <> 0 AND i.severity = 'error' AND i.state <> 'closed' AND NOT ` + accepted + `))`

// Accept returns the statement that accepts those of a run's issues that are
// open and that a filter selects, and Unaccept the one that takes it back; both
// with their arguments. The first takes the number of the action that asked
// for it.
func (f IssueFilter) Accept(run, action int64) (string, []any) {
	f.State = Open
	where, args := f.where(run)
	return `INSERT INTO accepted (key, entity, step, rule, field, value, flow, env, node, inputs, times, action)
		SELECT i.key, i.entity, i.step, i.rule, i.field, i.value, h.flow, h.env, h.parent_node, ` + f.inputs("h.inputs") + `, count(*), ?
		FROM (SELECT i.*, ` + standing + ` AS standing FROM issue i` + where + `) AS i JOIN run h ON h.id = i.origin WHERE ` + f.which() + `
		GROUP BY i.key, i.entity, i.step, i.rule, i.field, i.value, h.flow, h.env, h.parent_node, h.inputs
		ON CONFLICT (key, entity, step, rule, field, value, flow, env, node, inputs) DO UPDATE SET times = accepted.times + excluded.times, action = excluded.action`,
		append([]any{action}, args...)
}

// Unaccept is the opposite of Accept.
func (f IssueFilter) Unaccept(run int64) (string, []any) {
	where, args := f.where(run)
	return `DELETE FROM accepted WHERE inputs IN (SELECT h.inputs FROM run h WHERE h.id = ? UNION SELECT '*') AND (key, entity, step, rule, field, value, flow, env, node) IN (
		SELECT i.key, i.entity, i.step, i.rule, i.field, i.value, h.flow, h.env, h.parent_node FROM issue i JOIN run h ON h.id = i.origin` + where + `)`, append([]any{run}, args...)
}

// inputs is what of a run's inputs an acceptance holds for.
func (f IssueFilter) inputs(own string) string {
	if f.AllInputs {
		return "'*'"
	}
	return own
}

// CountIssues counts a run's issues.
func (l Look) CountIssues(ctx context.Context, run int64, f IssueFilter) (int64, error) {
	where, args := f.where(run)
	return l.number(ctx, standingOf(where)+` SELECT count(*) FROM i WHERE `+f.which(), args...)
}

// CountAccepted counts the records that a run did not load, of its own or of the one
// that it processes again, and of which every issue that kept them out was accepted.
func (l Look) CountAccepted(ctx context.Context, run int64) (int64, error) {
	return l.number(ctx, `SELECT count(*) FROM exception e WHERE (e.run = ? OR e.id IN (SELECT a.exception FROM attempt a WHERE a.run = ?)) AND e.closed = '' AND`+IsAccepted+shown, run, run)
}
