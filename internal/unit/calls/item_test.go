package calls

import (
	"testing"
	"time"

	"godwit/internal/expression"
	"godwit/internal/record"
	"godwit/internal/unit/request"
)

// TestDocs: a record is made of its text when an expression reads it, and only then; what is
// sent is the same.
func TestDocs(t *testing.T) {
	t.Parallel()
	whole := &request.Value{V: "${ record }"}
	mapped := record.Object{"a": int64(1), "at": time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), "f": 0.5}
	for name, c := range map[string]struct {
		call  Call
		opens bool
		sent  string
	}{
		"sent as it is":     {Call{Request: "PUT /x/${key}", Body: whole}, false, `{"a":1,"at":"2024-01-02T03:04:05Z","f":0.5}`},
		"what was read":     {Call{Request: "PUT /x/${doc.id}", Body: whole}, false, `{"a":1,"at":"2024-01-02T03:04:05Z","f":0.5}`},
		"a field":           {Call{Request: "PUT /x", Body: &request.Value{V: record.Object{"b": "${record.a}"}}}, true, `{"b":1}`},
		"inside":            {Call{Request: "PUT /x", Body: &request.Value{V: record.Object{"b": "${record}"}}}, true, `{"b":{"a":1,"at":"2024-01-02T03:04:05Z","f":0.5}}`},
		"in the path":       {Call{Request: "PUT /x/${record.a}", Body: whole}, true, `{"a":1,"at":"2024-01-02T03:04:05Z","f":0.5}`},
		"when":              {Call{Request: "PUT /x", When: "record.a == 1", Body: whole}, true, `{"a":1,"at":"2024-01-02T03:04:05Z","f":0.5}`},
		"what is kept":      {Call{Request: "PUT /x", Keep: map[string]string{"a": "record.a"}, Body: whole}, true, `{"a":1,"at":"2024-01-02T03:04:05Z","f":0.5}`},
		"laid over another": {Call{Request: "PUT /x", Onto: &Onto{}, Body: whole}, true, `{"a":1,"at":"2024-01-02T03:04:05Z","f":0.5}`},
	} {
		c.call.Name = "c"
		p, problems := Compile([]Call{c.call}, nil, Scope{})
		if len(problems) > 0 {
			t.Fatal(name, problems)
		}
		text, err := record.EncodeValue(mapped)
		if err != nil {
			t.Fatal(err)
		}
		i, err := DecodeItem((&Texts{Key: "k", Hash: 1, Record: text, Doc: []byte(`{"id":7}`)}).Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		docs, err := p.Docs(i)
		if err != nil {
			t.Fatal(err)
		}
		if _, text := docs["record"].(record.Written); text == c.opens {
			t.Errorf("%s: the record is %T", name, docs["record"])
		}
		m := expression.NewMachine(nil)
		f, err := p.Calls[0].Fill(m, docs)
		if err != nil {
			t.Fatal(name, err)
		}
		if sent, err := record.EncodeJSON(f.Body); err != nil || string(sent) != c.sent {
			t.Errorf("%s: %s %v", name, sent, err)
		}
		if yes, err := p.Calls[0].Wanted(m, docs); !yes || err != nil {
			t.Errorf("%s: not wanted, %v", name, err)
		}
		if name == "what was read" && f.Path != "/x/7" {
			t.Error(f.Path)
		}
	}
}
