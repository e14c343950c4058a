package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

func wall(r reading) float64       { return r.Wall }
func clientTime(r reading) float64 { return r.Client }

// print writes a part as a markdown table: least figures of the rounds, the
// median wall beside them.
func (p *part) print(w io.Writer) {
	fmt.Fprintf(w, "\n### %s: %s\n\n", p.Name, p.Set)
	fmt.Fprintln(w, "| contender | wall s, min | median | client CPU s | source | target | others | memory MiB | WAL MiB | rows |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|")
	for i := range p.Contenders {
		m := &p.Contenders[i]
		if bad := m.bad(); bad != "" {
			fmt.Fprintf(w, "| %s | %s | | | | | | | | |\n", m.Name, strings.ReplaceAll(bad, "\n", " "))
			continue
		}
		same := m.Readings[0].Same
		if same == "" {
			same = "none"
		}
		fmt.Fprintf(w, "| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.0f | %.0f | %s |\n", m.Name,
			m.least(wall), m.median(wall), m.least(clientTime),
			m.least(func(r reading) float64 { return r.Source }), m.least(func(r reading) float64 { return r.Target }),
			m.median(func(r reading) float64 { return r.Others }),
			m.most(func(r reading) float64 { return float64(r.Memory) / (1 << 20) }),
			m.median(func(r reading) float64 { return float64(r.WAL) / (1 << 20) }), same)
	}
	p.printRates(w)
	for i := range p.Contenders {
		if m := &p.Contenders[i]; m.bad() == "" && m.Readings[0].Phases != nil {
			m.printPhases(w)
		}
	}
}

// printRates shows how many records a second of the client's CPU does.
func (p *part) printRates(w io.Writer) {
	title := "\n| contender | records | per s of client CPU | per s of wall | memory of the process MiB |\n|---|---:|---:|---:|---:|\n"
	for i := range p.Contenders {
		if m := &p.Contenders[i]; m.bad() == "" && m.Records > 0 {
			fmt.Fprintf(w, "%s| %s | %d | %.0f | %.0f | %.0f |\n", title, m.Name, m.Records, m.rate(clientTime), m.rate(wall),
				m.most(func(r reading) float64 { return float64(r.Peak) / (1 << 20) }))
			title = ""
		}
	}
}

// rate is records in a second of some figure.
func (m *measured) rate(seconds func(reading) float64) float64 {
	return float64(m.Records) / m.least(seconds)
}

// printPhases shows where godwit's time went in its quickest round.
func (m *measured) printPhases(w io.Writer) {
	best := slices.MinFunc(m.Readings, func(a, b reading) int { return cmp.Compare(a.Wall, b.Wall) })
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(best.Phases)) {
		p := best.Phases[kind]
		parts = append(parts, fmt.Sprintf("%s %.2f s (%d units, %.2f s)", kind, p.Span, p.Units, p.Work))
	}
	fmt.Fprintf(w, "\n%s, phases of the best round: %s; outside of units %.2f s\n", m.Name, strings.Join(parts, ", "),
		best.Wall-best.Phases["= copy"].Span-best.Phases["= verify"].Span)
}
