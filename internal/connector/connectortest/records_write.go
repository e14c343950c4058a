package connectortest

import (
	"fmt"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// items makes tables for things, their codes and their parts, and two records
// for them.
func (r Records) items(t testing.TB) ([]connector.Into, []record.Mapped) {
	t.Helper()
	code, item, line := r.fresh("code"), r.fresh("item"), r.fresh("line")
	r.Exec(t, "CREATE TABLE "+code.SQL()+" (code varchar(3) PRIMARY KEY)", "INSERT INTO "+code.SQL()+" VALUES ('x'), ('y')",
		"CREATE TABLE "+item.SQL()+" (id bigint PRIMARY KEY, name varchar(8) NOT NULL, amount int CHECK (amount > 0), price numeric(10,2), "+
			"code varchar(3) REFERENCES "+code.SQL()+", day date DEFAULT '2020-02-02')",
		"CREATE TABLE "+line.SQL()+" (item bigint REFERENCES "+item.SQL()+", pos int, what varchar(40), PRIMARY KEY (item, pos))")
	into := []connector.Into{
		{Table: item, Columns: []string{"id", "name", "amount", "price", "code", "day"}, Key: []string{"id"}},
		{Table: line, Columns: []string{"item", "pos", "what"}, Key: []string{"item", "pos"}, Parent: []string{"item"}},
	}
	return into, []record.Mapped{
		mapped(thing(1), row(1, int64(1), int64(1), "one"), row(1, int64(1), int64(2), "tab\t, line\n, \\ and \\N")),
		mapped(thing(2)),
	}
}

// thing is a good row with a number.
func thing(id int) record.Row {
	return row(0, int64(id), fmt.Sprint("name ", id%100), int64(3), record.Decimal("1.50"), "x", record.Missing)
}

// with is a row with another value in a slot.
func with(r record.Row, slot int, v any) record.Row {
	slots := append([]any{}, r.Slots...)
	slots[slot] = v
	return record.Row{Into: r.Into, Slots: slots}
}

// WriteRecords proves a RecordTarget.
func WriteRecords(t *testing.T, r Records) {
	t.Run("append", func(t *testing.T) { appended(t, r) })
	t.Run("append, something refused", func(t *testing.T) { isolated(t, r, connector.ModeAppend) })
	t.Run("merge", func(t *testing.T) { merged(t, r) })
	t.Run("merge, something refused", func(t *testing.T) { isolated(t, r, connector.ModeMerge) })
	t.Run("merge, a version", func(t *testing.T) { versioned(t, r) })
	t.Run("merge, an older version with parts", func(t *testing.T) { outdated(t, r) })
	t.Run("merge, the same key again", func(t *testing.T) { again(t, r) })
	t.Run("parts", func(t *testing.T) { parts(t, r) })
	t.Run("the target's words", func(t *testing.T) { described(t, r) })
	t.Run("what cannot be written", func(t *testing.T) { unwritable(t, r) })
}

func (r Records) all(t testing.TB, table catalog.Name, columns ...string) []string {
	t.Helper()
	texts := make([]string, len(columns))
	for i, c := range columns {
		texts[i] = "coalesce(CAST(" + c + " AS text), 'null')"
	}
	return r.Rows(t, "SELECT "+strings.Join(texts, " || ' ' || ")+" FROM "+table.SQL()+" ORDER BY "+strings.Join(columns, ", "))
}

func appended(t *testing.T, r Records) {
	into, page := r.items(t)
	page = append(page, mapped(row(0, int64(3), "", nil, nil, nil, nil)), record.Mapped{Filtered: "not wanted"})
	wantTexts(t, "became", r.write(t, connector.ModeAppend, into, page...), "applied 3", "applied 1", "applied 1", "filtered")
	wantTexts(t, "rows", r.all(t, into[0].Table, "id", "name", "amount", "price", "code", "day"),
		"1 name 1 3 1.50 x 2020-02-02", "2 name 2 3 1.50 x 2020-02-02", "3  null null null null")
	wantTexts(t, "parts", r.all(t, into[1].Table, "item", "pos", "what"), "1 1 one", "1 2 tab\t, line\n, \\ and \\N")
}

// bad are records that are refused, each in its own way, and what becomes of them.
func bad(mode string) (page []record.Mapped, became []string) {
	for _, c := range []struct {
		m    record.Mapped
		want string
	}{
		{mapped(with(thing(10), 1, "much too long")), "dead data.too-long name"},
		{mapped(thing(11), row(1, int64(11), int64(1), "one")), "applied 2"},
		{mapped(with(thing(12), 1, nil)), "dead data.not-null name"},
		{mapped(with(thing(13), 2, int64(-1))), "dead data.check amount"},
		{mapped(with(thing(14), 4, "z")), "dead data.foreign-key code"},
		{mapped(with(thing(15), 3, "no number")), "dead data.syntax price"},
		{mapped(with(thing(16), 2, int64(1)<<40)), "dead data.out-of-range amount"},
		{mapped(with(thing(17), 1, "a\x00b")), "dead data.encoding name"},
		{mapped(with(thing(18), 1, "a\xffb")), "dead data.encoding name"},
		{mapped(with(thing(19), 1, record.Object{"a": nil})), "dead data.invalid name"},
		{mapped(thing(20), row(1, int64(20), int64(1), "fine"), row(1, int64(20), nil, "bad")), "dead data.not-null pos"},
		{mapped(thing(21), row(1, int64(99), int64(1), "whose?")), "dead data.foreign-key item"},
		{mapped(with(thing(22), 5, time0)), "applied 1"},
		{mapped(with(thing(23), 5, "30th of February")), "dead data.date day"},
	} {
		page, became = append(page, c.m), append(became, c.want)
	}
	if mode == connector.ModeAppend {
		page, became = append(page, mapped(thing(1))), append(became, "dead data.unique id")
	}
	return page, became
}

const time0 = "1999-12-31"

// isolated has bad records among good ones: the good ones are there, the bad
// ones left nothing, and the load goes on.
func isolated(t *testing.T, r Records, mode string) {
	into, good := r.items(t)
	l := r.begin(t)
	wantTexts(t, "good ones", l.page(t, mode, into, good), "applied 3", "applied 1")
	page, want := bad(mode)
	wantTexts(t, "bad ones", l.page(t, mode, into, page), want...)
	wantTexts(t, "good ones behind", l.page(t, mode, into, []record.Mapped{mapped(thing(30)), mapped(thing(31))}), "applied 1", "applied 1")
	if err := l.Commit(deadline(t), nil); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "rows", r.all(t, into[0].Table, "id"), "1", "2", "11", "22", "30", "31")
	wantTexts(t, "parts", r.all(t, into[1].Table, "item", "pos"), "1 1", "1 2", "11 1")
}

func merged(t *testing.T, r Records) {
	into, page := r.items(t)
	into = into[:1]
	page[0].Rows = page[0].Rows[:1]
	wantTexts(t, "new", r.write(t, connector.ModeMerge, into, page...), "applied 1", "applied 1")
	wantTexts(t, "the same", r.write(t, connector.ModeMerge, into, page...), "equal", "equal")
	page[1] = mapped(with(with(thing(2), 1, record.Missing), 3, record.Decimal("2.5")))
	page = append(page, mapped(thing(3)))
	wantTexts(t, "some", r.write(t, connector.ModeMerge, into, page...), "equal", "applied 1", "applied 1")
	wantTexts(t, "rows", r.all(t, into[0].Table, "id", "name", "price"), "1 name 1 1.50", "2 name 2 2.50", "3 name 3 1.50")
	wantTexts(t, "to null", r.write(t, connector.ModeMerge, into, mapped(with(thing(3), 3, nil)), mapped(with(thing(4), 0, nil))),
		"applied 1", "dead data.not-null id")
	wantTexts(t, "rows", r.all(t, into[0].Table, "id", "price"), "1 1.50", "2 2.50", "3 null")
}

func versioned(t *testing.T, r Records) {
	table := r.fresh("versioned")
	r.Exec(t, "CREATE TABLE "+table.SQL()+" (id bigint PRIMARY KEY, what varchar(20), v int)",
		"INSERT INTO "+table.SQL()+" VALUES (1, 'five', 5), (2, 'five', 5), (3, 'five', 5), (4, 'none', NULL)")
	into := []connector.Into{{Table: table, Columns: []string{"id", "what", "v"}, Key: []string{"id"}, Version: "v"}}
	wantTexts(t, "became", r.write(t, connector.ModeMerge, into,
		mapped(row(0, int64(1), "four", int64(4))), mapped(row(0, int64(2), "fifth", int64(5))), mapped(row(0, int64(3), "five", int64(5))),
		mapped(row(0, int64(4), "one", int64(1))), mapped(row(0, int64(5), "one", int64(1)))),
		"superseded", "applied 1", "equal", "applied 1", "applied 1")
	wantTexts(t, "the same key", r.write(t, connector.ModeMerge, into,
		mapped(row(0, int64(6), "two", int64(2))), mapped(row(0, int64(6), "one", int64(1))), mapped(row(0, int64(6), "three", int64(3)))),
		"applied 1", "superseded", "applied 1")
	wantTexts(t, "rows", r.all(t, table, "id", "what", "v"), "1 five 5", "2 fifth 5", "3 five 5", "4 one 1", "5 one 1", "6 three 3")
}

// outdated proves that the parts of a record that is older than what is there
// stay as they are.
func outdated(t *testing.T, r Records) {
	into, page := r.items(t)
	into[0].Version = "amount"
	r.write(t, connector.ModeMerge, into, page...)
	page[0].Rows = []record.Row{with(thing(1), 2, int64(2)), row(1, int64(1), int64(1), "older")}
	page[1].Rows = []record.Row{with(thing(2), 2, int64(4)), row(1, int64(2), int64(1), "newer")}
	wantTexts(t, "became", r.write(t, connector.ModeMerge, into, page...), "superseded", "applied 2")
	wantTexts(t, "parts", r.all(t, into[1].Table, "item", "pos", "substring(what, 1, 5)"), "1 1 one", "1 2 tab\t,", "2 1 newer")
}

func again(t *testing.T, r Records) {
	into, _ := r.items(t)
	into = into[:1]
	wantTexts(t, "became", r.write(t, connector.ModeMerge, into,
		mapped(thing(1)), mapped(with(thing(1), 1, "later")), mapped(thing(2)), mapped(with(thing(1), 1, "later"))),
		"applied 1", "applied 1", "applied 1", "equal")
	wantTexts(t, "rows", r.all(t, into[0].Table, "id", "name"), "1 later", "2 name 2")
}

func parts(t *testing.T, r Records) {
	into, page := r.items(t)
	wantTexts(t, "new", r.write(t, connector.ModeMerge, into, page...), "applied 3", "applied 1")
	wantTexts(t, "the same", r.write(t, connector.ModeMerge, into, page...), "equal", "equal")
	page[0].Rows[2] = row(1, int64(1), int64(2), "two")
	page[0].Rows = append(page[0].Rows[1:], row(1, int64(1), int64(3), "three"))
	page[0].Rows = append([]record.Row{thing(1)}, page[0].Rows...)
	page[0].Rows = append(page[0].Rows[:1], page[0].Rows[2:]...) // the first part is gone
	wantTexts(t, "one gone, one other, one new", r.write(t, connector.ModeMerge, into, page...), "applied 3", "equal")
	wantTexts(t, "parts", r.all(t, into[1].Table, "item", "pos", "what"), "1 2 two", "1 3 three")
	wantTexts(t, "all gone", r.write(t, connector.ModeMerge, into, mapped(thing(1))), "applied 2")
	wantTexts(t, "a part twice", r.write(t, connector.ModeMerge, into, mapped(thing(1),
		row(1, int64(1), int64(1), "one"), row(1, int64(1), int64(1), "once more"))), "dead data.unique ")
	wantTexts(t, "parts", r.all(t, into[1].Table, "item"))
}

func described(t *testing.T, r Records) {
	into, _ := r.items(t)
	target := capability[connector.RecordTarget](t, r.At, "take records")
	tables, err := target.Tables(deadline(t), []catalog.Name{into[0].Table, into[1].Table})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, table := range tables {
		for _, c := range table.Columns {
			text := fmt.Sprintf("%s %s", c.Name, c.Type)
			if c.NotNull {
				text += " filled"
			}
			if c.Default {
				text += " default"
			}
			if c.In != nil {
				text += " in " + strings.Join(c.In, ",")
			}
			if c.Min != nil {
				text += " from " + *c.Min
			}
			texts = append(texts, text)
		}
		texts = append(texts, strings.Join(table.Key, ","))
	}
	wantTexts(t, "columns", texts, "id int filled", "name text(8) filled", "amount int from 1", "price decimal(10,2)", "code text(3) in x,y",
		"day date default", "id", "item int filled", "pos int filled", "what text(40)", "item,pos")
	near := into[0].Table
	near.Object = near.Object[1:]
	_, err = target.Tables(deadline(t), []catalog.Name{near})
	wantCode(t, err, fault.Config, "table.unknown")
	if next := strings.Join(fault.Of(err).Next, " "); !strings.Contains(next, into[0].Table.Object) {
		t.Errorf("the nearest name is not told: %q", next)
	}
}

func unwritable(t *testing.T, r Records) {
	into, page := r.items(t)
	none := []connector.Into{into[0]}
	none[0].Key = []string{"name"}
	_, err := r.begin(t).WriteRecords(deadline(t), connector.ModeMerge, none, page[1:])
	wantCode(t, err, fault.Config, "target.no-unique")
	if len(fault.Of(err).Next) == 0 {
		t.Error("no statement is told that makes the index")
	}
	_, err = r.begin(t).WriteRecords(deadline(t), connector.ModeReplace, into, page)
	wantCode(t, err, fault.Config, "mode.not-built")
	none[0].Key, none[0].Table.Object = []string{"id"}, "no_such_table"
	_, err = r.begin(t).WriteRecords(deadline(t), connector.ModeAppend, none, page[1:])
	wantCode(t, err, fault.Config, "table.unknown")
}
