package records

import (
	"fmt"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/records/foreseen"
)

// blockRecords are tried at once before they are tried one by one: bad records
// are few.
const blockRecords = 20

// misjudged is the state by which a page with a wrong suspect is left.
const misjudged = "GW002"

// loop is the DO statement that writes staged records and catches what is
// refused: all together at first, then block by block, the records of a refused
// block one by one, each in a block of its own. Records stay in their order. When
// they are appended the ones that referred to nothing are tried once more: what
// they refer to may have come behind them.
//
// Suspects are not in the way of the others: they are tried at the end, alone.
// What each is refused for then does not depend on when it is tried. Should one
// be taken, or be refused for something else, all is undone and done again
// without suspects.
func (w *Writer) loop(b *batch, foresee bool) string {
	var s strings.Builder
	s.WriteString(`
DECLARE
	godwit_bad int[] := '{}'; godwit_next int; godwit_size int; godwit_from int; godwit_to int; godwit_n int; godwit_parts int[]; godwit_want int; godwit_rows int8; godwit_sum int8; godwit_ns int[];
	godwit_late bool := EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE condeferrable); -- else the two cost a third of a record's time
	godwit_message text; godwit_detail text; godwit_schema text; godwit_table text; godwit_column text; godwit_type text; godwit_constraint text;
BEGIN
`)
	if foresee {
		s.WriteString(w.suspects(b))
	}
	s.WriteString(`
	LOOP
	BEGIN
	godwit_next := 0; godwit_size := 2147483647; godwit_ns := '{}';
	LOOP
		SELECT min(b.n), max(b.n) INTO godwit_from, godwit_to FROM (SELECT r.n FROM pg_temp.godwit_record r
			WHERE r.n >= godwit_next AND r.n <> ALL (godwit_bad) ORDER BY r.n LIMIT godwit_size) b;
		EXIT WHEN godwit_from IS NULL;
		BEGIN
			IF godwit_late THEN SET CONSTRAINTS ALL DEFERRED; END IF;
`)
	w.block(&s, b)
	s.WriteString(`
			IF godwit_late THEN SET CONSTRAINTS ALL IMMEDIATE; END IF;
			godwit_next := godwit_to + 1;
			CONTINUE;
		EXCEPTION WHEN ` + w.others() + ` THEN
			IF godwit_size > ` + fmt.Sprint(blockRecords) + ` THEN godwit_size := ` + fmt.Sprint(blockRecords) + `; CONTINUE; END IF;
		END;
`)
	w.singly(&s, b, "r.n BETWEEN godwit_from AND godwit_to AND r.n <> ALL (godwit_bad)")
	s.WriteString("godwit_next := godwit_to + 1;\nEND LOOP;\n")
	if w.mode == connector.ModeAppend {
		w.singly(&s, b, "r.state = '23503'")
	}
	w.singly(&s, b, "r.n = ANY (godwit_bad)")
	s.WriteString(`
	EXIT WHEN NOT EXISTS (SELECT FROM pg_temp.godwit_record r WHERE r.n = ANY (godwit_bad) AND (r.state IN (` + foreseen.States + `)) IS NOT TRUE);
	RAISE SQLSTATE '` + misjudged + `';
	EXCEPTION WHEN SQLSTATE '` + misjudged + `' THEN godwit_bad := '{}';
	END;
	END LOOP;
`)
	if w.mode == connector.ModeAppend {
		s.WriteString(w.noteAppended())
	}
	s.WriteString("END ")
	body := s.String()
	tag := "$godwit$"
	for i := 0; strings.Contains(body, tag); i++ {
		tag = fmt.Sprintf("$godwit%d$", i)
	}
	return "DO " + tag + body + tag
}

// block writes the records of a block. Of appended ones all rows must have been
// taken: whose were not, an INSERT does not tell.
func (w *Writer) block(s *strings.Builder, b *batch) {
	if w.mode != connector.ModeAppend {
		for _, st := range w.statements(b, someone) {
			s.WriteString(st.sql + ";\n")
		}
		if w.watched() {
			s.WriteString("IF EXISTS (SELECT FROM pg_temp.godwit_record r WHERE r.missed > 0" + someone.note + ") THEN RAISE division_by_zero; END IF;\n")
		}
		return
	}
	s.WriteString("godwit_sum := 0;\n")
	for _, at := range b.inOrder() {
		s.WriteString(w.appendCounted(b, at, someone))
	}
	s.WriteString("IF godwit_sum <> (SELECT pg_catalog.sum(r.want) FROM pg_temp.godwit_record r WHERE true" + someone.note + ") THEN RAISE division_by_zero; END IF;\n")
}

// singly writes some records one by one and notes what is refused.
func (w *Writer) singly(s *strings.Builder, b *batch, which string) {
	s.WriteString(`
		FOR godwit_n, godwit_parts, godwit_want IN SELECT r.n, r.parts, r.want FROM pg_temp.godwit_record r WHERE ` + which + ` ORDER BY r.n LOOP
		BEGIN
			IF godwit_late THEN SET CONSTRAINTS ALL DEFERRED; END IF;
			godwit_sum := 0;
`)
	appends := w.mode == connector.ModeAppend
	if appends {
		for _, at := range b.inOrder() {
			fmt.Fprintf(s, "IF %d = ANY (godwit_parts) THEN %s END IF;\n", at, w.appendCounted(b, at, one("godwit_n")))
		}
	} else {
		for _, st := range w.statements(b, one("godwit_n")) {
			if st.part >= 0 {
				fmt.Fprintf(s, "IF %d = ANY (godwit_parts) THEN %s; END IF;\n", st.part, st.sql)
			} else {
				s.WriteString(st.sql + ";\n")
			}
		}
	}
	switch {
	case appends:
		s.WriteString("IF godwit_sum <> godwit_want THEN RAISE SQLSTATE '" + notTaken + "'; END IF;\n")
	case w.watched():
		short := "IF EXISTS (" + w.short("godwit_n") + ") THEN "
		s.WriteString(short + w.missing(b, "godwit_n", nil) + ";\n" + short + "RAISE SQLSTATE '" + notTaken + "'; END IF; END IF;\n")
	}
	s.WriteString("IF godwit_late THEN SET CONSTRAINTS ALL IMMEDIATE; END IF;\n")
	if appends {
		s.WriteString("godwit_ns := godwit_ns || godwit_n;\n")
	}
	s.WriteString(`
		EXCEPTION WHEN ` + w.others() + ` THEN
			GET STACKED DIAGNOSTICS godwit_message = MESSAGE_TEXT, godwit_detail = PG_EXCEPTION_DETAIL, godwit_schema = SCHEMA_NAME,
				godwit_table = TABLE_NAME, godwit_column = COLUMN_NAME, godwit_type = PG_DATATYPE_NAME, godwit_constraint = CONSTRAINT_NAME;
			UPDATE pg_temp.godwit_record r SET state = SQLSTATE, message = godwit_message, detail = godwit_detail, at_schema = godwit_schema,
				at_table = godwit_table, at_column = godwit_column, at_type = godwit_type, at_constraint = godwit_constraint WHERE r.n = godwit_n;
		END;
		END LOOP;
`)
}

// appendCounted appends the rows of a part and adds up how many were taken.
func (w *Writer) appendCounted(b *batch, at int, of scope) string {
	return w.appending(b, at, of) + ";\nGET DIAGNOSTICS godwit_rows = ROW_COUNT; godwit_sum := godwit_sum + godwit_rows;\n"
}

// noteAppended notes what was taken, all at once: one by one that is as much
// work as the rows. A record whose second try went well is refused no more.
func (w *Writer) noteAppended() string {
	return `
	UPDATE pg_temp.godwit_record r SET state = NULL FROM unnest(godwit_ns) AS d(n) WHERE r.n = d.n AND r.state IS NOT NULL;
	UPDATE pg_temp.godwit_record r SET n_rows = r.want WHERE r.state IS NULL;
`
}
