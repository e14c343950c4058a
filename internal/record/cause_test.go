package record

import "testing"

func TestCauseNamesTheReason(t *testing.T) {
	t.Parallel()
	long := Exception{Outcome: Dead, Refusal: &Refusal{Code: "data.too-long", Field: "title", Text: "value too long for type character varying(200)", Where: "film", Value: "a"}}
	// The name is written down in ledgers: it must never change.
	if got := Cause(long); got != "4c7189d7" {
		t.Errorf("the cause is %s", got)
	}
	with := func(change func(*Exception)) Exception {
		e, r := long, *long.Refusal
		e.Refusal = &r
		change(&e)
		return e
	}
	for name, e := range map[string]Exception{
		"another value":  with(func(e *Exception) { e.Refusal.Value = "b" }),
		"another number": with(func(e *Exception) { e.Refusal.Text = "value too long for type  character varying(40)" }),
		"another key":    with(func(e *Exception) { e.Key, e.ID, e.Attempts = "7", 7, 7 }),
	} {
		if Cause(e) != Cause(long) {
			t.Errorf("%s makes another cause", name)
		}
	}
	seen := map[string]string{Cause(long): "the first"}
	for name, e := range map[string]Exception{
		"another outcome":      with(func(e *Exception) { e.Outcome = Rejected }),
		"another code":         with(func(e *Exception) { e.Refusal.Code = "data.range" }),
		"another field":        with(func(e *Exception) { e.Refusal.Field = "name" }),
		"another place":        with(func(e *Exception) { e.Refusal.Where = "actor" }),
		"another text":         with(func(e *Exception) { e.Refusal.Text = "no" }),
		"an issue":             {Outcome: Rejected, Issues: []Issue{{Rule: "required", Field: "title", Severity: SeverityError}}},
		"an issue of a rule":   {Outcome: Rejected, Issues: []Issue{{Rule: "length", Field: "title", Severity: SeverityError}}},
		"an issue of a column": {Outcome: Rejected, Issues: []Issue{{Rule: "required", Field: "name", Severity: SeverityError}}},
	} {
		if before := seen[Cause(e)]; before != "" {
			t.Errorf("%s has the cause of %s", name, before)
		}
		seen[Cause(e)] = name
	}
	warned := Exception{Outcome: Rejected, Issues: []Issue{
		{Rule: "blank", Field: "note", Severity: SeverityWarn}, {Rule: "required", Field: "title", Severity: SeverityError, Value: "x"}}}
	if seen[Cause(warned)] != "an issue" {
		t.Error("a warning before the issue makes another cause")
	}
	if field, value := warned.At(); field != "title" || value != "x" {
		t.Errorf("it is about %s %s", field, value)
	}
}

func TestWithoutValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a 12  b":              "a # b",
		"Duplicate 'x''y' for": "Duplicate '?''?' for",
		"open 'quote":          "open '?'",
		"":                     "",
		` "orders_pkey" `:      `"orders_pkey"`,
	} {
		if got := withoutValues(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
