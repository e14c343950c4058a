package records

import (
	"testing"

	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

// TestPack: what a chunk says comes back, with whose records they are; so does what a
// version has prepared that did not say whose.
func TestPack(t *testing.T) {
	t.Parallel()
	said := []record.State{{Key: "1", Outcome: record.Applied, Hash: 7, Kept: []byte("{}")}, {Key: "2", Outcome: record.Dead}}
	for _, by := range []int64{0, 1, 1 << 40} {
		got, states, err := unpack(pack(by, said))
		if diff := cmp.Diff(said, states); diff != "" || got != by || err != nil {
			t.Errorf("of claimant %d, which became %d, error %v: %s", by, got, err, diff)
		}
	}
	if packed := pack(1, said); string(packed[:len(packed)-1]) != string(pack(0, said)) {
		t.Error("what was prepared by a version that did not say whose it is cannot be read")
	}
}

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
