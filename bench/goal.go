package main

import (
	"fmt"
	"io"
	"strings"
)

// goal is a promise with what was measured.
type goal struct {
	What    string  `json:"what"`
	Goal    string  `json:"goal"`
	Figure  float64 `json:"figure"`
	Text    string  `json:"text"`
	Verdict string  `json:"verdict"` // met, missed, or why there is none
}

// Names of contenders, by what they stand for.
const (
	plainCopy  = "godwit copy --verify none"
	provedCopy = "godwit copy"
	inMemory   = "godwit copy --verify none, ledger in memory"
	ourRows    = "godwit, rows only"
	rawOnly    = "raw pipe, rows only"
	dumped     = "pg_dump -Fd -Z0 -j2, pg_restore -j2"
	copydb     = "pgcopydb clone"
	restored   = "pg_restore of definitions, -j2 after data"
)

// goals weighs all that was measured and prints it.
func (r *result) goals(w io.Writer) {
	r.Goals = nil
	r.walls("rows of the mixed set, wall", 0.9, r.find("mixed", ourRows), r.find("mixed", rawOnly))
	r.clients("rows of the mixed set, client CPU", 0.5, r.find("mixed", ourRows), r.find("mixed", rawOnly))
	r.walls("whole clone, to pgcopydb", 0.65, r.find("mixed", plainCopy), r.find("mixed", copydb))
	r.walls("whole clone, to pg_dump -j", 0.75, r.find("mixed", plainCopy), r.find("mixed", dumped))
	r.hashing()
	r.single("verify after a hashed copy, to the copy", 0.35, r.find("mixed", provedCopy), func(x reading) float64 {
		return x.Phases["= verify"].Span / x.Phases["= copy"].Span
	})
	r.memory()
	r.ledger()
	for _, p := range r.Parts {
		if p.Tables > 0 {
			r.smallTables(p)
		}
	}
	r.linear()
	r.records()
	r.called()
	fmt.Fprintln(w, "\n### goals\n\n| what | goal | measured | |\n|---|---|---|---|")
	for _, g := range r.Goals {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", g.What, g.Goal, g.Text, g.Verdict)
	}
}

func (r *result) add(what, limit string, figure float64, text string, met bool) {
	verdict := "missed"
	if met {
		verdict = "met"
	}
	r.Goals = append(r.Goals, goal{what, limit, figure, text, verdict})
}

func (r *result) none(what, limit string) {
	r.Goals = append(r.Goals, goal{What: what, Goal: limit, Verdict: "not measured"})
}

// walls compares the least walls. Where others took more than a fifth of the
// wall the CPU seconds of all three sides decide.
func (r *result) walls(what string, most float64, a, b *measured) {
	limit := fmt.Sprintf("<= %.2fx", most)
	if a == nil || b == nil {
		r.none(what, limit)
		return
	}
	x, cpu := a.least(wall)/b.least(wall), a.least(reading.cpu)/b.least(reading.cpu)
	text := fmt.Sprintf("%.2fx (%.2f / %.2f s), CPU of all sides %.2fx", x, a.least(wall), b.least(wall), cpu)
	if a.disturbed() || b.disturbed() {
		x = cpu
		text += " decides: others were busy"
	}
	r.add(what, limit, x, text, x <= most)
}

// clients compares the CPU seconds of the clients.
func (r *result) clients(what string, most float64, a, b *measured) {
	limit := fmt.Sprintf("<= %.2fx", most)
	if a == nil || b == nil {
		r.none(what, limit)
		return
	}
	x := a.least(clientTime) / b.least(clientTime)
	r.add(what, limit, x, fmt.Sprintf("%.2fx (%.2f / %.2f s)", x, a.least(clientTime), b.least(clientTime)), x <= most)
}

func (r *result) single(what string, most float64, a *measured, figure func(reading) float64) {
	limit := fmt.Sprintf("<= %.2fx", most)
	if a == nil {
		r.none(what, limit)
		return
	}
	x := a.least(figure)
	r.add(what, limit, x, fmt.Sprintf("%.2fx (median %.2fx)", x, a.median(figure)), x <= most)
}

func (r *result) hashing() {
	const what, limit = "hashing while copying, to all CPU of the copy", "<= 5 %"
	a := r.find("mixed", plainCopy)
	if a == nil {
		r.none(what, limit)
		return
	}
	for _, p := range r.Parts {
		if p.Name == "mixed" {
			x := 100 * p.Hashing / a.least(reading.cpu)
			r.add(what, limit, x, fmt.Sprintf("%.1f %% (%.2f s)", x, p.Hashing), x <= 5)
		}
	}
}

func (r *result) memory() {
	const what, limit = "peak memory of godwit's process", "<= 64 MiB"
	var most int64
	for _, p := range r.Parts {
		for _, m := range p.Contenders {
			if strings.HasPrefix(m.Name, "godwit") {
				for _, x := range m.Readings {
					most = max(most, x.Peak)
				}
			}
		}
	}
	if most == 0 {
		r.none(what, limit)
		return
	}
	mib := float64(most) / (1 << 20)
	r.add(what, limit, mib, fmt.Sprintf("%.0f MiB", mib), mib <= 64)
}

// ledger compares with a ledger that waits for no disk: the difference of two
// walls, which is no more exact than they are.
func (r *result) ledger() {
	const what, limit = "ledger's wait for the disk, to the wall", "< 2 %"
	a, b := r.find("mixed", plainCopy), r.find("mixed", inMemory)
	if a == nil || b == nil {
		r.none(what, limit)
		return
	}
	if a.disturbed() || b.disturbed() {
		r.Goals = append(r.Goals, goal{What: what, Goal: limit, Verdict: "not measurable: others were busy"})
		return
	}
	x := 100 * (a.least(wall) - b.least(wall)) / a.least(wall)
	r.add(what, limit, x, fmt.Sprintf("%.1f %% (%.2f, in memory %.2f s)", x, a.least(wall), b.least(wall)), x < 2)
}

func (r *result) smallTables(p *part) {
	what, a := p.Name+", rows", r.find(p.Name, plainCopy)
	if a == nil {
		r.none(what, ">= 1500 tables/s")
	} else {
		span := a.least(func(x reading) float64 { return x.Phases["= rows"].Span })
		rate := float64(p.Tables) / span
		r.add(what, ">= 1500 tables/s", rate, fmt.Sprintf("%.0f tables/s (%.2f s)", rate, span), rate >= 1500)
	}
	what = p.Name + ", definitions, to pg_restore"
	if b := r.find(p.Name, restored); a == nil || b == nil {
		r.none(what, "<= 0.60x")
	} else {
		span := a.least(func(x reading) float64 { return x.Phases["= definitions"].Span })
		x := span / b.least(wall)
		r.add(what, "<= 0.60x", x, fmt.Sprintf("%.2fx (%.2f / %.2f s)", x, span, b.least(wall)), x <= 0.6)
	}
	r.walls(p.Name+", whole, to pgcopydb", 0.2, a, r.find(p.Name, copydb))
}

// records weighs the loads.
func (r *result) records() {
	of := func(set string) *measured { return r.find("records", set+", godwit") }
	for _, g := range []struct {
		set   string
		least float64
	}{{"relational", 60_000}, {"documents", 30_000}, {"1 to 18 rows", 15_000}} {
		set, least := g.set, g.least
		what, limit := "records, "+set+", per s of client CPU", fmt.Sprintf(">= %.0f", least)
		if m := of(set); m == nil {
			r.none(what, limit)
		} else {
			text := fmt.Sprintf("%.0f", m.rate(clientTime))
			if hand := r.find("records", set+", by hand"); hand != nil {
				text += fmt.Sprintf("; by hand %.0f: %.2fx its CPU", hand.rate(clientTime), m.least(clientTime)/hand.least(clientTime))
			}
			r.add(what, limit, m.rate(clientTime), text, m.rate(clientTime) >= least)
		}
	}
	r.walls("records, 5 % bad by a rule, to none", 1.15, of("relational, 5 % bad, checked"), of("relational"))
	r.walls("records, 5 % bad by the target, to none", 3, of("relational, 5 % bad, refused"), of("relational"))
	r.recordMemory()
}

func (r *result) recordMemory() {
	const what, limit = "records, peak memory of godwit's process", "<= 200 MiB"
	var most float64
	for _, p := range r.Parts {
		for i := range p.Contenders {
			if m := &p.Contenders[i]; strings.HasSuffix(m.Name, ", godwit") && m.bad() == "" {
				most = max(most, m.most(func(x reading) float64 { return float64(x.Peak) / (1 << 20) }))
			}
		}
	}
	if most == 0 {
		r.none(what, limit)
		return
	}
	r.add(what, limit, most, fmt.Sprintf("%.0f MiB", most), most <= 200)
}

// called weighs the calls.
func (r *result) called() {
	a, hand, steady := r.find("calls", ourCalls), r.find("calls", callsByHand), r.find("calls", steadyCalls)
	const what, limit = "calls, requests per s of client CPU", ">= 12000"
	if a == nil {
		r.none(what, limit)
	} else {
		text := fmt.Sprintf("%.0f", a.rate(clientTime))
		if hand != nil {
			text += fmt.Sprintf("; by hand %.0f: %.2fx its CPU", hand.rate(clientTime), a.least(clientTime)/hand.least(clientTime))
		}
		r.add(what, limit, a.rate(clientTime), text, a.rate(clientTime) >= 12_000)
		bytes := a.least(func(x reading) float64 { return float64(x.Ledger) / float64(a.Records) })
		r.add("calls, ledger bytes of a finished record", "<= 60", bytes, fmt.Sprintf("%.1f", bytes), bytes <= 60)
	}
	r.walls("calls of 5 ms, price of safety", 1.21, r.find("calls", ourSlow), r.find("calls", slowByHand))
	const cores, most = "calls at 5,000 a second, cores", "< 0.5"
	if steady == nil {
		r.none(cores, most)
		return
	}
	span := steady.least(func(x reading) float64 { return x.Phases["deliver"].Span })
	x, rate := steady.least(clientTime)/span, float64(steady.Records)/span
	r.add(cores, most, x, fmt.Sprintf("%.2f at %.0f a second, reading and mapping included", x, rate), x < 0.5 && rate >= 4950)
}

// linear compares the CPU of 4x with 1x and of 16x with 4x: four at most, with
// a tenth for the sort of the keys.
func (r *result) linear() {
	a, b, c := r.find("growth", "godwit copy, 1x"), r.find("growth", "godwit copy, 4x"), r.find("growth", "godwit copy, 16x")
	const what, limit = "growth of CPU, 1x to 4x to 16x rows", "<= 4.40x each"
	if a == nil || b == nil || c == nil {
		r.none(what, limit)
		return
	}
	x, y := b.least(reading.cpu)/a.least(reading.cpu), c.least(reading.cpu)/b.least(reading.cpu)
	r.add(what, limit, max(x, y), fmt.Sprintf("%.2fx, %.2fx (%.2f, %.2f, %.2f s)", x, y,
		a.least(reading.cpu), b.least(reading.cpu), c.least(reading.cpu)), max(x, y) <= 4.4)
}
