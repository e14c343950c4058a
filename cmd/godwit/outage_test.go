package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/record"
	"godwit/rig/mariadb/mariatest"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// away is how long a server is gone in the tests of outages: GODWIT_OUTAGE=3m for
// the long form.
func away() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("GODWIT_OUTAGE")); err == nil {
		return d
	}
	if os.Getenv("GODWIT_SLOW") != "" {
		return 30 * time.Second
	}
	return 5 * time.Second
}

// TestLoadOutage takes one side away in mid-load. Nobody does anything about it
// but to bring it back: the run says what it waits for, ends by itself with
// everything loaded and no dead letter, and says how much time it lost.
func TestLoadOutage(t *testing.T) {
	t.Parallel()
	const rows = 30_000 // more than is read ahead
	const table = "create table item (id int primary key, name varchar(40))"
	insert := fmt.Sprintf("insert into item select i, concat('name ', i) from generate_series(1, %d) i", rows)
	for name, begin := range map[string]func(t *testing.T, m *move) (connection string, crash func(), restart func(context.Context) error){
		"target": func(t *testing.T, m *move) (string, func(), func(context.Context) error) {
			server := pgtest.Server(t, postgres.Options{Name: "outage"})
			m.from, m.to = pgtest.Database(t), pgtest.DatabaseOn(t, server)
			pgtest.Exec(t, m.from, table, insert)
			return fmt.Sprintf("postgres: {url: %q}", m.from), func() { stopServer(t, server) }, server.Restart
		},
		"source": func(t *testing.T, m *move) (string, func(), func(context.Context) error) {
			server := pgtest.Server(t, postgres.Options{Name: "outage", Durable: true})
			m.from, m.to = pgtest.DatabaseOn(t, server), pgtest.Database(t)
			pgtest.Exec(t, m.from, table, insert)
			return fmt.Sprintf("postgres: {url: %q}", m.from), func() { stopServer(t, server) }, server.Restart
		},
		"mariadb source": func(t *testing.T, m *move) (string, func(), func(context.Context) error) {
			server, db := mariatest.Own(t)
			m.to = pgtest.Database(t)
			db.Exec(t, "set global innodb_flush_log_at_trx_commit = 1", table, fmt.Sprintf("insert into item select seq, concat('name ', seq) from seq_1_to_%d", rows))
			return fmt.Sprintf("mysql: {url_secret: {command: [echo, %q]}}", db.URL()), server.Crash, server.Restart
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, "", "")
			connection, crash, restart := begin(t, m)
			dir := filepath.Dir(m.ledger)
			m.env = []string{"GODWIT_RECORDS=1000"}
			write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {%s}\n  new: {postgres: {url: %q}}\n", connection, m.to))
			from := "public.item"
			if strings.HasPrefix(connection, "mysql") {
				from = "item"
			}
			write(t, dir, "flows/orders.yaml", "steps:\n  - load: {from: {at: old, table: "+from+"}, key: id, to: {at: new, table: public.item, mode: merge}}\n")
			pgtest.Exec(t, m.to, table)
			p := m.load(t, "GODWIT_STOP_AT=load.written:3")
			p.stopped(t)
			crash()
			began := time.Now()
			p.signal(t, syscall.SIGCONT)
			waiting := ""
			t.Cleanup(func() { t.Logf("%s", waiting) })
			eventually(t, "status says what is waited for", func() bool {
				s := m.start(t, nil, "status", "orders-1", "--ledger", m.ledger).ends(t, 0)
				waiting = s.said.String()
				return strings.Contains(waiting, "tried again after: ") && !strings.Contains(waiting, "waits 0")
			})
			if side := map[bool]string{true: "new", false: "old"}[name == "target"]; !strings.Contains(waiting, side+": ") {
				t.Errorf("status does not say that it waits for %s:\n%s", side, waiting)
			}
			<-time.After(away() - time.Since(began))
			if err := restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			gone := time.Since(began)
			p.ends(t, 0)
			if got := pgtest.Query[string](t, m.to, "select count(*) || ' ' || sum(id) from item where name = 'name ' || id"); got != fmt.Sprint(rows, rows*(rows+1)/2) {
				t.Errorf("the target holds %s", got)
			}
			if a := m.newest(t); a.Read != rows || a.Applied != rows || a.Dead+a.Rejected != 0 {
				t.Errorf("%+v", a)
			}
			m.each(t, func(e record.Exception) { t.Errorf("%s of %s: %s", e.Outcome, e.Key, e.Text) })
			m.checked(t)
			m.tellsLost(t, p, gone)
		})
	}
}

// tellsLost expects that summary and report tell how much time a run lost.
func (m *move) tellsLost(t *testing.T, p *process, gone time.Duration) {
	t.Helper()
	p.says(t, "in which units waited for their next try, last after: ")
	text := m.start(t, nil, "report", "orders-1", "--json", "--ledger", m.ledger).ends(t, 0).said.Bytes()
	var r struct {
		Verdict struct {
			Lost float64 `json:"lost_s"`
		} `json:"verdict"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	t.Logf("gone for %s, lost %.1f s", gone.Round(time.Millisecond), r.Verdict.Lost)
	if lost := time.Duration(r.Verdict.Lost * float64(time.Second)); lost < gone/2 || lost > gone+90*time.Second {
		t.Errorf("the report says %s lost", lost)
	}
}

func stopServer(t *testing.T, s *postgres.Server) {
	t.Helper()
	if err := s.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
}
