package postgres

import (
	"context"
	"sync"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/login"
	"godwit/internal/secret"
)

// Endpoint is an open connection to one database: a pool of sessions, the
// snapshots taken over it, and the background work of both. It is safe for
// concurrent use.
type Endpoint struct {
	connector.OwnPace
	name  string
	login login.Login // what the settings came to

	pool      *pool
	look      *looker    // one session for short looks beside the pool
	snapshots *snapshots // by name
	trust     trust
	dropping  sync.RWMutex // held while marks are taken away, until that is remembered

	mu      sync.Mutex
	pinned  int   // index in login.Hosts of the server in use
	replica *bool // whether session_replication_role may be set; nil = not tried
	closed  bool

	tasks sync.WaitGroup // keepers' watches, cancel requests
	ended context.Context
	end   context.CancelFunc
}

// Open makes an endpoint from settings. It does not connect; the error is of
// kind config and names the setting.
func Open(_ context.Context, name string, settings *login.Settings) (*Endpoint, error) {
	l, err := settings.Login()
	if err != nil {
		return nil, err
	}
	pace, err := settings.Limit.Pace(name, settings.Limit.Concurrency)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{OwnPace: connector.NewOwnPace(pace), name: name, login: l, pool: newPool(l.Connections), look: newLooker(), snapshots: newSnapshots()}
	e.ended, e.end = context.WithCancel(context.Background())
	return e, nil
}

// Close ends all sessions and snapshots and waits for what runs behind them.
// Sessions in use end when they are given back. It may be called twice.
func (e *Endpoint) Close() error {
	e.end()
	e.snapshots.close()
	e.look.close()
	e.pool.close()
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.tasks.Wait()
	return nil
}

// behind runs f behind the caller's back; Close waits for it.
func (e *Endpoint) behind(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		go f() // a session given back late: nobody waits any more
		return
	}
	e.tasks.Go(f)
}

// Name is the connection's name, for messages.
func (e *Endpoint) Name() string { return e.name }

// Config is what another program needs to log in as this endpoint does.
type Config struct {
	Host     string // name, address or folder of a Unix socket
	Port     int
	User     string
	Password secret.String // empty: none is needed; to be passed by passfile only
	Database string
	SSLMode  string // as libpq spells it
	CA       string // file names, empty when not set
	Cert     string
	Key      string
	Options  string // libpq's options, "-c name=value ..."
}

// Config returns the login of the server in use (of several hosts the one last
// connected to). The password is fetched anew.
func (e *Endpoint) Config(ctx context.Context) (Config, error) {
	h := e.host()
	password, err := e.login.Password(ctx, h)
	if err != nil {
		return Config{}, err
	}
	l := e.login
	return Config{
		Host: h.Name, Port: h.Port, User: l.User, Password: password, Database: l.Database,
		SSLMode: l.SSLMode, CA: l.CA, Cert: l.Cert, Key: l.Key, Options: l.Options,
	}, nil
}

func (e *Endpoint) host() login.Host {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.login.Hosts[e.pinned]
}

func (e *Endpoint) pin(i int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pinned = i
}
