package flow

import (
	"godwit/internal/control/flow/alarm"
	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/input"
	"godwit/internal/control/flow/schema"
)

// Schema is the JSON schema (draft 2020-12) of a flow file, for editors; that
// of godwit.yaml is in it as #/$defs/project. Both are made from the same tags
// that the decoder reads.
func Schema(lang Language) []byte {
	p := schema.Parts{
		Flow: flowKeys{}, Project: projectKeys{}, Environment: environmentKeys{}, Owner: ownerKeys{}, Issues: issueKeys{}, Alarm: alarmKeys{}, Send: alarm.Send{}, Mail: alarm.MailKeys{}, Input: input.Declaration{},
		Step: attributes{}, Secret: decode.Origin{}, Holders: holders,
	}
	for _, v := range lang.Verbs {
		p.Verbs = append(p.Verbs, schema.Part{Name: v.Called(), Help: v.Help, Keys: v.Spec(), Holds: v.Holds})
	}
	for _, s := range lang.Systems {
		p.Systems = append(p.Systems, schema.Part{Name: s.System, Keys: s.Settings()})
	}
	return schema.Of(p)
}
