package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"godwit/rig/newsys"
)

// What the new system is told, and what it bears.
const (
	token       = "rollout-demo"
	rate        = 100
	concurrency = 8
)

// target is the new system: a process of its own that misbehaves as such systems do.
type target struct {
	URL  string
	look string // URL of its inspection

	cmd *exec.Cmd
	in  io.Closer
}

// startTarget builds and starts it. It ends with this process.
func startTarget(ctx context.Context, root, folder string, out io.Writer) (*target, error) {
	program := filepath.Join(folder, "newsys")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./rig/newsys/start")
	build.Dir, build.Stdout, build.Stderr = root, out, out
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build the new system: %w", err)
	}
	cmd := exec.Command(program, "-attached", "-listen", "127.0.0.1:0", "-token", token,
		"-latency-from", "2ms", "-latency-to", "20ms", "-unseen", "300ms", "-jobs", "2s",
		"-throttled", "0.0015", "-unavailable", "0.001", "-html", "0.001", "-cut", "0.004", "-slow", "0.01")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is the demo's: the verdict comes last
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the new system: %w", err)
	}
	t := &target{cmd: cmd, in: in}
	lines := bufio.NewScanner(said)
	for _, url := range []*string{&t.URL, &t.look} {
		if !lines.Scan() {
			return nil, errors.Join(errors.New("the new system does not say where it listens"), t.stop())
		}
		*url = strings.TrimSpace(lines.Text())
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	return t, nil
}

// stop ends it.
func (t *target) stop() error {
	_ = t.in.Close() // what it waits for
	return t.cmd.Wait()
}

// verdict is what it says of its clients so far.
func (t *target) verdict(ctx context.Context) (v newsys.Verdict, err error) {
	err = t.ask(ctx, "/verdict", &v)
	return v, err
}

func (t *target) ask(ctx context.Context, path string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.look+path, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(into)
}
