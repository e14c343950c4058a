package newsys

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestCame: what is read has come in when it was there, not when somebody read it.
func TestCame(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := stamped{l}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The kernel begins a moment after it was asked, when nobody had asked before. What was
	// noted as it is read would be behind written, too.
	for until := time.Now().Add(10 * time.Second); ; {
		if _, err := client.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
		written := time.Now()
		if n, err := c.Read(make([]byte, 10)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		at := c.(*stampedConn).cameIn()
		if at != nil && !at.After(written) && written.Sub(*at) < time.Second {
			break
		}
		if written.After(until) {
			t.Fatalf("came in at %v, written by %v", at, written)
		}
	}
	client.Close()
	if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Error(n, err)
	}
}
