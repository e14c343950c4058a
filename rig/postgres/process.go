package postgres

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// process is a child that is waited for from its first moment.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// spawner runs functions on one thread that never ends: on Linux a child gets
// its death signal when the thread that started it ends, not the process.
var spawner = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
})

// begin starts a command from the lasting thread.
func begin(cmd *exec.Cmd) (*process, error) {
	started := make(chan error)
	spawner() <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the state is in cmd.ProcessState
		close(p.done)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// running is false for no process at all.
func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// end sends a signal and waits for the end; nothing to do is no error.
func (p *process) end(ctx context.Context, signal os.Signal) error {
	if !p.running() {
		return nil
	}
	if err := p.cmd.Process.Signal(signal); err != nil && p.running() {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for process %d to end: %w", p.pid(), context.Cause(ctx))
	}
}

// kill ends the postmaster; its children end when they see it gone.
func (p *process) kill() {
	if p.running() {
		_ = p.cmd.Process.Kill() // only fails when it has ended
		<-p.done
	}
}

// command is a program of PostgreSQL under the server's account, out of reach
// of the terminal's Ctrl-C.
func (s *Server) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.programs.Path(program), args...)
	cmd.Dir = s.base
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.account.credential}
	return cmd
}

// run runs a program to its end; what it said is part of the error.
func (s *Server) run(ctx context.Context, program string, args ...string) error {
	var said bytes.Buffer
	cmd := s.command(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	endWithParent(cmd.SysProcAttr, syscall.SIGKILL)
	p, err := begin(cmd)
	if err != nil {
		return err
	}
	<-p.done
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", program, context.Cause(ctx))
	}
	if !cmd.ProcessState.Success() {
		return fmt.Errorf("%s: %s: %s", program, cmd.ProcessState, strings.TrimSpace(said.String()))
	}
	return nil
}

// environment is this process's without what steers PostgreSQL's programs.
func environment() []string {
	env := []string{"LC_ALL=C"}
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "PG") && !strings.HasPrefix(pair, "LC_") && !strings.HasPrefix(pair, "LANG") {
			env = append(env, pair)
		}
	}
	return env
}
