package exception

import (
	"context"

	"godwit/internal/record"
)

// What an issue is, beside the earlier runs of the same flow in the same
// environment. An issue without a key is the same one when its value is.
const (
	New      = "new"
	Reopened = "reopened" // a run in between had found it mended
	Still    = "still"
	Accepted = "accepted" // and otherwise open
)

// The parts of SQL that follow speak of an issue i. Nothing of what they say is
// stored: it follows from the rows of issues, passes and what was accepted, so
// that a chunk that is discarded or does not count takes its word with it.
const (
	// Home holds for two runs f and h of one flow with the same inputs in one
	// environment, called at the same place.
	Home = ` f.flow = h.flow AND f.env = h.env AND f.inputs = h.inputs AND f.parent_node = h.parent_node`

	// Passed are the passes p that count, with their chunk c: what a run that was
	// cancelled has loaded may never have been published.
	Passed = ` passed p JOIN chunk c ON c.run = p.run AND c.unit = p.unit AND c.n = p.n AND c.state = 'settled'
		JOIN account a ON a.run = c.run AND a.step = c.step AND a.entity = c.entity AND a.chunk = c.account AND a.unit = c.unit AND a.current
		JOIN run f ON f.id = p.origin JOIN run w ON w.id = p.run AND w.outcome <> 'cancelled'`

	passes = ` FROM` + Passed + ` JOIN run h ON h.id = i.origin WHERE p.key = i.key AND p.rule = i.rule AND p.field = i.field
		AND c.step = i.step AND c.entity = i.entity AND` + Home
	// That there are none at all is found out once for a question, not once for each issue.
	anyPass  = `EXISTS (SELECT 1 FROM passed) AND `
	mended   = `(i.state = 'closed' OR ` + anyPass + `EXISTS (SELECT 1` + passes + ` AND p.run > i.found) OR ` + came + `)`
	accepted = `(EXISTS (SELECT 1 FROM accepted) AND EXISTS (SELECT 1 FROM accepted y JOIN run h ON h.id = i.origin WHERE y.key = i.key AND y.entity = i.entity AND y.step = i.step
		AND y.rule = i.rule AND y.field = i.field AND y.value = i.value AND y.flow = h.flow AND y.env = h.env AND y.node = h.parent_node AND y.inputs IN (h.inputs, '*')
		AND (i.key <> '' OR y.times > (SELECT count(*) FROM issue o WHERE o.run = i.run AND o.key = '' AND o.entity = i.entity AND o.step = i.step
			AND o.rule = i.rule AND o.field = i.field AND o.value = i.value AND o.id < i.id AND o.state <> 'closed'))))`

	// came is an issue about a stub whose record is there now: how it stands at all
	// places is one of the first four of records.outcomes, those that are loaded.
	came = `(i.rule = '` + record.RuleStub + `' AND i.exception = 0 AND (SELECT max(y.state) FROM run h JOIN place z ON z.entity = i.entity AND z.env = h.env
		JOIN record y ON y.place = z.id AND y.key = i.key AND y.chunk >= z.floor WHERE h.id = i.origin) <= 3)`

	// dismissed is an issue whose record somebody said will not come: nothing was mended.
	dismissed = `(i.state = 'closed' AND i.closed_by = 0 AND NOT (` + anyPass + `EXISTS (SELECT 1` + passes + ` AND p.run > i.found)))`

	unprepared = ` AND NOT EXISTS (SELECT 1 FROM chunk p WHERE p.state = 'prepared' AND o.id BETWEEN p.issue_from AND p.issue_to)`
)

// earlier asks something of the same issues o of earlier runs. Whether there are
// issues of such at all is found out once for a question.
func earlier(what string) string {
	return `(CASE WHEN (SELECT min(found) FROM issue) < i.run THEN ` + twins(what, "o.found < i.run") + ` END)`
}

// twins asks something of the same issues o, of which more is so.
func twins(what, so string) string {
	return `(CASE WHEN i.key <> '' THEN (SELECT ` + what + ` FROM issue o JOIN run f ON f.id = o.origin JOIN run h ON h.id = i.origin
			WHERE o.key = i.key AND o.key <> '' AND o.entity = i.entity AND o.step = i.step AND o.rule = i.rule AND o.field = i.field
			AND ` + so + ` AND` + Home + unprepared + `)
		ELSE (SELECT ` + what + ` FROM issue o WHERE o.run IN (SELECT f.id FROM run f JOIN run h ON` + Home + ` WHERE h.id = i.origin)
			AND o.rule = i.rule AND o.field = i.field AND o.key = '' AND o.entity = i.entity AND o.step = i.step AND o.value = i.value
			AND ` + so + unprepared + `) END)`
}

// standing is what an issue is.
var standing = `CASE WHEN ` + mended + ` THEN 'closed' WHEN ` + accepted + ` THEN 'accepted' WHEN i.state = 'still' THEN 'still'
	WHEN ` + earlier("max(o.found)") + ` IS NULL THEN 'new'
	WHEN ` + anyPass + `coalesce((SELECT max(p.run)` + passes + ` AND p.run < i.run), 0) > ` + earlier("max(o.found)") + ` THEN 'reopened' ELSE 'still' END`

// standingOf begins a question about the issues i of a condition, with what each
// is: that is found out once for each, however often the question names it.
func standingOf(where string) string {
	return `WITH i AS MATERIALIZED (SELECT i.id, i.key, i.rule, i.field, i.value, i.severity, i.owner, i.text, i.hint, i.first, i.last, ` + standing +
		` AS standing FROM issue i` + where + `)`
}

// IssueCounts counts the issues of an owner by what they are.
type IssueCounts struct {
	Owner    string `json:"owner"`
	New      int64  `json:"new"`
	Reopened int64  `json:"reopened"`
	Still    int64  `json:"still"`
	Fixed    int64  `json:"fixed"`    // of earlier runs: their records fulfil the rules now
	Accepted int64  `json:"accepted"` // in none of the others
}

// Plus adds two up; the owner stays.
func (s IssueCounts) Plus(o IssueCounts) IssueCounts {
	s.New, s.Reopened, s.Still = s.New+o.New, s.Reopened+o.Reopened, s.Still+o.Still
	s.Fixed, s.Accepted = s.Fixed+o.Fixed, s.Accepted+o.Accepted
	return s
}

// Open are those that are neither closed nor accepted.
func (s IssueCounts) Open() int64 { return s.New + s.Reopened + s.Still }

// count adds n issues of a standing.
func (s *IssueCounts) count(what string, n int64) {
	switch what {
	case New:
		s.New += n
	case Reopened:
		s.Reopened += n
	case Still:
		s.Still += n
	case Accepted:
		s.Accepted += n
	case Closed:
		s.Fixed += n
	}
}

// ByOwner counts a run's issues by owner, in the order of their names, and
// those of earlier runs that it found mended.
func (l Look) ByOwner(ctx context.Context, run int64) ([]IssueCounts, error) {
	type counted struct {
		owner, what string
		n           int64
	}
	list, err := ask(ctx, l, func(r scanner) (c counted, err error) { err = r.Scan(&c.owner, &c.what, &c.n); return c, err },
		standingOf(` WHERE i.run = ?`+shownIssue)+` SELECT owner, standing, count(*) FROM i WHERE standing <> 'closed' GROUP BY owner, standing
		UNION ALL SELECT owner, 'closed', count(*) FROM (`+fixed+`) AS x GROUP BY owner ORDER BY 1, 2`, run, run)
	var all []IssueCounts
	for _, c := range list {
		if n := len(all); n == 0 || all[n-1].Owner != c.owner {
			all = append(all, IssueCounts{Owner: c.owner})
		}
		all[len(all)-1].count(c.what, c.n)
	}
	return all, err
}

// fixed are the issues that a run found mended, each as it was found last. What a
// record waited for until the same run released it was never wrong.
const fixed = `SELECT i.* FROM issue i WHERE NOT (i.state = 'closed' AND i.closed_by = i.found) AND i.id IN (SELECT (SELECT max(o.id) FROM issue o JOIN run h ON h.id = o.origin
		WHERE o.key = p.key AND o.key <> '' AND o.entity = c.entity AND o.step = c.step AND o.rule = p.rule AND o.field = p.field
		AND o.found < p.run AND` + Home + `) FROM` + Passed + ` WHERE p.run = ?)`

// Fixed lists issues of earlier runs that a run found mended, by id, at most
// limit (0 is all).
func (l Look) Fixed(ctx context.Context, run int64, limit int) ([]Issue, error) {
	return ask(ctx, l, scanIssue, ofIssue+`'closed', i.first, i.last FROM (`+fixed+`) AS i JOIN run r ON r.id = i.run ORDER BY i.id LIMIT ?`, run, atMost(limit))
}

// Before names the run before one, of the same flow in the same environment; ""
// when it is the first.
func (l Look) Before(ctx context.Context, run int64) (string, error) {
	names, err := ask(ctx, l, func(r scanner) (name string, err error) { err = r.Scan(&name); return name, err },
		`SELECT f.flow || '-' || f.n FROM run f JOIN run h ON`+Home+` WHERE h.id = ? AND f.id < h.id ORDER BY f.id DESC LIMIT 1`, run)
	if err != nil || len(names) == 0 {
		return "", err
	}
	return names[0], nil
}
