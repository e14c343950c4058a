package nearest

import (
	"slices"
	"testing"
)

func TestName(t *testing.T) {
	t.Parallel()
	names := []string{"title", "short_title", "id", "exclude", "ähnlich"}
	for word, want := range map[string]string{
		"titel": "title", "TITLE": "title", "xyzzy": "", "ids": "id", "shor": "short_title", "x": "", "excl": "exclude", "ahnlich": "ähnlich",
	} {
		if got := Name(word, names); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	got := Names("sales.ordr", []string{"sales.order", "sales.orders", "sales.*", "ref.country"}, 2)
	if want := []string{"sales.order", "sales.orders"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
