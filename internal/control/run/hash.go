package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strings"

	"godwit/internal/control/flow"
)

// hashes names a plan: by one hash of everything, which decides, and by parts
// that tell what has changed when it is another. The parts are HASH of the
// flow, N.HASH of the definitions, N.HASH of what is destroyed.
func hashes(b *flow.Bound, p *Plan) (all, parts string) {
	whole, definitions, destroyed := sha256.New(), sha256.New(), sha256.New()
	made, gone := 0, 0
	put := func(part hash.Hash, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			panic("encode part of a plan: " + err.Error()) // texts only
		}
		whole.Write(append(text, '\n')) // a hash takes everything
		part.Write(append(text, '\n'))
	}
	whole.Write(meaning(b))
	for _, s := range p.Steps {
		for _, d := range s.Facts.Definitions {
			made++
			put(definitions, []string{d.Kind, d.Name.String(), d.SQL})
		}
		for _, d := range s.Facts.Clearing {
			gone++
			put(destroyed, d.SQL)
		}
	}
	return hex.EncodeToString(whole.Sum(nil))[:12],
		fmt.Sprintf("%s-%d.%s-%d.%s", digest(meaning(b))[:4], made, brief(definitions), gone, brief(destroyed))
}

func brief(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil))[:4] }

// Name is the hash with its parts: what --plan takes.
func (p *Plan) Name() string { return p.Hash + "-" + p.Parts }

// Stale says what differs from the plan of a name, empty when nothing does.
// The hash alone is a name too; then it cannot say what.
func (p *Plan) Stale(name string) string {
	hash, parts, _ := strings.Cut(name, "-")
	if hash == p.Hash {
		return ""
	}
	then, now := strings.Split(parts, "-"), strings.Split(p.Parts, "-")
	if len(then) != len(now) {
		return "flow, inputs, definitions or what would be destroyed changed"
	}
	var changed []string
	if then[0] != now[0] {
		changed = append(changed, "the flow, its inputs or its environment changed")
	}
	for i, what := range []string{"the source's definitions", "what would be destroyed"} {
		if then[i+1] == now[i+1] {
			continue
		}
		before, _, _ := strings.Cut(then[i+1], ".")
		after, _, _ := strings.Cut(now[i+1], ".")
		changed = append(changed, fmt.Sprintf("%s changed, %s objects then, %s now", what, before, after))
	}
	if changed == nil {
		return "something changed"
	}
	return strings.Join(changed, "; ")
}
