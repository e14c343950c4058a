package readback

import (
	"testing"
	"time"

	"godwit/internal/record"
)

func TestSame(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)
	for name, one := range map[string]struct {
		sent, seen any
		want       bool
	}{
		"null, not there":         {nil, record.Missing, true},
		"not there, null":         {record.Missing, nil, true},
		"null, something":         {nil, "", false},
		"something, null":         {"", nil, false},
		"numbers by value":        {record.Decimal("1.50"), 1.5, true},
		"beyond 2^53":             {int64(9007199254740993), int64(9007199254740992), false},
		"digits are no number":    {"7", int64(7), false},
		"a number is no digits":   {int64(7), "7", false},
		"a moment in a zone":      {at, "2024-05-01T10:00:00.000+02:00", true},
		"another moment":          {at, "2024-05-01T10:00:00Z", false},
		"no moment":               {at, "today", false},
		"a day":                   {time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC), "2024-05-01", true},
		"more fields than sent":   {record.Object{"a": int64(1)}, record.Object{"a": int64(1), "id": "x"}, true},
		"a field that is lost":    {record.Object{"a": int64(1), "b": "x"}, record.Object{"a": int64(1)}, false},
		"a null that is left out": {record.Object{"a": nil}, record.Object{}, true},
		"elements in order":       {[]any{"a", "b"}, []any{"b", "a"}, false},
		"an element too many":     {[]any{"a"}, []any{"a", "b"}, false},
		"inside of lists":         {[]any{record.Object{"a": int64(1)}}, []any{record.Object{"a": 1.0, "id": "7"}}, true},
		"bytes":                   {[]byte("abc"), "YWJj", true},
		"unread JSON":             {record.JSON(`{"a": 1.0}`), record.Object{"a": int64(1)}, true},
		"true":                    {true, true, true},
		"true, false":             {true, false, false},
		"an object, a text":       {record.Object{}, "x", false},
	} {
		if got := same(one.sent, one.seen); got != one.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
