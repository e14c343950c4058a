package catalog

import "testing"

func TestFormat(t *testing.T) {
	t.Parallel()
	db := func(system string, number int) *Database { return &Database{System: system, Number: number} }
	columns := func(oids ...uint32) Table {
		var table Table
		for _, oid := range oids {
			table.Columns = append(table.Columns, Column{TypeOID: oid})
		}
		return table
	}
	const (
		integer, texts, enum, aclitem = 23, 1009, 16400, 1033
	)
	same, date := columns(integer), columns(1082)
	made := columns(integer, enum)
	made.Columns[1].Generated = true
	labels := Table{Columns: []Column{{TypeOID: enum, Enum: true}}}
	renumbered := Table{Columns: []Column{{TypeOID: enum + 1, Enum: true}}}
	domain := Table{Columns: []Column{{TypeOID: enum, Base: integer}}}
	listed := Table{Columns: []Column{{TypeOID: enum, Base: texts}}}
	for name, test := range map[string]struct {
		table    Table
		into     *Table
		from, to *Database
		want     string
	}{
		"scalars and arrays":         {columns(integer, texts), nil, db("postgres", 150018), db("postgres", 150001), Binary},
		"generated is left out":      {made, nil, db("postgres", 150018), db("postgres", 150018), Binary},
		"another major version":      {columns(integer), nil, db("postgres", 140018), db("postgres", 150018), Text},
		"another system":             {columns(integer), nil, db("postgres", 150018), db("mysql", 150018), Text},
		"a user's type":              {columns(integer, enum), nil, db("postgres", 150018), db("postgres", 150018), Text},
		"a type that names":          {columns(aclitem), nil, db("postgres", 150018), db("postgres", 150018), Text},
		"an enum":                    {labels, &renumbered, db("postgres", 150018), db("postgres", 150018), Binary},
		"an enum into a number":      {labels, &same, db("postgres", 150018), db("postgres", 150018), Text},
		"a domain":                   {domain, &same, db("postgres", 150018), db("postgres", 150018), Binary},
		"a domain into another type": {domain, &date, db("postgres", 150018), db("postgres", 150018), Text},
		"a domain over an array":     {listed, nil, db("postgres", 150018), db("postgres", 150018), Text},
		"no columns":                 {columns(), nil, db("postgres", 150018), db("postgres", 150018), Text},
		"a side that is unknown":     {columns(integer), nil, nil, db("postgres", 150018), Text},
		"the same at the target":     {columns(integer), &same, db("postgres", 150018), db("postgres", 150018), Binary},
		"another type at the target": {columns(integer), &date, db("postgres", 150018), db("postgres", 150018), Text},
	} {
		if got := Format(test.table, test.into, test.from, test.to); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	a, b := Column{Name: "a", Type: "int"}, Column{Name: "b", Type: "text"}
	same := Shape([]Column{a, b})
	b.Collation, b.NotNull = "C", true
	if got := Shape([]Column{a, b}); got != same || len(got) != 16 {
		t.Errorf("%s, want %s", got, same)
	}
	seen := map[string]bool{same: true}
	for _, other := range [][]Column{nil, {a}, {b, a}, {{Name: "ai", Type: "nt"}, b}, {a, {Name: "b", Type: "varchar"}}, {a, b, a}} {
		if s := Shape(other); seen[s] {
			t.Errorf("%v has a shape that was there before", other)
		} else {
			seen[s] = true
		}
	}
}
