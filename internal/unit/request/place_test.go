package request

import (
	"testing"

	"godwit/internal/record"
	"godwit/internal/unit"

	"github.com/google/go-cmp/cmp"
)

func TestParams(t *testing.T) {
	t.Parallel()
	var p Params
	if err := p.ReadPlain([]unit.Pair{{Name: "a", Value: "x y"}, {Name: "b", Value: nil}, {Name: "c", Value: []any{int64(1), true, nil}}, {Name: "d", Value: record.Decimal("1.50")}, {Name: "e", Value: ""}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Params{"a": {"x y"}, "c": {"1", "true"}, "d": {"1.50"}, "e": {""}}, p); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, v := range []any{"x", nil, []any{}, []unit.Pair{{Name: "a", Value: []unit.Pair{}}}, []unit.Pair{{Name: "a", Value: []any{[]any{}}}}} {
		if err := p.ReadPlain(v); err == nil {
			t.Errorf("%v is taken", v)
		}
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Place{
		"":        {Request: "GET /a/b"},
		"params":  {Params: Params{"a": {"b"}}},
		"fields":  {Fields: []string{"a"}},
		"request": {Request: "POST /a"},
	} {
		if key, _ := p.Problem(); key != want {
			t.Errorf("%v: %q", p, key)
		}
	}
	if key, _ := (Place{Request: "GET /a?b=c"}).Problem(); key != "request" {
		t.Error("a ? is taken")
	}
}
