package past

import (
	"context"
	"encoding/json"
	"time"

	"godwit/internal/unit"
)

// What a request left in the journal, beside its answer (noted): it is about to
// leave; it took no effect.
const (
	intended = "request.intended"
	void     = "request.void"
)

// AnswerVerb is the action by which a person says whether a request in doubt took
// effect. Its body is Answer.
const AnswerVerb = "answer"

// Answer is what a person says about a request of a unit.
type Answer struct {
	Unit string `json:"unit"`
	Took bool   `json:"took"`
}

type intent struct {
	Key string `json:"key,omitempty"`
}

// Intend is requests.History's.
func (p Past) Intend(ctx context.Context, id string, attempt int, key string) error {
	return p.Own.Note(ctx, unit.Event{Kind: intended, Unit: id, Attempt: attempt, Body: unit.Body(intent{key})})
}

// Void is requests.History's.
func (p Past) Void(ctx context.Context, id string, attempt int) error {
	return p.Own.Note(ctx, unit.Event{Kind: void, Unit: id, Attempt: attempt})
}

// Intents is requests.History's.
func (p Past) Intents(ctx context.Context, id, of string) ([]unit.Intent, error) {
	events, err := p.Ledger.View().UnitEvents(ctx, p.Run, id)
	if err != nil {
		return nil, err
	}
	since := int64(0)
	if of != "" {
		others, err := p.Ledger.View().UnitEvents(ctx, p.Run, of)
		if err != nil {
			return nil, err
		}
		for _, e := range others {
			if e.Kind == unit.UnitStarted {
				since = e.Seq
			}
		}
	}
	var all []unit.Intent
	for _, e := range events {
		switch {
		case e.Seq < since:
		case e.Kind == unit.UnitUndone:
			all = nil
		case e.Kind == intended:
			b, err := unit.Decode[intent](e)
			if err != nil {
				return nil, err
			}
			all = append(all, unit.Intent{Attempt: e.Attempt, At: e.At, Key: b.Key})
		case e.Kind == void, e.Kind == noted:
			// of those of an attempt (and one at taking back may have the same number)
			// it is about the one that left last
			for i := range all {
				one := &all[len(all)-1-i]
				if one.Attempt == e.Attempt && !one.Void {
					one.Void, one.Facts = e.Kind == void, e.Body
					break
				}
			}
		}
	}
	return all, nil
}

// Answered is requests.History's.
func (p Past) Answered(ctx context.Context, id string, since time.Time) (took, ok bool, err error) {
	all, err := p.Ledger.View().Actions(ctx, p.Run)
	for _, a := range all {
		var said Answer
		if a.Verb != AnswerVerb || a.Asked.Before(since) || json.Unmarshal(a.Body, &said) != nil || said.Unit != id {
			continue
		}
		took, ok = said.Took, true
		if err := p.Own.InEffect(ctx, a.ID); err != nil {
			return false, false, err
		}
	}
	return took, ok, err
}
