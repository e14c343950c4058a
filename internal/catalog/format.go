package catalog

// Format is the form in which a table's rows pass from one database to
// another: Binary when both are of the same system and major version and all
// copied columns are built-in scalars or arrays of those, else Text. Binary
// arrays and ranges of other types hold type numbers that differ between
// databases; a type's binary form may differ between major versions. into is the
// other side's table when that is known: bits of one type say something else
// in another.
func Format(t Table, into *Table, from, to *Database) string {
	if from == nil || to == nil || from.System != to.System || from.Number/10000 != to.Number/10000 {
		return Text
	}
	other := map[string]uint32{}
	if into != nil {
		for _, c := range into.Columns {
			other[c.Name] = c.TypeOID
		}
	}
	copied := 0
	for _, c := range t.Columns {
		if c.Generated {
			continue
		}
		if copied++; !scalars[c.TypeOID] || into != nil && other[c.Name] != c.TypeOID {
			return Text
		}
	}
	if copied == 0 { // a row without columns is only told in text
		return Text
	}
	return Binary
}

// scalars are the built-in types of PostgreSQL, and the arrays of them, whose
// binary form is the same in every database of a major version: their values
// are made of bits, not of names (src/include/catalog/pg_type.dat). Not in it:
// xml and geometric types (rare, no gain), reg*
// types and aclitem (they stand for names), ranges.
var scalars = func() map[uint32]bool {
	all := map[uint32]bool{}
	for _, oid := range []uint32{
		16, 1000, // boolean
		17, 1001, // bytea
		18, 1002, // "char"
		19, 1003, // name
		20, 1016, // bigint
		21, 1005, // smallint
		23, 1007, // integer
		25, 1009, // text
		26, 1028, // oid
		700, 1021, // real
		701, 1022, // double precision
		829, 1040, // macaddr
		774, 775, // macaddr8
		869, 1041, // inet
		650, 651, // cidr
		1042, 1014, // character(n)
		1043, 1015, // character varying(n)
		1082, 1182, // date
		1083, 1183, // time
		1114, 1115, // timestamp
		1184, 1185, // timestamp with time zone
		1186, 1187, // interval
		1266, 1270, // time with time zone
		1560, 1561, // bit(n)
		1562, 1563, // bit varying(n)
		1700, 1231, // numeric
		2950, 2951, // uuid
		114, 199, // json
		3802, 3807, // jsonb
	} {
		all[oid] = true
	}
	return all
}()
