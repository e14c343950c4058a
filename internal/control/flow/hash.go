package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"

	"godwit/internal/unit"
)

// Meaning is a flow without where its steps stand in their file, what else the
// file says, how fast it may go (workers, limits), and who is told of what is wrong:
// none of that makes another flow.
func (b *Bound) Meaning() []byte {
	plain := *b
	plain.Files, plain.Help, plain.Owners, plain.Known, plain.Issues, plain.Alarms, plain.Overlap = nil, "", nil, nil, nil, nil, nil
	plain.Steps, plain.Finally = meant(b.Steps), meant(b.Finally)
	plain.Connections = make(map[string]BoundConnection, len(b.Connections))
	for name, c := range b.Connections {
		plain.Connections[name] = BoundConnection{c.System, idle(c.Settings)}
	}
	if b.Late != nil { // what is filled in has its hash in the steps
		plain.Late = &Late{Vars: b.Late.Vars, Hash: b.Late.Hash}
	}
	return unit.Body(plain)
}

// meant are steps without their places and how fast they may go.
func meant(steps []Step) []Step {
	plain := slices.Clone(steps)
	for i, s := range plain {
		s.Pos, s.Spec, s.Steps, s.Finally = Pos{}, idle(s.Spec), meant(s.Steps), meant(s.Finally)
		plain[i] = s
	}
	return plain
}

// idle is a spec, or a connection's settings, without how fast it may go.
func idle(spec any) any {
	var keys map[string]any
	if json.Unmarshal(unit.Body(spec), &keys) != nil {
		return spec
	}
	delete(keys, "Workers")
	delete(keys, "Limit")
	if process, ok := keys["File"].(map[string]any); ok {
		delete(process, "Limit")
	}
	return keys
}

// Hash names what a run of a flow would do: by one hash of everything, which
// decides, and by parts that tell what has changed when it is another. The
// parts are HASH of the flow, N.HASH of the definitions, N.HASH of what is
// destroyed.
func (b *Bound) Hash(definitions [][]string, destroyed []string) (all, parts string) {
	whole := sha256.New()
	whole.Write(b.Meaning()) // a hash takes everything
	put := func(part hash.Hash, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			panic("encode part of a plan: " + err.Error()) // texts only
		}
		whole.Write(append(text, '\n'))
		part.Write(append(text, '\n'))
	}
	meant, made, gone := sha256.New(), sha256.New(), sha256.New()
	meant.Write(b.Meaning())
	for _, d := range definitions {
		put(made, d)
	}
	for _, d := range destroyed {
		put(gone, d)
	}
	return brief(whole, 12), fmt.Sprintf("%s-%d.%s-%d.%s", brief(meant, 4), len(definitions), brief(made, 4), len(destroyed), brief(gone, 4))
}

func brief(h hash.Hash, n int) string { return hex.EncodeToString(h.Sum(nil))[:n] }
