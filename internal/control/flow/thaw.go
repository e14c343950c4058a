package flow

import (
	"encoding/json"

	"godwit/internal/fault"
)

// Thaw reads a Bound from its JSON. The structs of the verbs and connectors
// are those of the language at hand; one that is gone is a fault of kind
// config.
func Thaw(data []byte, lang Language) (*Bound, error) {
	var frozen struct {
		Bound
		Steps       []frozenStep `json:"steps"`
		Finally     []frozenStep `json:"finally"`
		Connections map[string]struct {
			System   string          `json:"system"`
			Settings json.RawMessage `json:"settings"`
		} `json:"connections"`
	}
	if err := json.Unmarshal(data, &frozen); err != nil {
		return nil, fault.Wrap(err, "read frozen flow")
	}
	b := frozen.Bound
	b.Connections = map[string]BoundConnection{}
	var err error
	if b.Steps, err = thaw(frozen.Steps, lang); err != nil {
		return nil, err
	}
	if b.Finally, err = thaw(frozen.Finally, lang); err != nil {
		return nil, err
	}
	for name, c := range frozen.Connections {
		system := lang.system(c.System)
		if system == nil {
			return nil, fault.New(fault.Config, "flow.gone", "connection %s: this godwit knows no %s", name, c.System)
		}
		settings := system.Settings()
		if err := json.Unmarshal(c.Settings, settings); err != nil {
			return nil, fault.Wrap(err, "read frozen connection %s", name)
		}
		b.Connections[name] = BoundConnection{c.System, settings}
	}
	return &b, nil
}

// frozenStep is a Step whose verb's struct is not known yet.
type frozenStep struct {
	Step
	Spec    json.RawMessage `json:"spec"`
	Steps   []frozenStep    `json:"steps"`
	Finally []frozenStep    `json:"finally"`
}

func thaw(frozen []frozenStep, lang Language) (steps []Step, err error) {
	for _, f := range frozen {
		s := f.Step
		if s.Steps, err = thaw(f.Steps, lang); err != nil {
			return nil, err
		}
		if s.Finally, err = thaw(f.Finally, lang); err != nil {
			return nil, err
		}
		if s.Verb != InOrder && s.Verb != AtOnce {
			verb, ok := lang.Verb(s.Verb)
			if !ok {
				return nil, fault.New(fault.Config, "flow.gone", "step %s: this godwit has no verb %s", s.ID, s.Verb)
			}
			s.Spec = verb.Spec()
			if err := json.Unmarshal(f.Spec, s.Spec); err != nil {
				return nil, fault.Wrap(err, "read frozen step %s", s.ID)
			}
		}
		steps = append(steps, s)
	}
	return steps, nil
}
