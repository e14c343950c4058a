package typed

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/sqlstate"

	"github.com/jackc/pgx/v5"
)

// Ref names a type: its oid and the modifier of one column (-1: none).
type Ref struct {
	OID      uint32
	Modifier int32
}

// Type is a type of the server. It is not changed once it was loaded.
type Type struct {
	catalog.Type
	OID    uint32
	Cast   string   // quoted and with its schema, without modifier: what a text is cast to
	Full   string   // with modifier
	Name   string   // of the base, with its schema unless it is the server's own
	Of     *Type    // of a list
	Labels []string // of an enum
	Domain *Domain  // outermost first
	// Plain says that two values are the same exactly if the server finds them
	// equal, as long as texts are compared byte by byte: no numeric with its
	// scale, no citext.
	Plain bool
	base  uint32
	delim byte
}

// Domain is what a domain adds to its base.
type Domain struct {
	Name    string
	NotNull bool
	Default bool
	Checks  []Check
	Next    *Domain // of a domain over a domain
}

// Check is a constraint as the server writes it.
type Check struct{ Name, Text string }

// raw is a row of the catalogue.
type raw struct {
	OID              uint32
	Type, Category   string
	Base             uint32
	BaseModifier     int32
	Elem, Collation  uint32
	Delim, Cast      string
	Schema, Name     string
	NotNull, Default bool
	Labels           []string
	Checks, Texts    []string
}

const typesSQL = `
	SELECT t.oid, t.typtype::text, t.typcategory::text, t.typbasetype, t.typtypmod,
		CASE WHEN t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc THEN t.typelem ELSE 0 END, t.typcollation, t.typdelim::text,
		pg_catalog.quote_ident(n.nspname) || '."' || pg_catalog.replace(t.typname, '"', '""') || '"', n.nspname::text, t.typname::text,
		t.typnotnull, t.typdefault IS NOT NULL,
		ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
		ARRAY(SELECT c.conname::text FROM pg_catalog.pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c' ORDER BY c.conname),
		ARRAY(SELECT pg_catalog.pg_get_constraintdef(c.oid) FROM pg_catalog.pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c' ORDER BY c.conname)
	FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
	WHERE t.oid = ANY ($1::oid[])`

// Load reads the types that are referred to, in that order. Domains are what
// they are based on.
func Load(ctx context.Context, conn *pgx.Conn, refs []Ref) ([]Type, error) {
	rows := map[uint32]raw{}
	var ask []uint32
	for _, r := range refs {
		ask = append(ask, r.OID)
	}
	for len(ask) > 0 { // a list of a domain over a list is three turns
		slices.Sort(ask)
		found, err := all[raw](ctx, conn, typesSQL, slices.Compact(ask))
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			rows[r.OID] = r
		}
		ask = nil
		for _, r := range found {
			for _, next := range []uint32{r.Base, r.Elem} {
				if _, known := rows[next]; next != 0 && !known {
					ask = append(ask, next)
				}
			}
		}
	}
	types := make([]Type, len(refs))
	var oids []uint32
	var modifiers []int32
	for i, r := range refs {
		types[i] = resolve(rows, r)
		oids, modifiers = append(oids, r.OID), append(modifiers, r.Modifier)
	}
	type full struct{ Native string }
	natives, err := all[full](ctx, conn, `SELECT pg_catalog.format_type(u.o, u.m)
		FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY u(o, m, n) ORDER BY u.n`, oids, modifiers)
	if err != nil {
		return nil, err
	}
	for i := range natives {
		types[i].Full = natives[i].Native
		types[i].Native = natives[i].Native
	}
	return types, nil
}

func all[T any](ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, sqlstate.Translate(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	return list, sqlstate.Translate(err)
}

// resolve follows domains down to their base and lists to what they hold.
func resolve(rows map[uint32]raw, ref Ref) Type {
	r, ok := rows[ref.OID]
	if !ok { // dropped since
		return Type{OID: ref.OID, Type: catalog.Type{Kind: catalog.KindOther}, base: ref.OID, delim: ','}
	}
	if r.Base != 0 {
		under := Ref{r.Base, r.BaseModifier}
		t := resolve(rows, under)
		d := &Domain{Name: catalog.Name{Schema: r.Schema, Object: r.Name}.String(), NotNull: r.NotNull, Default: r.Default, Next: t.Domain}
		for i, name := range r.Checks {
			d.Checks = append(d.Checks, Check{name, r.Texts[i]})
		}
		t.Domain, t.OID = d, r.OID // Cast stays the base's: one to the domain would cut a text off
		return t
	}
	t := Type{OID: r.OID, Cast: r.Cast, Name: r.Name, Labels: r.Labels, base: r.OID, delim: ','}
	if r.Schema != "pg_catalog" {
		t.Name = catalog.Name{Schema: r.Schema, Object: r.Name}.String()
	}
	if r.Delim != "" {
		t.delim = r.Delim[0]
	}
	if r.Elem != 0 {
		of := resolve(rows, Ref{r.Elem, ref.Modifier})
		of.Native = of.Name
		t.Of, t.Kind = &of, catalog.KindList
		t.Type.Of = &of.Type
		t.delim = of.delim
		return t
	}
	t.Type, t.Plain = builtin(ref)
	if t.Kind == catalog.KindOther && r.Category == "S" {
		t.Kind = catalog.KindText // citext and its like
	}
	t.Plain = t.Plain || r.Type == "e"
	return t
}

// Object identifiers of built-in types, which never change.
const (
	oidBool, oidBytes, oidName, oidInt8, oidInt2, oidInt4, oidText = 16, 17, 19, 20, 21, 23, 25
	oidJSON, oidFloat4, oidFloat8, oidChar, oidVarchar             = 114, 700, 701, 1042, 1043
	oidDate, oidTime, oidTimestamp, oidMoment                      = 1082, 1083, 1114, 1184
	oidNumeric, oidUUID, oidJSONB                                  = 1700, 2950, 3802
	headerBytes                                                    = 4 // that a modifier counts with
)

// builtin is a type of the server's own and whether it is plain.
func builtin(r Ref) (t catalog.Type, plain bool) {
	switch r.OID {
	case oidBool:
		return catalog.Type{Kind: catalog.KindBool}, true
	case oidInt2:
		return catalog.Type{Kind: catalog.KindInt, Length: 2}, true
	case oidInt4:
		return catalog.Type{Kind: catalog.KindInt, Length: 4}, true
	case oidInt8:
		return catalog.Type{Kind: catalog.KindInt, Length: 8}, true
	case oidFloat4:
		return catalog.Type{Kind: catalog.KindFloat, Length: 4}, true
	case oidFloat8:
		return catalog.Type{Kind: catalog.KindFloat, Length: 8}, true
	case oidNumeric:
		t = catalog.Type{Kind: catalog.KindDecimal}
		if r.Modifier >= headerBytes {
			m := r.Modifier - headerBytes
			t.Precision, t.Scale = int(m>>16&0xffff), int(m&0x7ff^1024)-1024
		}
		return t, false
	case oidText, oidName:
		return catalog.Type{Kind: catalog.KindText}, true
	case oidChar, oidVarchar:
		t = catalog.Type{Kind: catalog.KindText}
		if r.Modifier >= headerBytes {
			t.Length = int(r.Modifier - headerBytes)
		}
		return t, r.OID == oidVarchar
	case oidBytes:
		return catalog.Type{Kind: catalog.KindBytes}, true
	case oidDate:
		return catalog.Type{Kind: catalog.KindDate}, true
	case oidTime:
		return catalog.Type{Kind: catalog.KindTime}, true
	case oidTimestamp:
		return catalog.Type{Kind: catalog.KindTimestamp}, true
	case oidMoment:
		return catalog.Type{Kind: catalog.KindTimestamp, Zone: true}, true
	case oidUUID:
		return catalog.Type{Kind: catalog.KindUUID}, true
	case oidJSON, oidJSONB:
		return catalog.Type{Kind: catalog.KindJSON}, false
	}
	return catalog.Type{Kind: catalog.KindOther}, false
}

// Padded tells char(n), whose values are filled with spaces.
func (t *Type) Padded() bool { return t.base == oidChar }

// Collated tells built-in text: its equality is the collation's alone.
func (t *Type) Collated() bool {
	return t.base == oidText || t.base == oidVarchar || t.base == oidName || t.base == oidChar
}

// Comparable is an SQL expression of this type as one whose equality is that
// of what is stored: 1.0 is not 1.00, and it works for json and point.
func (t *Type) Comparable(expr string) string {
	switch {
	case t.Plain && t.Kind == catalog.KindText:
		return expr + ` COLLATE pg_catalog."C"`
	case t.Plain:
		return expr
	}
	return expr + `::pg_catalog.text COLLATE pg_catalog."C"`
}
