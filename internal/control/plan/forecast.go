package plan

import (
	"time"

	"godwit/internal/unit"
)

func (m *Machine) learn(u *unit.Unit, seconds float64, at time.Time) {}
