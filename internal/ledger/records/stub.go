package records

import (
	"bytes"
	"slices"

	"godwit/internal/record"
)

// stubBegin is how what is kept of a stub begins: of a row that stands in for a
// record.
const stubBegin = `{"` + record.CallStub + `":`

func stub(kept []byte) bool { return bytes.HasPrefix(kept, []byte(stubBegin)) }

// standing leaves out stubs of records that have come meanwhile: who made them knew
// nothing of that yet.
func (s *said) standing(states []record.State, before map[string]row) []record.State {
	return slices.DeleteFunc(states, func(one record.State) bool {
		was, known := before[one.Key]
		return known && stub(one.Kept) && was.kept != nil && was.chunk >= s.floor
	})
}

// inPlace is what is kept of a record that comes where a stub stood. When it is
// another row than that nobody can tell any more which of them is referred to.
func (s several) inPlace(now []byte, was row) ([]byte, error) {
	if stub(now) || bytes.Equal(bytes.TrimPrefix(was.kept, []byte(stubBegin)), bytes.TrimPrefix(now, []byte(`{"`+record.CallRow+`":`))) {
		return now, nil
	}
	mine, err := record.ReadKept(now)
	if err != nil {
		return nil, err
	}
	theirs, err := record.ReadKept(was.kept)
	if err != nil {
		return nil, err
	}
	return mine.Beside(theirs).Bytes()
}
