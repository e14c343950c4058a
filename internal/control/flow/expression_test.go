package flow

import (
	"strings"
	"testing"
)

// TestExpressions evaluates expressions in a text of a bound flow.
func TestExpressions(t *testing.T) {
	t.Parallel()
	const project = `
environments:
  a: {vars: {one: 1, mixed: 1, text: x, none: null}}
  b: {vars: {one: 2, mixed: two, text: y, none: 5}}
connections: {old: {postgres: {}}, new: {postgres: {}}}
`
	for _, c := range []struct{ expr, want, wrong string }{
		{expr: `inputs.n + env.one`, want: "5"},
		{expr: `env.mixed`, want: "1"},
		{expr: `env.none ?? 7`, want: "7"},
		{expr: `inputs.n > 3 ? "many" : "few"`, want: "many"},
		{expr: `if inputs.flag { "{" } else { "}" }`, want: "}"},
		{expr: `{"a": "}"}.a + '{' + "\""`, want: `}{"`},
		{expr: `inputs.d > duration("5m")`, want: "true"},
		{expr: `inputs.d`, want: "10m"},
		{expr: `upper(inputs.l[0])`, want: "A.B"},
		{expr: `inputs.n / 8`, want: "0.5"},
		{expr: `inputs.n - 4 - 1`, want: "-1"},
		{expr: `inputs.n * -3`, want: "-12"},
		{expr: `inputs.n + 9223372036854775807`, wrong: "too large"},
		{expr: `-9223372036854775807 - inputs.n`, wrong: "too large"},
		{expr: `inputs.n * 4611686018427387904`, wrong: "too large"},
		{expr: `1 / (inputs.n - 4)`, wrong: "division by zero"},
		{expr: `1.5 / (inputs.n - 4)`, wrong: "division by zero"},
		{expr: `inputs.n % (inputs.n - 4)`, wrong: "divide by zero"},
		{expr: `inputs.l[5]`, wrong: "out of range"},
		{expr: `inputs.text`, wrong: "there is no inputs.text"},
		{expr: `now()`, wrong: "there is no now"},
		{expr: `env.mixed + 1`, want: "2"},
		{expr: `env.mixed + 1 + "x"`, wrong: "int + string"},
	} {
		got, ds := evaluate(t, project, c.expr)
		switch {
		case c.wrong == "" && len(ds) > 0:
			t.Errorf("%s: %v", c.expr, ds)
		case c.wrong == "" && got != c.want:
			t.Errorf("%s is %q, want %q", c.expr, got, c.want)
		case c.wrong != "" && !strings.Contains(ds.Error(), c.wrong):
			t.Errorf("%s: %q, want %q", c.expr, ds, c.wrong)
		}
	}
}

func evaluate(t *testing.T, project, expr string) (string, Diagnostics) {
	t.Helper()
	p, ds := Load(write(t, map[string]string{"godwit.yaml": project, "flows/main.yaml": `
inputs:
  n: {type: int, default: 4}
  flag: {type: bool, default: false}
  l: {type: list, default: [a.b]}
  d: {type: duration, default: 10m}
steps:
  - copy:
      from: old
      to: new
      roles:
        a: |-
          <${` + expr + `}>
`}), language())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	f, ds := p.Flow("main")
	if len(ds) > 0 {
		return "", ds
	}
	b, ds := f.Bind(nil, "a")
	if len(ds) > 0 {
		return "", ds
	}
	text := b.Steps[0].Spec.(*copySpec).Roles["a"]
	return strings.TrimSuffix(strings.TrimPrefix(text, "<"), ">"), nil
}
