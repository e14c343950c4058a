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
		Steps []struct {
			Step
			Spec json.RawMessage `json:"spec"`
		} `json:"steps"`
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
	for _, s := range frozen.Steps {
		verb := lang.verb(s.Verb)
		if verb == nil {
			return nil, fault.New(fault.Config, "flow.gone", "step %s: this godwit has no verb %s", s.ID, s.Verb)
		}
		s.Step.Spec = verb.Spec()
		if err := json.Unmarshal(s.Spec, s.Step.Spec); err != nil {
			return nil, fault.Wrap(err, "read frozen step %s", s.ID)
		}
		b.Steps = append(b.Steps, s.Step)
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
