//go:build !linux

package newsys

import "net"

// stamped is nothing where the kernel does not say when something came in.
type stamped struct{ net.Listener }
