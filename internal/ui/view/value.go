package view

import "time"

// What commands give to programs with --json. Names and meanings never change
// within version 1 of the stream; times are
// RFC 3339, durations seconds.

type runValue struct {
	Run      string    `json:"run"`
	By       string    `json:"called_by,omitempty"` // run and step: rollout-1 move[north]
	State    string    `json:"state"`
	Started  time.Time `json:"started"`
	Duration float64   `json:"duration_s"`
	Read     int64     `json:"read"`
	Applied  int64     `json:"applied"`
	Rejected int64     `json:"rejected"`
	Dead     int64     `json:"dead"`
	Open     *int64    `json:"open,omitempty"`  // of these, as of now; missing where other runs keep them
	Since    []Ending  `json:"since,omitempty"` // what became of the others
	Exit     *int      `json:"exit,omitempty"`  // missing while it has not ended
}

type runsValue struct {
	Runs []runValue `json:"runs"`
	More int64      `json:"more,omitempty"` // older ones that are not listed
}

// Value is the list as it is given to programs.
func (v Runs) Value() any {
	list := runsValue{Runs: []runValue{}, More: v.More}
	for _, r := range v.All {
		one := runValue{r.Name, r.By, r.State, r.Started, r.Took.Seconds(), r.Read, r.Applied, r.Rejected, r.Dead, nil, r.After.Ends, nil}
		if r.After.Open >= 0 {
			one.Open = &r.After.Open
		}
		if r.Exit >= 0 {
			one.Exit = &r.Exit
		}
		list.Runs = append(list.Runs, one)
	}
	return list
}

type stepValue struct {
	Step  string `json:"step"`
	Makes string `json:"makes"`
	Units int64  `json:"units"`
	Bytes int64  `json:"bytes"`
	Load  *Load  `json:"load,omitempty"`
}

type destroyedValue struct {
	Entity string `json:"entity"`
	Rows   int64  `json:"rows"`
}

type lostValue struct {
	Step string `json:"step"`
	On   string `json:"on,omitempty"`
	What string `json:"what"`
}

type planValue struct {
	Hash     string           `json:"hash"`
	Command  string           `json:"command"`
	Steps    []stepValue      `json:"steps"`
	Destroys []destroyedValue `json:"destroys"`
	Blobs    []uint32         `json:"destroys_large_objects,omitempty"`
	Lost     []lostValue      `json:"may_destroy,omitempty"`
	LeftOut  int64            `json:"left_out"`
	Omitted  []string         `json:"omitted,omitempty"`
	Retyped  []string         `json:"other_types,omitempty"`
	Outlived []string         `json:"aliases_in_force,omitempty"`
}

// Value is the plan as it is given to programs.
func (p Plan) Value() any {
	v := planValue{Hash: p.Hash, Command: p.Run, Steps: []stepValue{}, Destroys: []destroyedValue{}, Blobs: p.Destroys.Blobs, LeftOut: p.LeftOut.Tables, Omitted: p.Omitted, Retyped: p.Retyped, Outlived: p.Outlived}
	for _, s := range p.Steps {
		v.Steps = append(v.Steps, stepValue{s.Step, s.Makes, s.Units, s.Bytes, s.Load})
	}
	for _, t := range p.Destroys.Tables {
		v.Destroys = append(v.Destroys, destroyedValue{t.Name, t.N})
	}
	for _, l := range p.Destroys.Lost {
		v.Lost = append(v.Lost, lostValue(l))
	}
	return v
}
