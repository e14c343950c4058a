package httpapi

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"sync"
	"time"
)

// pool is the sockets to a system. All endpoints of a connection share them in a
// process, as they share its limit: a run has an endpoint of its own, and a flow that
// calls others has many runs.
type pool struct {
	name, host  string // of the connection, and where it leads, with its scheme
	concurrency int
	roots       string // certificates to trust, as PEM; "" are the machine's
}

// pools are those that endpoints are open of, and by how many.
var pools = struct {
	sync.Mutex
	open map[pool]*http.Transport
	uses map[pool]int
}{open: map[pool]*http.Transport{}, uses: map[pool]int{}}

// take gives the sockets, and what gives them back, which may be called twice. It
// is nil when the certificates are none.
func (p pool) take() (transport *http.Transport, back func()) {
	pools.Lock()
	defer pools.Unlock()
	if transport = pools.open[p]; transport == nil {
		if transport = p.transport(); transport == nil {
			return nil, nil
		}
		pools.open[p] = transport
	}
	pools.uses[p]++
	return transport, sync.OnceFunc(p.back)
}

func (p pool) back() {
	pools.Lock()
	defer pools.Unlock()
	if pools.uses[p]--; pools.uses[p] == 0 {
		pools.open[p].CloseIdleConnections()
		delete(pools.open, p)
		delete(pools.uses, p)
	}
}

func (p pool) transport() *http.Transport {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: max(2, p.concurrency), MaxConnsPerHost: p.concurrency,
	}
	if p.roots != "" {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(p.roots)) {
			return nil
		}
		t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return t
}
