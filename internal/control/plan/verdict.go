package plan

import (
	"fmt"

	"godwit/internal/control/plan/exit"
	"godwit/internal/fault"
)

// Codes of the faults that the Machine itself gives.
const (
	codeCancelled = exit.Cancelled
	codeTimeout   = "time.out"
	codeStuck     = "plan.stuck"
)

// verdict reports whether a node's work is over, and how it ended.
func (t *turn) verdict(in *instance, g gate) (over bool, outcome string, f *fault.Fault) {
	switch {
	case in.life.ending != nil && !in.guarded():
		return true, in.life.ending.outcome, in.life.ending.fault
	case in.loop != nil:
		over, outcome = t.ofItems(in, g)
	case in.node.Kind == Steps || in.node.Kind == Parallel:
		over, outcome = t.ofList(in, g)
	case in.node.Kind == Wait:
		over, outcome = !in.life.due.After(t.now), OutcomeDone
	case in.node.Kind == Approve:
		over, outcome, f = t.ofApproval(in)
	case in.node.Kind == WaitFor:
		return t.ofProbe(in, g)
	case in.node.Kind == Settings:
		over, outcome = t.ofGuard(in, g)
	default:
		over, outcome, f = t.ofUnits(in, g)
	}
	if !over && g.stop && (in.node.Kind == Wait || in.node.Kind == Approve) && in.loop == nil {
		over, outcome = true, t.cut(g)
	}
	if over && g.late == in && outcome != OutcomeDone {
		return true, OutcomeFailed, g.kill
	}
	return over, outcome, f
}

// cut is the outcome of what was stopped from outside.
func (t *turn) cut(g gate) string {
	if t.m.run.ending && !t.m.run.cancelled && g.late == nil {
		return OutcomeSkipped
	}
	return OutcomeCancelled
}

func (t *turn) ofUnits(in *instance, g gate) (bool, string, *fault.Fault) {
	s := in.step
	if s.N(Running) > 0 {
		return false, "", nil
	}
	owed := 0
	for _, w := range s.Owed {
		if w.State != Done && w.State != Failed {
			owed++
		}
	}
	switch {
	case !g.stop && s.N(Ready)+s.N(Waiting) > 0, s.Begun && owed > 0:
		return false, "", nil
	case s.N(Done) == len(s.Units()):
		return true, OutcomeDone, nil
	case g.stop && !in.trouble():
		return true, t.cut(g), nil
	case s.N(Failed) == 0:
		return true, OutcomeFailed, &fault.Fault{Kind: fault.Internal, Code: codeStuck,
			Text: fmt.Sprintf("%s: %d units wait for each other", in.id, s.N(Blocked))}
	}
	return true, OutcomeFailed, nil
}

// trouble reports whether a unit of the step failed by itself.
func (in *instance) trouble() bool {
	if in.step.N(Failed) == 0 {
		return false
	}
	for _, w := range in.step.Units() {
		if w.State == Failed && (w.Past == nil || w.Past.Fault == nil || !takenOff(w.Past.Fault)) {
			return true
		}
	}
	return false
}

// takenOff reports whether a unit failed only because the run was stopped.
func takenOff(f *fault.Fault) bool { return f.Code == codeCancelled }

func (t *turn) ofList(in *instance, g gate) (bool, string) {
	failed, stopped, free := false, false, true
	for _, k := range in.kids {
		switch {
		case k.phase == entered:
			return false, ""
		case k.phase == left:
			failed = failed || k.outcome == OutcomeFailed && k.node.OnError != Continue
			stopped = stopped || k.outcome == OutcomeCancelled || k.outcome == OutcomeEnded
		case g.stop:
			stopped = true
		case free:
			return false, ""
		}
		if in.node.Kind != Parallel {
			free = free && k.phase == left && !k.fatal()
		}
	}
	switch {
	case failed:
		return true, OutcomeFailed
	case stopped:
		return true, t.cut(g)
	}
	return true, OutcomeDone
}

func (t *turn) ofItems(in *instance, g gate) (bool, string) {
	l := in.loop
	if !l.known {
		n := in.step.N
		switch {
		case n(Running) > 0:
			return false, ""
		case n(Failed) > 0 && (!g.stop || in.trouble()):
			return true, OutcomeFailed
		}
		return g.stop && n(Done) == 0, t.cut(g)
	}
	rest := len(l.open) > 0 || !in.exhausted()
	if l.active > 0 || rest && !g.stop {
		return false, ""
	}
	for _, k := range l.kept {
		rest = rest || k.outcome == OutcomeCancelled || k.outcome == OutcomeEnded
	}
	switch {
	case in.broken():
		return true, OutcomeFailed
	case rest:
		return true, t.cut(g)
	}
	return true, OutcomeDone
}

func (t *turn) ofGuard(in *instance, g gate) (bool, string) {
	first, last := in.step.Units()[0], in.step.Units()[1]
	if !first.Begun && !last.Begun {
		return g.stop, t.cut(g)
	}
	if last.State != Done && last.State != Failed {
		return false, ""
	}
	_, outcome := t.ofList(in, gate{stop: true, late: g.late})
	if in.life.ending != nil {
		outcome = in.life.ending.outcome
	}
	if first.State == Failed || last.State == Failed {
		if last.State == Failed || in.trouble() {
			return true, OutcomeFailed
		}
		return true, t.cut(g)
	}
	return true, outcome
}

// inner reports whether the steps inside a settings node are over.
func (t *turn) inner(in *instance, g gate) bool {
	first := in.step.Units()[0]
	if first.State != Done {
		return first.State == Failed || g.stop && first.State != Running
	}
	if in.life.ending == nil {
		if over, _ := t.ofList(in, g); !over {
			return false
		}
	}
	_, outcome := t.ofList(in, g)
	return t.end(in, outcome, nil) // before the settings are put back
}
