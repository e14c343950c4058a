package view

import (
	"encoding/json"
	"io"
	"sync"

	"godwit/internal/ui/layout"
)

// Version is v of the stream. Within it names and meanings never change;
// readers ignore types and fields that they do not know.
const Version = 1

// Stream writes events as JSON, one object per line, after a first line that
// says {"type":"godwit","v":1}. Safe for concurrent use.
type Stream struct {
	mu  sync.Mutex
	w   io.Writer
	err error
}

// Opening is the stream's first object.
type Opening struct {
	Type    string `json:"type"` // godwit
	V       int    `json:"v"`
	Version string `json:"version,omitempty"` // of the program
}

// NewStream writes the first line at once; version is the program's.
func NewStream(w io.Writer, version string) *Stream {
	s := &Stream{w: w}
	s.put(Opening{Type: "godwit", V: Version, Version: version})
	return s
}

// Tell writes an event. Its first error is kept, see Err; after it nothing is
// written any more and the run goes on.
func (s *Stream) Tell(e Event) {
	e.Text = layout.Clean(e.Text)
	s.put(e)
}

// Value writes a result that is no event, as {"type":name,...}: a status, a
// plan, a summary as they are defined for the command.
func (s *Stream) Value(name string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.fail(err)
		return
	}
	line, _ := json.Marshal(map[string]string{"type": name}) // strings always encode
	if len(body) > 2 && body[0] == '{' {
		line = append(append(line[:len(line)-1], ','), body[1:]...)
	}
	s.put(json.RawMessage(line))
}

// Err is the first error of the writer.
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Stream) put(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		s.fail(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		_, s.err = s.w.Write(append(b, '\n'))
	}
}

func (s *Stream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}
