// Package mariadb starts throw-away MariaDB servers for tests. Nothing of the
// product imports it. A server listens on 127.0.0.1, lives in a folder of its
// own, in memory where there is room, never runs as root, and ends with the
// process that started it, however that process ends.
package mariadb

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"godwit/rig/loopback"
	"godwit/rig/memory"
)

// ErrNotInstalled says that no MariaDB server was found.
var ErrNotInstalled = errors.New("no MariaDB server found: run sh rig/tools.sh mariadb, which installs mariadb-server")

// Password is root's, who logs in over TCP.
const Password = "rig"

// Server is one running server.
type Server struct {
	Port int

	base     string
	program  string
	who      *syscall.Credential
	cmd      *exec.Cmd
	done     chan struct{}
	watchdog *os.File
	guard    *exec.Cmd
}

// Start makes a new, empty server and returns when it takes connections.
func Start(ctx context.Context) (*Server, error) {
	program, err := find("mariadbd", "/usr/sbin/mariadbd", "/usr/local/opt/mariadb/bin/mariadbd", "/opt/homebrew/opt/mariadb/bin/mariadbd")
	if err != nil {
		return nil, err
	}
	install, err := find("mariadb-install-db", "/usr/bin/mariadb-install-db")
	if err != nil {
		return nil, err
	}
	s := &Server{program: program}
	if s.who, err = account(); err != nil {
		return nil, err
	}
	if s.base, err = os.MkdirTemp(cmp.Or(memory.Folder(), "/tmp"), "godwit-maria-"); err != nil {
		return nil, err
	}
	if err = os.Chmod(s.base, 0o755); err == nil && s.who != nil {
		err = os.Chown(s.base, int(s.who.Uid), int(s.who.Gid))
	}
	if err == nil {
		err = s.run(ctx, install, "--no-defaults", "--datadir="+s.data(), "--auth-root-authentication-method=normal", "--skip-test-db")
	}
	if err == nil {
		err = s.firstLaunch(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("start mariadb: %w", errors.Join(err, s.Stop()))
	}
	return s, nil
}

// Folder is where all of it lies.
func (s *Server) Folder() string { return s.base }

func (s *Server) data() string   { return filepath.Join(s.base, "data") }
func (s *Server) socket() string { return filepath.Join(s.base, "s") }

// find looks in the path first.
func find(name string, places ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, path := range places {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", ErrNotInstalled
}

// account is who runs the server: for root mysql, else nobody.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"mysql", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(found.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
	}
	return nil, errors.New("MariaDB does not run as root, and there is no account mysql or nobody to run it")
}

// run runs a program to its end; what it said is part of the error.
func (s *Server) run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = s.base
	cmd.Env = append(os.Environ(), "TMPDIR="+s.base) // two servers that are made at once take the same names there
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.who}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, bytes.TrimSpace(out))
	}
	return nil
}

// firstLaunch launches on a free port, trying others when somebody was faster.
func (s *Server) firstLaunch(ctx context.Context) error {
	var err error
	for range 5 {
		if s.Port, err = loopback.FreePort(); err != nil {
			return err
		}
		if err = s.launch(ctx); err == nil || !strings.Contains(err.Error(), "in use") {
			return err
		}
		s.Crash()
	}
	return err
}

// launch starts the server on its port, with a shell beside it that ends it
// when this process is gone.
func (s *Server) launch(ctx context.Context) error {
	init := filepath.Join(s.base, "init.sql")
	text := "CREATE USER IF NOT EXISTS rig@'127.0.0.1' IDENTIFIED BY '" + Password + "';\nGRANT ALL ON *.* TO rig@'127.0.0.1' WITH GRANT OPTION;\n"
	if err := os.WriteFile(init, []byte(text), 0o644); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.base, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.done = make(chan struct{})
	s.cmd = exec.Command(s.program, "--no-defaults", "--datadir="+s.data(), "--socket="+s.socket(), "--port="+strconv.Itoa(s.Port), "--bind-address=127.0.0.1",
		"--pid-file="+filepath.Join(s.base, "pid"), "--init-file="+init, "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M",
		"--innodb-log-file-size=48M", "--performance-schema=off", "--skip-log-bin", "--character-set-server=utf8mb4", "--max-allowed-packet=64M", "--skip-networking=0")
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.base, log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.who}
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	go func(cmd *exec.Cmd, done chan struct{}) { _ = cmd.Wait(); close(done) }(s.cmd, s.done)
	if err := s.watch(); err != nil {
		return err
	}
	return s.ready(ctx)
}

const watchScript = `trap '' INT TERM HUP QUIT
read -r _
kill -KILL "$1" 2>/dev/null
sleep 0.2
rm -rf "$2"`

// watch starts a shell that reads from a pipe nobody writes to: the read ends
// when this process does.
func (s *Server) watch() error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	s.guard = exec.Command("/bin/sh", "-c", watchScript, "godwit-watchdog", strconv.Itoa(s.cmd.Process.Pid), s.base)
	s.guard.Stdin, s.guard.Dir = read, "/"
	s.guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	s.watchdog = write
	return s.guard.Start()
}

// ready waits until the server greets; it does so only when it is up.
func (s *Server) ready(ctx context.Context) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		conn, err := net.Dial("tcp4", "127.0.0.1:"+strconv.Itoa(s.Port))
		if err == nil {
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			n, err := conn.Read(make([]byte, 16))
			conn.Close()
			if err == nil && n > 4 {
				return nil
			}
		}
		select {
		case <-look.C:
		case <-s.done:
			return fmt.Errorf("the server ended before it was ready; the end of its log:\n%s", s.Log())
		case <-ctx.Done():
			return fmt.Errorf("wait until the server is ready: %w", context.Cause(ctx))
		}
	}
}

// Crash ends the server at once and keeps its data, but for what was committed
// in the last second before. A second call does nothing.
func (s *Server) Crash() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // only fails when it has ended
	<-s.done
	s.cmd = nil
	_ = s.guard.Process.Kill() // it would remove the folder
	_ = s.guard.Wait()
	s.watchdog.Close()
	s.watchdog = nil
}

// Restart starts the server again on its port, after ending it if it runs, and
// returns when it takes connections.
func (s *Server) Restart(ctx context.Context) error {
	s.Crash()
	if err := s.launch(ctx); err != nil {
		return fmt.Errorf("restart mariadb: %w", err)
	}
	return nil
}

// Log is the end of the server's log.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.base, "log")) // at worst there is none
	return string(b[max(0, len(b)-4<<10):])
}

// Stop kills the server, whose data nobody wants, and removes its folder. It
// may be called twice.
func (s *Server) Stop() error {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // only fails when it has ended
		<-s.done
	}
	err := os.RemoveAll(s.base)
	if s.watchdog != nil {
		s.watchdog.Close()
		_ = s.guard.Wait()
		s.watchdog = nil
	}
	return err
}
