package doctor

import (
	"context"
	"fmt"
	"regexp"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// MakeRoom adds to the facts what makes room at the target, if the policy wants
// room made. What is kept there for others has to be as it is at the source.
func MakeRoom(ctx context.Context, open connector.Opener, n unit.Needs, facts *catalog.Facts) error {
	if n.Existing != replace && n.Existing != truncate {
		return nil
	}
	c, err := connector.Capable[connector.Clearer](ctx, open, n.To, "be cleared")
	if err != nil {
		return err
	}
	facts.Clearing, facts.Kept, err = c.Clearing(ctx, n.Existing, n.Select, facts.Source, facts.Target)
	if err == nil && len(facts.Kept) > 0 {
		err = same(ctx, open, n, facts)
	}
	return err
}

// same refuses to keep what is not the same on both sides.
func same(ctx context.Context, open connector.Opener, n unit.Needs, facts *catalog.Facts) error {
	db, err := Inspect(ctx, open, n.To, catalog.Selection{}, false)
	if err != nil {
		return err
	}
	theirs, err := definitions(ctx, open, n.To, catalog.Selection{}, db, "")
	if err != nil {
		return err
	}
	ours, there := texts(facts.Definitions), texts(theirs)
	var e *fault.Error
	for _, o := range facts.Kept {
		if text, ok := ours[o]; !ok || text == there[o] {
			continue
		}
		if e == nil {
			e = fault.New(fault.Config, "target.depended", "what others use there is not as it is at %s, and cannot be replaced", n.From)
		}
		e = e.With("differs", "%s %s", o.Kind, o.Name)
	}
	if e == nil {
		return nil
	}
	return e.Hint("make it like the source's, or select what uses it too: godwit verify shows what differs")
}

// ownership is a line that says whose an object is: it may be another's.
var ownership = regexp.MustCompile(`(?m)^ALTER [A-Z ]+ .* OWNER TO .*;?$`)

// texts are the definitions of objects, whoever owns them.
func texts(list []catalog.Definition) map[catalog.Object]string {
	by := map[catalog.Object]string{}
	for _, d := range list {
		by[catalog.Object{Kind: d.Kind, Name: d.Name}] += fmt.Sprintln(ownership.ReplaceAllString(d.SQL, ""))
	}
	return by
}
