package proxy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// Message is one message of PostgreSQL's protocol, about to be passed on.
type Message struct {
	From Side
	N    int    // number on its connection and side, from 1
	Type byte   // as in the protocol; 0 for the client's first
	Head []byte // the beginning of its body, at most 1 KiB
	Size int    // of the whole body
}

// headAtMost is how much of a body traps may look at.
const headAtMost = 1 << 10

// Answer matches the server's word that a command was done: Answer("COMMIT").
// Cutting there gives a commit that happened and whose answer was lost.
func Answer(tag string) func(Message) bool {
	return func(m Message) bool {
		return m.From == Server && m.Type == 'C' && strings.HasPrefix(string(m.Head), tag)
	}
}

// Request matches a client's query or statement that contains the text, in
// upper or lower case. Cutting there gives a command the server never got.
func Request(text string) func(Message) bool {
	text = strings.ToLower(text)
	return func(m Message) bool {
		return m.From == Client && (m.Type == 'Q' || m.Type == 'P') && strings.Contains(strings.ToLower(string(m.Head)), text)
	}
}

// passMessages passes one side's messages on, each shown to the traps before.
func (p *Proxy) passMessages(l *link, from Side, in *bufio.Reader, out *bufio.Writer) error {
	n := 0
	if from == Client {
		n = 1
		if err := p.passStartup(l, in, out); err != nil {
			return endOfData(err)
		}
	}
	for {
		head, err := in.Peek(5)
		if err != nil {
			return endOfData(err)
		}
		n++
		size := int(binary.BigEndian.Uint32(head[1:])) - 4
		kind := head[0]
		if err := p.passOne(l, Message{From: from, N: n, Type: kind, Size: size}, 5, in, out); err != nil {
			return err
		}
	}
}

// Codes in place of a version that ask for something else than a session.
const (
	wantsTLS    = 80877103
	wantsGSSAPI = 80877104
)

// passStartup passes the client's first message on, which has no type.
// Encryption is declined on the server's behalf: the proxy has to read.
func (p *Proxy) passStartup(l *link, in *bufio.Reader, out *bufio.Writer) error {
	for {
		head, err := in.Peek(8)
		if err != nil {
			return err
		}
		size := int(binary.BigEndian.Uint32(head)) - 4
		switch binary.BigEndian.Uint32(head[4:]) {
		case wantsTLS, wantsGSSAPI:
			if _, err := in.Discard(8); err != nil {
				return err
			}
			if _, err := l.client.Write([]byte{'N'}); err != nil {
				return err
			}
		default:
			return p.passOne(l, Message{From: Client, N: 1, Size: size}, 4, in, out)
		}
	}
}

// passOne passes on a message of which nothing was read, its header so long.
func (p *Proxy) passOne(l *link, m Message, header int, in *bufio.Reader, out *bufio.Writer) error {
	if m.Size < 0 {
		return errors.New("not PostgreSQL's protocol")
	}
	seen, err := in.Peek(header + min(m.Size, headAtMost))
	if err != nil {
		return err
	}
	m.Head = seen[header:]
	if locked(p, func() bool { return len(p.traps) > 0 }) {
		if err := out.Flush(); err != nil { // what came before is on its way
			return err
		}
		if p.spring(l, m) {
			return errCut
		}
	}
	if _, err := io.CopyN(out, in, int64(header+m.Size)); err != nil {
		return err
	}
	if in.Buffered() == 0 {
		return out.Flush()
	}
	return nil
}

// endOfData is nil for an end between two messages.
func endOfData(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
