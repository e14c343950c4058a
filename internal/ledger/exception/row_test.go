package exception

import (
	"bytes"
	"strings"
	"testing"

	"godwit/internal/fault"
)

func TestPayloadsComeBack(t *testing.T) {
	t.Parallel()
	for _, payload := range [][]byte{nil, []byte("{}"), []byte(strings.Repeat(`{"title":"x"}`, 1<<16))} {
		got, err := Unpack(Pack(payload))
		if err != nil || !bytes.Equal(got, payload) {
			t.Errorf("%d bytes came back as %d, %v", len(payload), len(got), err)
		}
	}
	stored := Pack([]byte(strings.Repeat("abcdefgh", 100)))
	for i := range stored { // each byte of it, and each end
		damaged := bytes.Clone(stored)
		damaged[i] ^= 0x10
		if got, err := Unpack(damaged); err == nil && !bytes.Equal(got, []byte(strings.Repeat("abcdefgh", 100))) {
			t.Errorf("damage at byte %d is not seen", i)
		}
		if _, err := Unpack(stored[:i]); i > 0 && fault.CodeOf(err) != "ledger.damaged" {
			t.Errorf("an end at byte %d: %v", i, err)
		}
	}
}
