package engine

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"godwit/internal/unit"
)

// notes keeps what an attempt says until it is settled, in one transaction
// with its end: a verification of a thousand tables is not a thousand commits,
// and what an attempt said that never ended is said again by the next. What
// others may need meanwhile (a snapshot) is written at once.
type notes struct {
	unit.Report
	mu   sync.Mutex
	said []note
}

type note struct {
	kind string
	body json.RawMessage
}

func (n *notes) Note(kind string, body any) {
	if strings.HasPrefix(kind, "snapshot.") {
		n.Report.Note(kind, body)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, note{kind, unit.Body(body)})
}

func (n *notes) events(id string, attempt int, now time.Time) []unit.Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []unit.Event
	for _, s := range n.said {
		list = append(list, unit.Event{At: now, Kind: s.kind, Unit: id, Attempt: attempt, Body: s.body})
	}
	return list
}
