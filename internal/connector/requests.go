package connector

import (
	"context"
	"io"
	"net/http"
	"time"

	"godwit/internal/fault"
)

// Caller is an endpoint that takes single requests.
type Caller interface {
	Requests
	// Call sends a request, once, when the connection's limits let it, and reads
	// all of its answer. An answer that is no success comes with its fault, of
	// code http.refused or what the status says; an error without an answer means
	// that none came. What may have taken effect nevertheless is a DoubtError:
	// only a look at the system tells. Whatever else fails has changed nothing.
	Call(context.Context, Request) (*Answer, error)
	// Timeout is the longest that a request may be under way.
	Timeout() time.Duration
}

// Lister is a Caller that knows how the system gives out lists.
type Lister interface {
	Caller
	// List sends a request that reads, as often as it takes, and gives all elements
	// of the list at a path of its answers, as body.results. One that may not be
	// whole is a fault.
	List(ctx context.Context, r Request, items string) ([]any, error)
}

// LookUp asks what there is of something that may have been made: the elements of
// the list at a path of the answers, read as List does, or without a path what
// found makes of one answer. With whole that is the answer itself, and 404 says
// that there is nothing.
func LookUp(ctx context.Context, l Lister, r Request, items string, whole bool, found func(docs map[string]any) ([]any, error)) ([]any, *Answer, error) {
	if items != "" {
		list, err := l.List(ctx, r, items)
		return list, nil, err
	}
	a, err := l.Call(ctx, r)
	switch {
	case whole && a != nil && a.Status == http.StatusNotFound:
		return nil, a, nil
	case err != nil:
		return nil, a, err
	}
	list, err := found(a.Docs())
	if err != nil {
		err = fault.New(fault.Data, "http.answer", "the answer cannot be read: %w", err)
	}
	return list, a, err
}

// Request is one, with its values filled in.
type Request struct {
	Method   string
	Path     string              // below the connection's URL, encoded, without parameters
	Params   map[string][]string // encoded for where they stand
	ParamsAs string              // query or matrix; "" = as the connection says
	Headers  map[string]string   // beside those of the connection
	// Body is sent as JSON; record.Missing: there is none. Parts are sent in its
	// place as multipart/form-data.
	Body  any
	Parts []RequestPart
	// Success is the expression that tells an answer from an error; "" = the
	// connection's.
	Success string
	// Leave is called when the limits let the request go, and once more when it has a
	// connection, right before it does; its fault is Call's, and nothing was sent then
	// (HTTP/2: it is in doubt). Of a list it is not asked. Nil = nothing is to be noted.
	Leave func(context.Context) error
}

// RequestPart is one of a multipart body: a value, sent as JSON, or a file.
type RequestPart struct {
	Name string
	JSON any
	// Open gives the content of a file; it is asked once for each time that the
	// request is sent.
	Open func(context.Context) (io.ReadCloser, error)
	File string // its name
	Type string // media type; "" = application/octet-stream of files
}

// Answer is what a system said.
type Answer struct {
	Status  int
	Headers map[string]any // the first of each, by the name in lower case
	// After is how long the system wants to be left alone before the request comes
	// again; 0 is nothing said.
	After time.Duration
	// Body is the JSON of the answer as records hold it, its text when it is no
	// JSON, nil without one.
	Body any
}

// Docs is an answer as expressions see it.
func (a *Answer) Docs() map[string]any {
	return map[string]any{"status": int64(a.Status), "headers": a.Headers, "body": a.Body}
}

// DoubtError is the error of a request that may have taken effect.
type DoubtError struct{ Err error }

func (e *DoubtError) Error() string { return e.Err.Error() }

// Unwrap gives the fault.
func (e *DoubtError) Unwrap() error { return e.Err }
