package calls

import "godwit/internal/unit/request"

// Call is one request of a record, or one for each element of a list of its.
type Call struct {
	Name      string            `flow:"name,required" help:"what it is called: NAME.x is what it kept, in later calls and later runs too"`
	When      string            `flow:"when,expr" help:"false makes no request; over doc, record, op, key and what was kept"`
	Each      string            `flow:"each,expr" help:"a list: one request for each element, which is called item"`
	Key       string            `flow:"key,expr" help:"of each: what tells the elements apart"`
	Request   string            `flow:"request,required,template" help:"METHOD /PATH below the connection's URL; a value of ${} is encoded as one part of the path"`
	Params    request.Value     `flow:"params,template" help:"parameters by their names; null is left out, a list is given as often as it is long"`
	ParamsAs  string            `flow:"params_as" enum:"query,matrix" help:"where parameters stand; default is as the connection says"`
	Headers   request.Value     `flow:"headers,template" help:"headers beside those of the connection; null is left out"`
	Body      *request.Value    `flow:"body,template" help:"value that is sent as JSON; \"${record}\" is the mapped record"`
	Onto      *Onto             `flow:"onto" help:"of PUTs that replace the whole object: it is read first, and the body is laid over what is there"`
	Multipart []Part            `flow:"multipart,names" help:"parts that are sent as multipart/form-data in the place of a body, by name"`
	Success   string            `flow:"success,expr" help:"tells success from error, over status, headers and body; default is the connection's"`
	Keep      map[string]string `flow:"keep,exprs" help:"what is remembered of the answer, by name; over response"`
	InDoubt   *Doubt            `flow:"in_doubt" help:"what to do when the answer was lost: a look-up, or repeat, idempotency_key, ask; must be there for POST and PATCH"`
	Existing  string            `flow:"existing" enum:"adopt" help:"adopt: before it is made for a record that nothing is known of, the look-up of in_doubt is asked; what that finds is the record's, and op is update from there on; without it nobody is asked"`
	Read      *Read             `flow:"read" help:"how verify reads what it has made: fields of its body, or of the parts of multipart, are compared"`
	At        string            `flow:",position"`
}

// Onto is how an object is read that a body is laid over.
type Onto struct {
	Request string        `flow:"request,template" help:"GET /PATH; default is the path of the call"`
	Params  request.Value `flow:"params,template" help:"its parameters"`
	Value   string        `flow:"value,expr" help:"the object, over status, headers and body; default is body"`
}

// Part is one of a multipart body: a value, or a file.
type Part struct {
	Name   string         `flow:",name"`
	JSON   *request.Value `flow:"json,template" help:"value that is sent as JSON"`
	At     string         `flow:"at,name" help:"of a file: connection that holds it"`
	Object string         `flow:"object,template" help:"of a file: its name there"`
	Type   string         `flow:"type,template" help:"of a file: its media type; default is application/octet-stream"`
}

// Doubt is what is done about a request that may have taken effect.
type Doubt struct {
	request.Doubt
	Keep map[string]string `flow:"keep,exprs" help:"of a look-up: what is remembered, by name; over item, the one that was found; default is what the call keeps, with item in the place of response.body"`
}

// What happens to the records of a group behind one that was not delivered.
const (
	Block = "block" // they wait
	Skip  = "skip"  // they are delivered
	Stop  = "stop"  // the step ends
)
