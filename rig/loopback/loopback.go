// Package loopback gives the servers of the rig ports of 127.0.0.1.
package loopback

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// FreePort finds a port that nobody listens on, below those that the system gives
// to outgoing connections, so that it is still free after a crash of its server.
// Somebody else may be faster: whoever listens on it tries another one then.
func FreePort() (int, error) {
	var last error
	for range 100 {
		port := 15000 + rand.IntN(17000)
		listener, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			return port, listener.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("find a free port: %w", last)
}
