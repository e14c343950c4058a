package flow

import (
	"strings"

	"godwit/internal/connector"
	"godwit/internal/secret"
	"godwit/internal/unit"
)

// The language of the tests: verbs and a connector with every kind of key.

type copySpec struct {
	From         string            `flow:"from,required,name" help:"connection to copy from"`
	To           string            `flow:"to,required,place" help:"connection to copy to"`
	Include      []string          `flow:"include,patterns" help:"tables to copy"`
	Exclude      []string          `flow:"exclude,patterns" help:"tables to leave out"`
	Existing     string            `flow:"existing" enum:"fail,skip,append,truncate,replace" default:"fail" help:"what to do with tables that are there"`
	Workers      int               `flow:"workers" default:"4" help:"units at the same time"`
	BadRows      string            `flow:"bad_rows" enum:"stop,isolate" default:"stop" help:"what to do with a refused row"`
	Where        map[string]string `flow:"where,sql" help:"rows to copy, by table"`
	Roles        map[string]string `flow:"roles" help:"roles of the target, by role of the source"`
	DeleteExtra  float64           `flow:"delete_extra,share" help:"most rows to delete"`
	SnapshotLost string            `flow:"snapshot_lost" enum:"reconcile,stop,restart" default:"reconcile"`
}

type verifySpec struct {
	From    string   `flow:"from,required,name"`
	To      string   `flow:"to,required,name"`
	Include []string `flow:"include,patterns"`
	Exclude []string `flow:"exclude,patterns"`
	Sample  *float64 `flow:"sample,share"`
	If      string   `flow:"only_if,expr"`
	Checks  map[string]struct {
		Left  side `flow:"left,required"`
		Right side `flow:"right,required"`
	} `flow:"checks"`
	Repair bool `flow:"repair"`
}

type side struct {
	At    string `flow:"at,required,name"`
	Query string `flow:"query,required,sql"`
}

type settings struct {
	Host     string        `flow:"host" help:"server"`
	Port     int           `flow:"port" default:"5432"`
	Database string        `flow:"database"`
	User     string        `flow:"user"`
	Password secret.Source `flow:"password"`
	TLS      struct {
		CA     string `flow:"ca,path"`
		Verify string `flow:"verify" enum:"full,ca,none" default:"full"`
	} `flow:"tls"`
	Limit struct {
		Connections int     `flow:"connections"`
		Rate        float64 `flow:"rate,rate"`
		Bandwidth   int64   `flow:"bandwidth,size"`
	} `flow:"limit"`
}

func language() Language {
	return Language{
		Verbs: []unit.Verb{
			{Name: "copy", Help: "copies tables", Spec: func() any { return &copySpec{} }, Check: checkCopy},
			{Name: "verify", Help: "compares", Spec: func() any { return &verifySpec{} }},
		},
		Systems: []connector.Connector{{System: "postgres", Settings: func() any { return &settings{} }}},
	}
}

func checkCopy(spec any) []unit.Problem {
	s := spec.(*copySpec)
	var out []unit.Problem
	if s.Workers < 1 {
		out = append(out, unit.Problem{Path: "workers", Code: "copy.workers", Text: "workers is 1 or more"})
	}
	for i, p := range s.Include {
		if strings.HasPrefix(p, "pg_") {
			out = append(out, unit.Problem{Path: "include[" + string(rune('0'+i)) + "]", Code: "copy.system", Text: p + " is the server's own"})
		}
	}
	return out
}
