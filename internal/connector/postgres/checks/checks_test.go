package checks

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Rule{
		// As PostgreSQL 15 writes them.
		"CHECK ((n > 0))":                                     {{Column: "n", Min: "0", AboveMin: true}},
		"CHECK ((n >= (0)::numeric))":                         {{Column: "n", Min: "0"}},
		"CHECK ((n >= '-1'::integer))":                        {{Column: "n", Min: "-1"}},
		"CHECK ((n > (- (5)::numeric)))":                      nil,
		"CHECK (((n >= 1) AND (n <= 10)))":                    {{Column: "n", Min: "1"}, {Column: "n", Max: "10"}},
		"CHECK (((n >= 1) AND (n < 10))) NOT VALID":           {{Column: "n", Min: "1"}, {Column: "n", Max: "10", BelowMax: true}},
		"CHECK (((n > 1) AND (a ~ 'x'::text)))":               {{Column: "n", Min: "1", AboveMin: true}},
		"CHECK (((n > 1) OR (n < -1)))":                       nil,
		"CHECK ((NOT (n > 1)))":                               nil,
		"CHECK ((n <> 1))":                                    nil,
		"CHECK ((a > b))":                                     nil,
		"CHECK (((a + b) > 1))":                               nil,
		"CHECK ((length(t) > 1))":                             nil,
		"CHECK ((t = 'x'::text))":                             {{Column: "t", In: []string{"x"}}},
		"CHECK ((t = ANY (ARRAY['a'::text, 'it''s'::text])))": {{Column: "t", In: []string{"a", "it's"}}},
		"CHECK (((t)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))":          {{Column: "t", In: []string{"a", "b"}}},
		"CHECK (((t)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying(3))::text])))": {{Column: "t", In: []string{"a", "b"}}},
		"CHECK ((\"odd \"\"Name\"\" \" = ANY (ARRAY[1, 2])))":                                                  {{Column: `odd "Name" `, In: []string{"1", "2"}}},
		"CHECK ((t <> ALL (ARRAY['a'::text])))":                                                                nil,
		"CHECK ((t = ANY (ARRAY['a'::text, lower('B'::text)])))":                                               nil,
		"CHECK ((t = ANY (ARRAY['a'::text, NULL::text])))":                                                     nil,
		"CHECK ((lower(t) = ANY (ARRAY['a'::text])))":                                                          nil,
		"CHECK ((VALUE > 0)) NO INHERIT":                                                                       {{Column: "VALUE", Min: "0", AboveMin: true}},
		"CHECK (((j ->> 'a'::text) = 'x'::text))":                                                              nil,
		"CHECK ((t = E'a\\n'::text))":                                                                          nil,
		"CHECK (b)":                                                                                            nil,
		"CHECK (((a > 0) = (b > 0)))":                                                                          nil,
		"CHECK (((n)::integer > 0))":                                                                           nil,
		"FOREIGN KEY (a) REFERENCES b(c)":                                                                      nil,
	} {
		if diff := cmp.Diff(want, Parse(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// FuzzParse wants an end without a panic, and rules that say something.
func FuzzParse(f *testing.F) {
	f.Add("CHECK (((t)::text = ANY ((ARRAY['a'::character varying])::text[])))")
	f.Add("CHECK (((n >= 1) AND (n < 10))) NOT VALID")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range Parse(text) {
			if r.Column == "" && text == "" || r.In == nil && r.Min == "" && r.Max == "" {
				t.Errorf("%q: %+v", text, r)
			}
		}
	})
}
