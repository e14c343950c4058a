package records

import (
	"fmt"
	"strings"

	"godwit/internal/connector"
)

// blockRecords are tried at once before they are tried one by one: bad records
// are few.
const blockRecords = 20

// loop is the DO statement that writes staged records and catches what is
// refused: block by block, the records of a refused block one by one, each in
// a block of its own. Records stay in their order. When they are appended the
// ones that referred to nothing are tried once more: what they refer to may
// have come behind them.
func (w *Writer) loop(b *batch) string {
	var s strings.Builder
	s.WriteString(`
DECLARE
	godwit_from int; godwit_to int; godwit_n int; godwit_parts int[];
	godwit_message text; godwit_detail text; godwit_schema text; godwit_table text; godwit_column text; godwit_type text; godwit_constraint text;
BEGIN
	FOR godwit_from, godwit_to IN SELECT min(r.n), max(r.n) FROM (SELECT n, (row_number() OVER (ORDER BY n) - 1) / ` + fmt.Sprint(blockRecords) + ` AS block
			FROM pg_temp.godwit_record) r GROUP BY r.block ORDER BY 1 LOOP
		BEGIN
			SET CONSTRAINTS ALL DEFERRED;
`)
	for _, st := range w.statements(b, someone) {
		s.WriteString(st.sql + ";\n")
	}
	s.WriteString(`
			SET CONSTRAINTS ALL IMMEDIATE;
			CONTINUE;
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
`)
	w.singly(&s, b, "r.n BETWEEN godwit_from AND godwit_to")
	s.WriteString("END LOOP;\n")
	if w.mode == connector.ModeAppend {
		w.singly(&s, b, "r.state = '23503'")
	}
	s.WriteString("END ")
	body := s.String()
	tag := "$godwit$"
	for i := 0; strings.Contains(body, tag); i++ {
		tag = fmt.Sprintf("$godwit%d$", i)
	}
	return "DO " + tag + body + tag
}

// singly writes some records one by one and notes what is refused.
func (w *Writer) singly(s *strings.Builder, b *batch, which string) {
	s.WriteString(`
		FOR godwit_n, godwit_parts IN SELECT r.n, r.parts FROM pg_temp.godwit_record r WHERE ` + which + ` ORDER BY r.n LOOP
		BEGIN
			UPDATE pg_temp.godwit_record r SET state = NULL WHERE r.n = godwit_n AND r.state IS NOT NULL;
			SET CONSTRAINTS ALL DEFERRED;
`)
	for _, st := range w.statements(b, one("godwit_n")) {
		if st.part >= 0 {
			fmt.Fprintf(s, "IF %d = ANY (godwit_parts) THEN %s; END IF;\n", st.part, st.sql)
		} else {
			s.WriteString(st.sql + ";\n")
		}
	}
	s.WriteString(`
			SET CONSTRAINTS ALL IMMEDIATE;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS godwit_message = MESSAGE_TEXT, godwit_detail = PG_EXCEPTION_DETAIL, godwit_schema = SCHEMA_NAME,
				godwit_table = TABLE_NAME, godwit_column = COLUMN_NAME, godwit_type = PG_DATATYPE_NAME, godwit_constraint = CONSTRAINT_NAME;
			UPDATE pg_temp.godwit_record r SET state = SQLSTATE, message = godwit_message, detail = godwit_detail, at_schema = godwit_schema,
				at_table = godwit_table, at_column = godwit_column, at_type = godwit_type, at_constraint = godwit_constraint WHERE r.n = godwit_n;
		END;
		END LOOP;
`)
}
