package newsys

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stamped has the kernel say when what is read from its connections came in
// (SO_TIMESTAMPNS, socket(7)): a busy machine lets the reader wait, and what it would note
// is when it was let on, not when the request was there.
type stamped struct{ net.Listener }

// Accept is the net.Listener's.
func (s stamped) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn)
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	set := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	if set != nil || err != nil {
		return c, nil // then it is noted when it is read
	}
	return &stampedConn{TCPConn: tcp, raw: raw}, nil
}

type stampedConn struct {
	*net.TCPConn
	raw syscall.RawConn
	latest
}

// Read is the net.Conn's.
func (c *stampedConn) Read(p []byte) (n int, err error) {
	var oob [64]byte
	var told int
	wait := c.raw.Read(func(fd uintptr) bool {
		n, told, _, _, err = unix.Recvmsg(int(fd), p, oob[:], 0)
		return err != unix.EAGAIN
	})
	switch {
	case wait != nil:
		return 0, wait
	case err != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Addr: c.RemoteAddr(), Err: os.NewSyscallError("recvmsg", err)}
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	at := stamp(oob[:told])
	c.last.Store(&at)
	return n, nil
}

// stamp is when something came in, now when that is not said.
func stamp(oob []byte) time.Time {
	now, header := time.Now(), unix.CmsgLen(0)
	if len(oob) < header+int(unsafe.Sizeof(unix.Timespec{})) || (*unix.Cmsghdr)(unsafe.Pointer(&oob[0])).Type != unix.SO_TIMESTAMPNS {
		return now
	}
	at := (*unix.Timespec)(unsafe.Pointer(&oob[header]))
	ago := now.UnixNano() - at.Nano() // the clock may have been set in between
	return now.Add(-time.Duration(max(0, min(ago, int64(time.Minute)))))
}
