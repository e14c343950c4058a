package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
)

// mixed runs all contenders on the mixed set, interleaved, the order rotated.
func (b *bench) mixed(ctx context.Context) error {
	began := time.Now()
	if err := b.both.makeMixed(ctx, "mixed", b.scale, smallTables); err != nil {
		return err
	}
	set, err := b.describe(ctx, "mixed")
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\nmixed set, scale %g: %s, made in %.0f s\n", b.scale, set, time.Since(began).Seconds())
	part := &part{Name: "mixed", Set: set}
	list := append(contenders(), contender{name: "godwit copy --verify none, ledger in memory", run: ledgerInMemory, ledger: true})
	if err := b.contest(ctx, part, "mixed", list, b.rounds); err != nil {
		return err
	}
	return b.hashing(ctx, part)
}

// small runs the whole clones on many small tables.
func (b *bench) small(ctx context.Context) error {
	counts := []int{1000}
	if b.many {
		counts = append(counts, 5000)
	}
	for _, n := range counts {
		database := fmt.Sprintf("small%d", n)
		if err := b.both.makeSmall(ctx, database, n); err != nil {
			return err
		}
		list := slices.DeleteFunc(contenders(), func(c contender) bool {
			return c.rows || strings.HasPrefix(c.name, "raw")
		})
		list = append(list, contender{name: "pg_restore of definitions, -j2 after data", prepare: dumpDefinitions, run: definitions, bare: true})
		part := &part{Name: fmt.Sprintf("%d small tables", n), Tables: n, Set: fmt.Sprintf("%d tables of 20 rows", n)}
		if err := b.contest(ctx, part, database, list, b.rounds); err != nil {
			return err
		}
	}
	return nil
}

// growth copies 1, 4 and 16 times as many rows.
func (b *bench) growth(ctx context.Context) error {
	part := &part{Name: "growth", Set: "4 tables of narrow rows, 1x, 4x and 16x as many"}
	var list []contender
	for _, times := range []int{1, 4, 16} {
		database := fmt.Sprintf("rows%d", times)
		if err := b.both.makeRows(ctx, database, max(100, int(100_000*b.scale)*times)); err != nil {
			return err
		}
		c := contenders()[1]
		c.name, c.source = fmt.Sprintf("godwit copy, %dx", times), database
		list = append(list, c)
	}
	return b.contest(ctx, part, "", list, b.rounds)
}

// contest measures the contenders in turn, the first one of a round being
// another each time, and prints the part.
func (b *bench) contest(ctx context.Context, p *part, source string, list []contender, rounds int) error {
	list = slices.DeleteFunc(list, func(c contender) bool { return !b.only.MatchString(c.name) })
	p.Contenders = make([]measured, len(list))
	for i, c := range list {
		p.Contenders[i].Name, p.Contenders[i].Records = c.name, c.records
	}
	b.result.Parts = append(b.result.Parts, p)
	for round := range rounds {
		for k := range list {
			i := (k + round) % len(list)
			m := &p.Contenders[i]
			if m.Missing != "" {
				continue
			}
			if needs := list[i].needs; needs != "" {
				if _, err := exec.LookPath(needs); err != nil {
					m.Missing = needs + " is not installed"
					continue
				}
			}
			r, err := b.once(ctx, list[i], source, round)
			if err != nil {
				return fmt.Errorf("%s: %w", list[i].name, err)
			}
			m.Readings = append(m.Readings, r)
			fmt.Fprintf(os.Stderr, "round %d  %-44s wall %6.2f  client %6.2f  source %6.2f  target %6.2f  others %6.2f  %s%s\n",
				round+1, m.Name, r.Wall, r.Client, r.Source, r.Target, r.Others, r.Same, r.Failed)
		}
	}
	p.print(b.out)
	return nil
}

// once is one run of one contender on a fresh target. What it leaves is kept to
// the end of the bench: see settle.
func (b *bench) once(ctx context.Context, c contender, source string, round int) (reading, error) {
	b.clones++
	target := fmt.Sprintf("clone_%d", b.clones)
	if c.source != "" {
		source = c.source
	}
	work, err := os.MkdirTemp(b.work, "run-")
	if err != nil {
		return reading{}, err
	}
	m := &move{bench: b, source: source, target: target, work: work, from: b.both.from.URL(source), to: b.both.to.URL(target)}
	if err := b.both.settle(ctx, target); err != nil {
		return reading{}, err
	}
	if c.prepare != nil {
		if err := c.prepare(ctx, m); err != nil {
			return reading{}, err
		}
	}
	r, err := b.both.measure(ctx, func(ctx context.Context, cl *client) error { return c.run(ctx, m, cl) })
	if err != nil || ctx.Err() != nil {
		return r, errors.Join(err, ctx.Err())
	}
	if c.ledger && r.Failed == "" {
		if r.Phases, err = readPhases(ctx, m.ledger()); err != nil {
			return r, err
		}
	}
	if r.Failed == "" && c.check != nil {
		r.Same, err = c.check(ctx, m)
	}
	if r.Failed == "" && !c.bare {
		r.Same, err = b.both.compare(ctx, source, target, c.rows, round == 0)
	}
	return r, err
}

// ledgerInMemory is the same copy with its ledger where no fsync waits for a disk.
func ledgerInMemory(ctx context.Context, m *move, c *client) error {
	dir, err := os.MkdirTemp("/dev/shm", "godwit-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	own := *m
	own.work = dir
	if err := godwit("none")(ctx, &own, c); err != nil {
		return err
	}
	return os.CopyFS(m.work, os.DirFS(dir)) // for its phases
}

func dumpDefinitions(ctx context.Context, m *move) error {
	return m.dump(ctx, &client{running: map[int]bool{}}, filepath.Join(m.work, "definitions"), "-Fc", "-s")
}

// definitions sends only those, as pg_restore does.
func definitions(ctx context.Context, m *move, c *client) error {
	path := filepath.Join(m.work, "definitions")
	if err := m.restore(ctx, c, path, "--section=pre-data"); err != nil {
		return err
	}
	return m.restore(ctx, c, path, "--section=post-data", m.jobs())
}

// describe counts what a set holds.
func (b *bench) describe(ctx context.Context, database string) (string, error) {
	var set string
	err := ask(ctx, b.both.from.URL(database), `select count(*) || ' tables, ' || pg_size_pretty(sum(pg_table_size(c.oid))) || ' and ' ||
		pg_size_pretty(sum(pg_indexes_size(c.oid))) || ' of indexes' from pg_class c join pg_namespace n on n.oid = relnamespace
		where relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema'`, &set)
	return set, err
}

// hashing measures what the sum of all rows of a set costs by itself: each
// table's count of rows of its mean size, which is what a copy hashes while it
// relays them.
func (b *bench) hashing(ctx context.Context, p *part) error {
	type table struct{ Rows, Bytes int64 }
	tables, err := askAll(ctx, b.both.from.URL("mixed"), `select reltuples::int8, pg_table_size(c.oid) from pg_class c
		join pg_namespace n on n.oid = relnamespace where relkind = 'r' and reltuples > 0 and nspname !~ '^pg_'
		and nspname <> 'information_schema'`, pgx.RowToStructByPos[table])
	if err != nil {
		return err
	}
	var sum record.Sum
	began := time.Now()
	for _, t := range tables {
		row := make([]byte, max(1, t.Bytes/t.Rows))
		for i := range t.Rows {
			row[0] = byte(i)
			sum.Add(row)
		}
	}
	p.Hashing = time.Since(began).Seconds()
	if sum.Rows == 0 {
		return errors.New("the mixed set has no rows to hash")
	}
	return nil
}
