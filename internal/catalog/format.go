package catalog

// Format is the form in which a table's rows pass from one database to
// another: Binary when both are of the same system and major version and all
// copied columns are built-in scalars, arrays of those, enums, or domains over
// built-in scalars, else Text. Binary arrays and ranges of other types hold type
// numbers that differ between databases; a type's binary form may differ between
// major versions. into is the other side's table when that is known: bits of one
// type say something else in another.
func Format(t Table, into *Table, from, to *Database) string {
	if from == nil || to == nil || from.System != to.System || from.Number/10000 != to.Number/10000 {
		return Text
	}
	other := map[string]bits{}
	if into != nil {
		for _, c := range into.Columns {
			other[c.Name] = bitsOf(c)
		}
	}
	copied := 0
	for _, c := range t.Columns {
		if c.Generated {
			continue
		}
		made := bitsOf(c)
		if copied++; made == (bits{}) || into != nil && other[c.Name] != made {
			return Text
		}
	}
	if copied == 0 { // a row without columns is only told in text
		return Text
	}
	return Binary
}

// bits is what a column's binary values are made of: a built-in type's own form,
// or an enum's label. Nothing where they are only told in text.
type bits struct {
	oid   uint32
	label bool
}

func bitsOf(c Column) bits {
	switch {
	case c.Enum:
		return bits{label: true}
	case scalars[c.TypeOID]:
		return bits{oid: c.TypeOID}
	case scalars[c.Base] && !arrays[c.Base]: // of an array it must be seen that it is one
		return bits{oid: c.Base}
	}
	return bits{}
}

// scalars are the built-in types of PostgreSQL, and the arrays of them, whose
// binary form is the same in every database of a major version: their values
// are made of bits, not of names (src/include/catalog/pg_type.dat). Not in it:
// xml and geometric types (rare, no gain), reg*
// types and aclitem (they stand for names), ranges.
var scalars, arrays = func() (all, arrays map[uint32]bool) {
	all, arrays = map[uint32]bool{}, map[uint32]bool{}
	for _, pair := range [][2]uint32{
		{16, 1000},   // boolean
		{17, 1001},   // bytea
		{18, 1002},   // "char"
		{19, 1003},   // name
		{20, 1016},   // bigint
		{21, 1005},   // smallint
		{23, 1007},   // integer
		{25, 1009},   // text
		{26, 1028},   // oid
		{700, 1021},  // real
		{701, 1022},  // double precision
		{829, 1040},  // macaddr
		{774, 775},   // macaddr8
		{869, 1041},  // inet
		{650, 651},   // cidr
		{1042, 1014}, // character(n)
		{1043, 1015}, // character varying(n)
		{1082, 1182}, // date
		{1083, 1183}, // time
		{1114, 1115}, // timestamp
		{1184, 1185}, // timestamp with time zone
		{1186, 1187}, // interval
		{1266, 1270}, // time with time zone
		{1560, 1561}, // bit(n)
		{1562, 1563}, // bit varying(n)
		{1700, 1231}, // numeric
		{2950, 2951}, // uuid
		{114, 199},   // json
		{3802, 3807}, // jsonb
	} {
		all[pair[0]], all[pair[1]], arrays[pair[1]] = true, true, true
	}
	return all, arrays
}()
