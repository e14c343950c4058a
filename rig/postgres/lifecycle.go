package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"godwit/rig/loopback"
)

// errStopped answers whatever is asked of a server after Stop.
var errStopped = errors.New("the server was stopped and its folder is gone")

// Stop ends the server without waiting for its clients (a fast shutdown; killed
// when ctx ends first) and removes its folder. A second call does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	if err := s.postmaster.end(ctx, syscall.SIGINT); err != nil {
		s.postmaster.kill()
	}
	if err := s.discard(); err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	return nil
}

// Crash ends the server at once, as pg_ctl stop -m immediate does: clients lose
// their connections, the next Restart recovers from the log. On a server that
// does not run it does nothing.
func (s *Server) Crash(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.postmaster.end(ctx, syscall.SIGQUIT); err != nil {
		return fmt.Errorf("crash postgres: %w", err)
	}
	return nil
}

// Restart starts the server again on its port, after ending it if it runs, and
// returns when it takes connections.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return fmt.Errorf("restart postgres: %w", errStopped)
	}
	if err := s.postmaster.end(ctx, syscall.SIGINT); err != nil {
		return fmt.Errorf("restart postgres: %w", err)
	}
	if err := s.launch(ctx); err != nil {
		return fmt.Errorf("restart postgres: %w", err)
	}
	return nil
}

// Signal sends a signal to the postmaster: SIGHUP reads the settings again,
// SIGSTOP and SIGCONT hold and release new connections. It fails when the
// server does not run.
func (s *Server) Signal(signal os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.postmaster.running() {
		return fmt.Errorf("signal postgres: %w", os.ErrProcessDone)
	}
	if err := s.postmaster.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("signal postgres: %w", err)
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
		if err = s.writeSettings(); err != nil {
			return err
		}
		if err = s.launch(ctx); err == nil || !strings.Contains(err.Error(), "in use") {
			return err
		}
	}
	return err
}

// launch starts the postmaster and waits until it takes connections.
func (s *Server) launch(ctx context.Context) error {
	log, err := os.OpenFile(s.logFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command(context.Background(), "postgres", "-D", s.data())
	cmd.Stdout, cmd.Stderr = log, log
	endWithParent(cmd.SysProcAttr, syscall.SIGQUIT)
	if s.postmaster, err = begin(cmd); err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		s.postmaster.kill()
		return fmt.Errorf("%w; the end of its log:\n%s", err, tail(s.logFile(), 2<<10))
	}
	return nil
}

// ready waits for the word in the postmaster's own file, as pg_ctl does.
func (s *Server) ready(ctx context.Context) error {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		switch s.status() {
		case "ready", "standby":
			return nil
		}
		select {
		case <-look.C:
		case <-s.postmaster.done:
			return errors.New("the server ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("wait until the server is ready: %w", context.Cause(ctx))
		}
	}
}

// status is the eighth line of postmaster.pid when the running postmaster wrote it.
func (s *Server) status() string {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 8 || lines[0] != strconv.Itoa(s.postmaster.pid()) {
		return ""
	}
	return strings.TrimSpace(lines[7])
}

// discard removes what prepare made. The postmaster must have ended.
func (s *Server) discard() error {
	s.stopped = true
	s.postmaster = nil
	err := errors.Join(os.RemoveAll(s.base), os.RemoveAll(s.Socket))
	s.watchdog.release()
	return err
}
