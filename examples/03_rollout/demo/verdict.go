package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"godwit/rig/newsys"
)

// judged shows what the new system says of all that it was sent, and fails when any
// of it is not as it is to be.
func (r *rollout) judged(ctx context.Context) error {
	v, err := r.target.verdict(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "\nWhat the new system says of it:\n")
	var wrong []string
	for _, line := range lines(v) {
		fmt.Fprintf(r.Out, "  %-52s %s\n", line.what, line.is)
		if !line.good {
			wrong = append(wrong, line.what+": "+line.is)
		}
	}
	if len(wrong) > 0 {
		return errors.New("the new system says: " + strings.Join(wrong, "; "))
	}
	return nil
}

// late is how many requests of a second may arrive in the next one: the rate holds where
// they leave, and a busy machine holds some of them up on their way.
const late = rate / 20

type line struct {
	what, is string
	good     bool
}

func lines(v newsys.Verdict) []line {
	none := func(what string, list []string) line {
		text := fmt.Sprint(len(list))
		if len(list) > 0 {
			text += ": " + strings.Join(list[:min(3, len(list))], ", ")
		}
		return line{what, text, len(list) == 0}
	}
	var statuses []string
	for status, n := range v.Statuses {
		if status != 200 && status != 201 && status != 202 {
			statuses = append(statuses, fmt.Sprintf("%d x %d", n, status))
		}
	}
	slices.Sort(statuses)
	return []line{
		{"requests, of them such that write", fmt.Sprintf("%d, %d", v.Requests, v.Writes), true},
		{"refused, failed, not answered (0)", strings.Join(statuses, ", "), true},
		none("objects that are there twice", v.Duplicates),
		none("objects that came behind a later one", v.Disorder),
		none("objects without all of their notes", v.Unfinished),
		none("settings that are not as they were", v.Changed),
		{"requests in the busiest second, wherever it begins", fmt.Sprintf("%d of %d", v.Busiest, rate), v.Busiest <= rate+late},
		{"requests at the same time", fmt.Sprintf("%d of %d", v.Concurrency, concurrency), v.Concurrency <= concurrency},
		{"connections at the same time", fmt.Sprintf("%d", v.Open), v.Open <= concurrency+2},
	}
}
