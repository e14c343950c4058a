package httpapi

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"sync"

	"godwit/internal/connector/httpapi/socket"
)

// pool is the sockets to a system. All endpoints of a connection share them in a
// process, as they share its limit: a run has an endpoint of its own, and a flow that
// calls others has many runs.
type pool struct {
	name        string // of the connection
	scheme      string
	host        string // where it leads
	concurrency int
	roots       string // certificates to trust, as PEM; "" are the machine's
}

// pools are those that endpoints are open of, and by how many.
var pools = struct {
	sync.Mutex
	open map[pool]*socket.Pool
	uses map[pool]int
}{open: map[pool]*socket.Pool{}, uses: map[pool]int{}}

// take gives the sockets, and what gives them back, which may be called twice. It
// is nil when the certificates are none.
func (p pool) take() (sockets *socket.Pool, back func()) {
	pools.Lock()
	defer pools.Unlock()
	if sockets = pools.open[p]; sockets == nil {
		if sockets = p.sockets(); sockets == nil {
			return nil, nil
		}
		pools.open[p] = sockets
	}
	pools.uses[p]++
	return sockets, sync.OnceFunc(p.back)
}

func (p pool) back() {
	pools.Lock()
	defer pools.Unlock()
	if pools.uses[p]--; pools.uses[p] == 0 {
		pools.open[p].Close()
		delete(pools.open, p)
		delete(pools.uses, p)
	}
}

// sockets is nil when the certificates are none.
func (p pool) sockets() *socket.Pool {
	var config *tls.Config
	if p.roots != "" {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(p.roots)) {
			return nil
		}
		config = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return socket.New(&url.URL{Scheme: p.scheme, Host: p.host}, config, p.concurrency)
}
