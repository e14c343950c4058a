package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// watchdog is a shell that reads from a pipe nobody writes to: the read ends
// when this process does. Then it ends the server and removes its folders.
type watchdog struct {
	pipe *os.File
	cmd  *exec.Cmd
}

const watchScript = `trap '' INT TERM HUP QUIT
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
[ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null
n=0
while [ -e "$1/data/postmaster.pid" ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done
rm -rf "$1" "$2"`

// watch starts a watchdog over the folders of one server.
func watch(base, socket string) (*watchdog, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start watchdog: %w", err)
	}
	defer read.Close()
	cmd := exec.Command("/bin/sh", "-c", watchScript, "godwit-watchdog", base, socket)
	cmd.Stdin = read
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		write.Close()
		return nil, fmt.Errorf("start watchdog: %w", err)
	}
	return &watchdog{pipe: write, cmd: cmd}, nil
}

// release ends the watchdog; the folders should be gone by now.
func (w *watchdog) release() {
	if w == nil {
		return
	}
	w.pipe.Close()
	_ = w.cmd.Wait() // it has nothing left to do
}
