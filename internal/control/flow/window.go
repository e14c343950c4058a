package flow

import (
	"fmt"
	"time"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/window"
)

// Retry says how often and how long a unit of the step is tried again.
type Retry struct {
	For      time.Duration `flow:"for" default:"30m" help:"how long, from the first failure on" json:"for"`
	Attempts int           `flow:"attempts" help:"how often at most; not given: only for decides" json:"attempts,omitempty"`
	Wait     time.Duration `flow:"wait" default:"1s" help:"before the second try" json:"wait"`
	Factor   float64       `flow:"factor" default:"2" help:"each wait is so many times the one before" json:"factor"`
	MaxWait  time.Duration `flow:"max_wait" default:"1m" help:"longest wait" json:"maxWait"`
	Only     []string      `flow:"only" enum:"unavailable,throttled,conflict" default:"unavailable,throttled,conflict" help:"kinds of errors that are tried again" json:"only"`
}

// Window is when a step may work.
type Window = window.Window

// limits finds what the tags of a window and a retry cannot say, as soon as
// their values are known.
func (d *decoder) limits(s Step, n *Node) {
	if d.Scope.Values == nil && n.Evaluated() || d.filling {
		return
	}
	wrong := func(is bool, text string, next string, keys ...string) {
		if at := n.At(keys...); is && !d.Told(at) {
			d.Add(at, "flow.value", fmt.Sprintf("%s in %s %s", keys[1], keys[0], text), decode.NonEmpty(next)...)
		}
	}
	if w := s.Window; w != nil {
		_, err := time.LoadLocation(w.Zone)
		wrong(err != nil || w.Zone == "Local" || w.Zone == "", "is no time zone: "+source.Quote(w.Zone), "write it as Europe/Berlin or UTC", "window", "zone")
		wrong(w.For <= 0 || w.For >= 7*24*time.Hour, "is longer than nothing and shorter than a week", "write it as 24h", "window", "for")
	}
	r := s.Retry
	if r == nil {
		return
	}
	wrong(r.Factor < 1, "is 1 or more", "", "retry", "factor")
	wrong(r.Attempts < 0 || r.Attempts == 0 && n.Field("retry") != nil && n.Field("retry").Value.Field("attempts") != nil, "is 1 or more", "", "retry", "attempts")
	wrong(r.Wait <= 0, "is longer than nothing", "", "retry", "wait")
	wrong(r.MaxWait < r.Wait, "is no shorter than wait", "", "retry", "max_wait")
}
