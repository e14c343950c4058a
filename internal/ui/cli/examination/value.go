package examination

// value is what was looked at and how much was found, for programs.
type value struct {
	Blocking    int64        `json:"blocking"`
	Warnings    int64        `json:"warnings"`
	OK          int64        `json:"ok"`
	Connections []connection `json:"connections"` // that were reached
	Duration    float64      `json:"duration_s"`
}

// connection is one with how many checks were in order there.
type connection struct {
	Name     string `json:"name"`
	System   string `json:"system"`
	Version  string `json:"version,omitempty"`
	Database string `json:"database,omitempty"`
	OK       int64  `json:"ok"`
}

// Value is the examination for programs, without its findings: each of them is an event.
func (e Examination) Value() any {
	v := value{Blocking: e.count("blocks"), Warnings: e.count("warns"), Connections: []connection{}, Duration: e.Took.Seconds()}
	v.OK = int64(len(e.Findings)) - v.Blocking - v.Warnings
	for _, s := range e.Sides {
		one := connection{Name: s.Name, System: s.System, Version: s.Version, Database: s.Database}
		for _, p := range e.Passed {
			if p.On == s.Name {
				one.OK = p.Count
			}
		}
		v.Connections = append(v.Connections, one)
	}
	return v
}
