package typed

import (
	"testing"

	"godwit/internal/catalog"

	"github.com/google/go-cmp/cmp"
)

// FuzzList writes lists of texts and reads them back: what comes out is what
// went in, and no text makes the reader run on.
func FuzzList(f *testing.F) {
	f.Add("a", `"quoted" \ back`, "NULL", true)
	f.Add("", "{}", ",", false)
	f.Fuzz(func(t *testing.T, a, b, c string, nested bool) {
		list := []any{a, nil, b, c}
		if nested {
			list = []any{[]any{a, b}, []any{nil, c}}
		}
		text, err := Texts.Append(nil, list)
		if err != nil {
			return // no text of the server
		}
		back, err := Texts.list(text)
		if diff := cmp.Diff(any(list), back); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
		_, _ = Texts.list([]byte(a)) // any text comes to an end
	})
}

func TestListsThatAreNone(t *testing.T) {
	t.Parallel()
	of := Type{Type: catalog.Type{Kind: catalog.KindList}, Of: &Type{Type: catalog.Type{Kind: catalog.KindInt}}, delim: ','}
	for _, text := range []string{"", "{", "{1", "{1,", "{1,}", "{1}x", "{1}{2}", `{"1}`, `{"1\`, "1", "{,1}", "{a}", "{{1},2"} {
		if v, err := of.list([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, v)
		}
	}
}
