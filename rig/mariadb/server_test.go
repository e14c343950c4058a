package mariadb_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/rig/mariadb"
)

func TestMain(m *testing.M) {
	if os.Getenv("RIG_PARENT") != "" {
		server, err := mariadb.Start(context.Background())
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Stdout.WriteString(strconv.Itoa(server.Port) + "\n" + server.Folder() + "\n")
		select {}
	}
	os.Exit(m.Run())
}

// must is set where a skipped proof is no proof.
var must = os.Getenv("GODWIT_MARIADB") == "must"

func TestStop(t *testing.T) {
	t.Parallel()
	server, err := mariadb.Start(t.Context())
	if errors.Is(err, mariadb.ErrNotInstalled) && !must {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.Stop(), server.Stop()); err != nil {
		t.Error(err)
	}
	gone(t, server.Port, server.Folder())
}

// TestEndsWithItsParent kills a process that has started a server.
func TestEndsWithItsParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), "RIG_PARENT=1")
	var said strings.Builder
	parent.Stderr = &said
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	port, err := strconv.Atoi(lines.Text())
	if err != nil {
		_ = parent.Wait() // it has ended
		if strings.Contains(said.String(), mariadb.ErrNotInstalled.Error()) && !must {
			t.Skip(mariadb.ErrNotInstalled)
		}
		t.Fatal(said.String())
	}
	lines.Scan()
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // killed
	gone(t, port, lines.Text())
}

// gone waits until nobody listens and the folder does not exist.
func gone(t *testing.T, port int, folder string) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for late := time.After(time.Minute); ; {
		conn, err := net.Dial("tcp4", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			conn.Close()
		}
		if _, there := os.Stat(folder); err != nil && errors.Is(there, os.ErrNotExist) {
			return
		}
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("port %d or %s is still there", port, folder)
		}
	}
}
