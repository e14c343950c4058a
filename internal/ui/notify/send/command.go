package send

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"godwit/internal/fault"
)

// passed are the variables that a command is started with, where they are set:
// what godwit itself was given, passwords among them, is not its business.
var passed = []string{"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"}

// Command starts a program, without a shell, and gives it the message on standard
// input. Delivered is exit code 0. What it prints is not shown.
func Command(ctx context.Context, argv []string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = bytes.NewReader(body)
	cmd.WaitDelay = time.Second // what it started may hold its pipes
	cmd.Env = []string{}
	for _, name := range passed {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return fault.New(fault.Cancelled, "run.cancelled", "interrupted")
	case ctx.Err() != nil:
		return fault.New(fault.Unavailable, "alarm.unreached", "it did not end within %s", commandTime)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Config, "alarm.refused", "it cannot be started: %s", reason(err))
	case errors.As(err, &ended):
		return fault.New(fault.Unavailable, "alarm.unreached", "it ended with %s", ended.ProcessState)
	}
	return fault.New(fault.Unavailable, "alarm.unreached", "it broke off: %s", reason(err))
}
