package ledger

const selectRun = `SELECT id, uid, flow, n, parent, parent_node, state, outcome, exit, env, key,
	plan_hash, plan, revision, token, owner, lease_boot, lease_until, opened, ended, report FROM run`

const insertRun = `INSERT INTO run (uid, flow, n, parent, parent_node, state, env, inputs, key, plan_hash, plan, opened)
	VALUES (?, ?, (SELECT coalesce(max(n), 0) + 1 FROM run WHERE flow = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const giveUpKey = `UPDATE run SET key = '' WHERE flow = ? AND key = ? AND outcome NOT IN ('done', 'cancelled', 'skipped')`
const selectOpen = `SELECT n FROM run WHERE flow = ? AND key = ? AND id <> ? AND state <> 'ended'`

const (
	selectEvents = `SELECT seq, at, kind, node, unit, attempt, actor, reason, body FROM event WHERE run = ? AND seq > ?`

	// idleTime adds up what lies before each run.resumed.
	idleTime = `SELECT coalesce(sum(at - (SELECT at FROM event b WHERE b.run = e.run AND b.seq < e.seq ORDER BY b.seq DESC LIMIT 1)), 0)
		FROM event e WHERE run = ? AND kind = 'run.resumed'`

	// onlyFolded takes whole families, so that a kind of them that this
	// godwit does not know reaches the Machine, which stops.
	onlyFolded = ` AND (kind LIKE 'run.%' OR kind LIKE 'node.%' OR kind LIKE 'unit.%') ORDER BY seq`

	lastEvent   = `SELECT coalesce(max(seq), 0) FROM event`
	insertEvent = `INSERT INTO event (seq, run, at, kind, node, unit, attempt, actor, reason, body)`
)

const (
	insertUnit = `INSERT INTO unit (run, id, step, kind, entity, class, weight, state, spec)`
	sameUnit   = ` ON CONFLICT (run, id) DO NOTHING`

	startUnit = `UPDATE unit SET state = 'running', attempt = ?, started = ?, ended = 0
		WHERE run = ? AND id = ? AND state <> 'running'`
	settleUnit = `UPDATE unit SET state = ?, tries = tries + ?, crashes = 0, ended = ?, fault = ?, result = ?
		WHERE run = ? AND id = ? AND state = 'running' AND attempt = ?`
	failUnit = `UPDATE unit SET state = 'failed', tries = tries + CASE state WHEN 'running' THEN 1 ELSE 0 END,
		ended = ?, fault = ?, result = ? WHERE run = ? AND id = ?`
	undoUnit     = `UPDATE unit SET state = 'ready' WHERE run = ? AND id = ? AND state = 'done'`
	undoAccounts = `UPDATE account SET current = FALSE WHERE run = ? AND unit = ?`
	dropRunning  = `UPDATE unit SET state = 'ready', crashes = crashes + ? WHERE run = ? AND state = 'running'`
	notCrashed   = `UPDATE unit SET crashes = 0 WHERE run = ? AND id = ?`

	stateOfUnit      = `SELECT state, attempt FROM unit WHERE run = ? AND id = ?`
	selectUnits      = `SELECT id, step, kind, entity, class, weight, spec, state, attempt, tries, crashes, started, ended, fault, result FROM unit WHERE run = ?`
	countUnits       = `SELECT step, kind, class, state, count(*), sum(weight) FROM unit WHERE run = ? GROUP BY step, kind, class, state ORDER BY step, kind, class, state`
	selectProgressed = `SELECT id FROM unit WHERE run = ? AND state = 'running' AND EXISTS (
		SELECT 1 FROM chunk c WHERE c.run = unit.run AND c.unit = unit.id AND c.state = 'settled' AND c.at >= unit.started) ORDER BY id`
	selectSettled = `SELECT spec, result FROM unit WHERE run = ? AND state = 'done' AND step = ? AND kind = ? ORDER BY id`
)

const (
	runPaused    = `UPDATE run SET state = CASE state WHEN 'running' THEN 'paused' ELSE state END, revision = revision + 1 WHERE id = ?`
	runCancelled = `UPDATE run SET state = CASE state WHEN 'ended' THEN state ELSE 'cancelling' END, revision = revision + 1 WHERE id = ?`
	runOpen      = `UPDATE run SET state = CASE state WHEN 'cancelling' THEN state ELSE 'running' END,
		outcome = '', exit = 0, ended = 0, revision = revision + 1 WHERE id = ?`
	runEnded = `UPDATE run SET state = 'ended', outcome = ?, exit = ?, ended = ?, revision = revision + 1 WHERE id = ?`
	runMoved = `UPDATE run SET revision = revision + 1 WHERE id = ?`

	selectOwner = `SELECT flow, key, token, owner, lease_boot, lease_until FROM run WHERE id = ?`
	takeRun     = `UPDATE run SET token = ?, owner = ?, lease_boot = ?, lease_until = ? WHERE id = ?`
	selectToken = `SELECT token FROM run WHERE id = ?`
	renewRun    = `UPDATE run SET lease_boot = ?, lease_until = ? WHERE id = ? AND token = ?`
	freezeRun   = `UPDATE run SET report = ? WHERE id = ?`
)

const (
	dropProgress   = `DELETE FROM progress WHERE run = ?`
	insertProgress = `INSERT INTO progress (run, unit, at, done, total, rows, bytes, doing, waits)`
	selectProgress = `SELECT unit, at, done, total, rows, bytes, doing, waits FROM progress WHERE run = ? ORDER BY unit`
)
