package records

import (
	"testing"

	"godwit/internal/record"
)

// TestShort: whatever is kept comes back as it was; what is kept of a row, or of one call, is stored shorter.
func TestShort(t *testing.T) {
	t.Parallel()
	for _, k := range []record.Kept{
		{record.CallRow: {"id": int64(17)}}, {record.CallRow: {}}, {}, {"create": {"id": int64(17)}},
		{record.CallRow: {"a": "}}", "b": record.Object{"c": nil}}}, {record.CallRow: {"id": int64(1)}, "create": {"id": int64(2)}},
		{record.CallStub: {"id": int64(17)}}, {"create": {}},
		{"create": {"row": record.Object{"x": int64(1)}}, record.CallRow: {"id": int64(1)}},
	} {
		text, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		stored := short(text)
		if got := string(long(stored)); got != string(text) {
			t.Errorf("%s comes back as %s", text, got)
		}
		if len(k) == 1 && len(k[record.CallRow]) > 0 && len(stored) != len(text)-len(rowBegin)-len(rowEnd) {
			t.Errorf("%s is stored as %s", text, stored)
		}
	}
	for text, want := range map[string]string{`{"create":{"id":17}}`: `:create":{"id":17`, `{"stub":{"id":17}}`: `{"stub":{"id":17}}`} {
		if got := string(short([]byte(text))); got != want {
			t.Errorf("%s is stored as %s", text, got)
		}
	}
	if short(nil) != nil || long(nil) != nil {
		t.Error("nothing became something")
	}
}
