package steps

import (
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"

	"github.com/google/go-cmp/cmp"
)

type list = []any

// of is {name: value, rest...}.
func of(name string, value any, rest ...unit.Pair) []unit.Pair {
	return append([]unit.Pair{{Name: name, Value: value}}, rest...)
}

func TestConverts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plain any
		want  List
	}{
		"word":    {"trim", List{{Name: "trim"}}},
		"words":   {list{"trim", "blank_to_null", "epoch"}, List{{Name: "trim"}, {Name: "blank_to_null"}, {Name: "epoch"}}},
		"bool":    {of("bool", list{list{"J", "1"}, list{"N", "0"}}), List{{Name: "bool", Sets: [][]string{{"J", "1"}, {"N", "0"}}}}},
		"date":    {of("date", "2006-01-02"), List{{Name: "date", Args: []string{"2006-01-02"}}}},
		"zone":    {list{of("zone", "Europe/Amsterdam", unit.Pair{Name: "date", Value: "2006-01-02"})}, List{{Name: "date", Args: []string{"2006-01-02", "Europe/Amsterdam"}}}},
		"split":   {list{of("split", ","), "trim", of("join", "")}, List{{Name: "split", Args: []string{","}}, {Name: "trim"}, {Name: "join", Args: []string{""}}}},
		"replace": {of("replace", list{`(\d+)-(?P<b>x)`, "${1}x$b$$"}), List{{Name: "replace", Args: []string{`(\d+)-(?P<b>x)`, "${1}x$b$$"}}}},
		"number":  {list{of("number", list{","}), of("number", list{",", "."}), "number"}, List{{Name: "number", Args: []string{","}}, {Name: "number", Args: []string{",", "."}}, {Name: "number"}}},
		"epoch":   {list{of("epoch", "ms"), "epoch"}, List{{Name: "epoch", Args: []string{"ms"}}, {Name: "epoch"}}},
		"pad":     {of("pad", list{int64(1000), "é"}), List{{Name: "pad", Args: []string{"1000", "é"}}}},
	} {
		var got List
		if err := got.ReadPlain(c.plain); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestConvertsRefuse(t *testing.T) {
	t.Parallel()
	const (
		words = "words: blank_to_null, bool,"
		boolF = `write {bool: [["J", "1"], ["N", "0"]]}`
		look  = "write how 2 January 2006 15:04:05 looks"
	)
	for name, c := range map[string]struct {
		plain      any
		want, next string
	}{
		"unknown":         {"uper", `there is no "uper"`, "did you mean upper? ("},
		"far":             {"translate", `there is no "translate"`, words},
		"second":          {list{"trim", "lowr"}, `step 2: there is no "lowr"`, "did you mean lower? ("},
		"none":            {list{}, "it names no step", "take the key away"},
		"null":            {nil, "it is a word, or a word with arguments", words},
		"number":          {int64(1), "it is a word, or a word with arguments", words},
		"nested":          {list{list{"trim"}}, "step 1: it is a word, or a word with arguments", words},
		"without":         {"split", "split needs arguments", `write {split: ","}`},
		"with":            {of("trim", "x"), "trim takes no arguments", "write trim"},
		"misspelt":        {of("replac", list{"a", "b"}), `there is no "replac"`, "did you mean replace?"},
		"two":             {of("split", ",", unit.Pair{Name: "join", Value: ","}), "split and join are two steps", `make a list of them: [{split: ","}, {join: ", "}]`},
		"empty":           {[]unit.Pair{}, "zone belongs to date", ""},
		"zone alone":      {of("zone", "UTC"), "zone belongs to date", ""},
		"zone of split":   {of("split", ",", unit.Pair{Name: "zone", Value: "UTC"}), "zone belongs to date", "write {date:"},
		"zone":            {of("date", "2006-01-02", unit.Pair{Name: "zone", Value: "Europe/Amsterdm"}), `date: there is no time zone "Europe/Amsterdm"`, "write it as Europe/Berlin or UTC"},
		"zone local":      {of("date", "2006-01-02", unit.Pair{Name: "zone", Value: "Local"}), `date: there is no time zone "Local"`, ""},
		"zone null":       {of("date", "2006-01-02", unit.Pair{Name: "zone", Value: nil}), "date: zone: a text is wanted", "write {date:"},
		"date number":     {of("date", int64(2006)), "date: 2006 is no text", `put it in quotes: "2006"`},
		"split empty":     {of("split", ""), "split: the separator is empty", `write {split: ","}`},
		"split list":      {of("split", list{","}), "split: a text is wanted", `write {split: ","}`},
		"join bool":       {of("join", true), "join: true is no text", `put it in quotes: "true"`},
		"bool text":       {of("bool", "J"), "bool: it takes two lists: what is true, what is false", boolF},
		"bool one":        {of("bool", list{list{"J"}}), "bool: it takes two lists", boolF},
		"bool texts":      {of("bool", list{"J", "N"}), "bool: a list of texts is wanted", boolF},
		"bool number":     {of("bool", list{list{"J", record.Decimal("1.0")}, list{}}), "bool: 1.0 is no text", `put it in quotes: "1.0"`},
		"bool both":       {of("bool", list{list{"J"}, list{"N", "J"}}), `bool: "J" is both true and false`, "keep it"},
		"bool empty":      {of("bool", list{list{}, list{}}), "bool: both lists are empty", boolF},
		"replace one":     {of("replace", list{"a"}), "replace: it takes a regular expression and a text", "write {replace:"},
		"replace text":    {of("replace", "a"), "replace: a list of texts is wanted", "write {replace:"},
		"replace pattern": {of("replace", list{"(a", ""}), `replace: "(a" is no regular expression (RE2): missing closing )`, "write {replace:"},
		"replace perl":    {of("replace", list{"a(?=b)", ""}), "is no regular expression (RE2): invalid or unsupported Perl syntax", ""},
		"replace group":   {of("replace", list{"(a)", "$2"}), `replace: "(a)" has no group 2`, "write $$"},
		"replace name":    {of("replace", list{"(a)", "$1x"}), `replace: "(a)" has no group 1x`, "as $${1}x"},
		"pad zero":        {of("pad", list{int64(0), "0"}), "pad: 0 is no length from 1 to 1000", `write {pad: [6, "0"]}`},
		"pad long":        {of("pad", list{int64(1001), "0"}), "pad: 1001 is no length from 1 to 1000", ""},
		"pad fraction":    {of("pad", list{record.Decimal("1.5"), "0"}), "pad: 1.5 is no length", ""},
		"pad character":   {of("pad", list{int64(6), "00"}), `pad: "00" is not one character`, ""},
		"pad number":      {of("pad", list{int64(6), int64(0)}), "pad: 0 is no text", `put it in quotes: "0"`},
		"pad one":         {of("pad", list{int64(6)}), "pad: it takes a length and a character", ""},
		"number none":     {of("number", list{}), "number: it takes the decimal mark", `write {number: [",", "."]}`},
		"number same":     {of("number", list{",", ","}), "number: it takes the decimal mark", ""},
		"number text":     {of("number", ","), "number: a list of texts is wanted", ""},
		"epoch unit":      {of("epoch", "min"), `epoch: "min" is no unit of time`, "write {epoch: ms}"},
		"zone twice":      {of("date", "2006-01-02 15:04 -0700", unit.Pair{Name: "zone", Value: "UTC"}), "holds a time zone already", "take zone away"},
		"date nonsense":   {of("date", "24 Jun 2021"), `date: "24 Jun 2021" is no layout: 2 and 2 are both the day`, look},
	} {
		var got List
		err := got.ReadPlain(c.plain)
		if err == nil || !strings.Contains(err.Error(), c.want) || got != nil {
			t.Errorf("%s: %v, want %s; read %v", name, err, c.want, got)
			continue
		}
		if next := strings.Join(fault.Of(err).Next, "\n"); next == "" || !strings.Contains(next, c.next) {
			t.Errorf("%s: next %q, want %q", name, next, c.next)
		}
	}
}
