package flow

// Planned is for the page of the language: what it lists as not built.
var Planned = planned

// Attributes, ProjectKeys and the others are the core's own structs, for the
// tables of that page.
var (
	Attributes      any = attributes{}
	ProjectKeys     any = projectKeys{}
	EnvironmentKeys any = environmentKeys{}
	FlowKeys        any = flowKeys{}
	InputKeys       any = declaration{}
	SecretKeys      any = origin{}
)
