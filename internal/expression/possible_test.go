package expression

import "testing"

// TestPossible: impossible is only what is never true, whatever else there is.
func TestPossible(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		`op == "create"`: false, `"create" == op`: false, `op == 'create' and doc.a > 1`: false, `doc.a > 1 and op == "create"`: false,
		`op in ["create"]`: false, `op in ["create", "delete"]`: false, `not (op == "update")`: false, `op != "update"`: false, `op not in ["update", "delete"]`: false,
		`op == "create" ? true : false`: false, `(op == "create" or op == "delete") && doc.x`: false, `false`: false,
		`op == "create" && op == "update"`: false,
		`op in ["create", "update"]`:       true, `op == "create" || op == "update"`: true, `op == "create" or doc.late`: true, `op != "delete"`: true,
		`doc.a == "create"`: true, `doc.op == "create"`: true, `true`: true, `op in doc.list`: true, `op in ["create", doc.other]`: true, `not (op == "create")`: true,
		`doc.new ? op == "create" : op == "update"`: true, `any(["update"], # == op)`: true, `op startsWith "c"`: true, `op == `: true,
	} {
		if got := Possible(code, "op", "update"); got != want {
			t.Errorf("%s: possible %v", code, got)
		}
	}
}
