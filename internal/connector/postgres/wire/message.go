// Package wire moves CopyData messages of PostgreSQL's protocol (documentation,
// "Frontend/Backend Protocol", COPY) from socket to writer and from reader to
// socket as they stand: no message is taken apart and built again. It knows
// sockets, not sessions. Start at Frames and Pour.
package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Kinds of messages that the relay looks at (PostgreSQL documentation,
// "Message Formats").
const (
	copyData     = 'd'
	copyDone     = 'c'
	copyInReady  = 'G'
	errorAnswer  = 'E'
	complete     = 'C'
	readyForNext = 'Z'
)

// largestMessage bounds what is taken into memory; rows never are.
const largestMessage = 64 << 20

// message reads one message of the server.
func message(r io.Reader) (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, cutOff(err)
	}
	size := int64(binary.BigEndian.Uint32(head[1:])) - 4
	if size < 0 || size > largestMessage {
		return 0, nil, fmt.Errorf("message %q of %d bytes", head[0], size)
	}
	body = make([]byte, size)
	_, err = io.ReadFull(r, body)
	return head[0], body, cutOff(err)
}

// cutOff makes an end in the middle of the protocol an error of its own.
func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Send writes one simple query.
func Send(w io.Writer, sql string) error {
	b := make([]byte, 0, len(sql)+6)
	b = append(b, 'Q')
	b = binary.BigEndian.AppendUint32(b, uint32(len(sql)+5))
	b = append(b, sql...)
	_, err := w.Write(append(b, 0))
	return err
}

// Answers reads until the server is ready for the next query: the rows that a
// COPY took or gave by its own count, or the error it ended with.
func Answers(r io.Reader) (rows int64, err error) {
	for {
		kind, body, lost := message(r)
		if lost != nil {
			if err != nil {
				return 0, err // FATAL: the error came, then the end
			}
			return 0, lost
		}
		switch kind {
		case errorAnswer:
			if err == nil {
				err = decodeError(body)
			}
		case complete:
			rows = counted(body)
		case readyForNext:
			return rows, err
		}
	}
}

func decodeError(body []byte) error {
	var e pgproto3.ErrorResponse
	if err := e.Decode(body); err != nil {
		return err
	}
	return pgconn.ErrorResponseToPgError(&e)
}

// counted reads "COPY 42\0"; -1 when there is no number.
func counted(tag []byte) int64 {
	fields := strings.Fields(strings.TrimRight(string(tag), "\x00"))
	if len(fields) < 2 {
		return -1
	}
	n, err := strconv.ParseInt(fields[len(fields)-1], 10, 64)
	if err != nil {
		return -1
	}
	return n
}
