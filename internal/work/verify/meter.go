package verify

import (
	"time"

	"godwit/internal/unit"
)

// meter reports how far a unit has read. A table counts by its size at the
// source, of which each side that is read has its share.
type meter struct {
	report unit.Report
	p      unit.Progress
	base   int64 // what is behind
	share  int64 // of what is being read
	read   int64 // of it, bytes so far
	told   time.Time
}

// meterEvery is how often it is told.
const meterEvery = 200 * time.Millisecond

// part begins to read what stands for so much of the unit.
func (m *meter) part(share int64) {
	m.base, m.share, m.read = m.base+m.share, share, 0
}

// Write counts what is read.
func (m *meter) Write(b []byte) (int, error) {
	n := int64(len(b))
	m.read, m.p.Bytes = m.read+n, m.p.Bytes+n
	if now := time.Now(); now.Sub(m.told) > meterEvery {
		m.told = now
		m.tell()
	}
	return len(b), nil
}

func (m *meter) tell() {
	m.p.At, m.p.Done = time.Now(), m.base+min(m.share, m.read)
	m.report.Progress(m.p)
}
