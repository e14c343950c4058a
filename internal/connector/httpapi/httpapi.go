// Package httpapi is the connector to HTTP APIs that speak JSON: lists of
// objects are read, page by page, and single requests are sent, at the rate that the connection
// may bear. Start at endpoint.go, then reader.go; pages.go says how a list is
// paged, client.go and sending.go how a request is sent, rules.go what tells an
// answer from an error, failure.go what becomes of an error.
package httpapi

import (
	"context"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/rate"
	"godwit/internal/secret"
)

// System is the connector's key in godwit.yaml.
const System = "http"

// Settings are a connection's keys below "http".
type Settings struct {
	URL      string            `flow:"url,required" help:"http://HOST/PATH or https://...; requests go below it"`
	Auth     Auth              `flow:"auth" help:"How requests prove who sends them"`
	Headers  map[string]string `flow:"headers" help:"Headers of each request"`
	ParamsAs string            `flow:"params_as" enum:"query,matrix" default:"query" help:"Where params stand: behind ?, or in the path as ;name=value"`
	Success  string            `flow:"success,expr" help:"What tells an answer from an error, over status, headers and body; default is status in 200..299"`
	Error    string            `flow:"error,expr" help:"What an error says, over status, headers and body; default is the beginning of the answer"`
	Timeout  time.Duration     `flow:"timeout" default:"30s" help:"Longest time for a request and all of its answer"`
	Pages    Pages             `flow:"pages" help:"How lists are given out; without it in one answer"`
	Limit    Limit             `flow:"limit" help:"What the system may bear"`
	TLS      TLS               `flow:"tls" help:"Proof of the server's identity"`
}

// Auth is how requests prove who sends them; several at once are possible.
type Auth struct {
	Basic  *Basic                   `flow:"basic" help:"User and password"`
	Bearer secret.Source            `flow:"bearer" help:"Token of the header Authorization"`
	Header map[string]secret.Source `flow:"header" help:"Secrets by the names of headers"`
	Query  map[string]secret.Source `flow:"query" help:"Secrets by the names of parameters behind ?"`
}

// Basic is a user and a password.
type Basic struct {
	User       string        `flow:"user" help:"User"`
	UserSecret secret.Source `flow:"user_secret" help:"Where the user is, if it is a secret: {env}, {file} or {command}"`
	Password   secret.Source `flow:"password,required" help:"Where the password is: {env}, {file} or {command}"`
}

// asMatrix is the word of params_as for parameters in the path.
const asMatrix = "matrix"

// Ways of paging.
const (
	byPage   = "page"
	byOffset = "offset"
	byCursor = "cursor"
	byLink   = "link"
)

// Pages is how lists are given out.
type Pages struct {
	By     string `flow:"by" enum:"page,offset,cursor,link" help:"What a request for the next page names: its number, how many objects lie before it, a cursor that the answer gives, the next in the header Link"`
	Size   int    `flow:"size" min:"1" help:"Objects of a page, asked for by names.size; default is the system's"`
	First  *int   `flow:"first" help:"Number of the first page; 1 when not given"`
	Names  Names  `flow:"names" help:"How the parameters are called"`
	Items  Path   `flow:"items" json:",omitzero" help:"Path of the list in the answer, as body.results; default is the body itself"`
	Total  Path   `flow:"total" json:",omitzero" help:"Path of the number of all objects, as body.total or headers[\"X-Total-Count\"]; compared with what came"`
	Cursor Path   `flow:"cursor" json:",omitzero" help:"Path of the next page's cursor; null, empty or missing on the last page"`
	Split  *Split `flow:"split" help:"What parts a list that the system does not page through to its end"`
}

// Names are those of parameters.
type Names struct {
	Page   string `flow:"page" default:"page" help:"of the page's number"`
	Offset string `flow:"offset" default:"offset" help:"of the number of objects before the page"`
	Size   string `flow:"size" default:"size" help:"of the number of objects in a page"`
	Cursor string `flow:"cursor" default:"cursor" help:"of the cursor"`
}

// Limit is what the system may bear; the lowest rate wins.
type Limit struct {
	Concurrency int `flow:"concurrency" min:"1" default:"8" help:"Requests at the same time"`
	connector.Rates
}

// TLS says whom to trust.
type TLS struct {
	CA string `flow:"ca,path" help:"File with the authorities that sign the server's certificate; default are the machine's"`
}

// Connector is the connector as a value.
func Connector() connector.Connector {
	return connector.Connector{
		System:   System,
		Settings: func() any { return new(Settings) },
		Limit: func(settings any) rate.Limit {
			l := settings.(*Settings).Limit
			return l.Limit(l.Concurrency)
		},
		Open: func(_ context.Context, name string, settings any) (connector.Endpoint, error) {
			s, ok := settings.(*Settings)
			if !ok {
				return nil, fault.New(fault.Internal, "settings.type", "connection %q: settings are %T", name, settings)
			}
			return Open(name, s)
		},
	}
}
