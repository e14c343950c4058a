package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/zeebo/xxh3"
)

// received is what a receiver has been sent: how many requests, and the sum of the
// hashes of their bodies, which does not depend on their order.
type received struct {
	Requests uint64 `json:"requests"`
	Sum      uint64 `json:"sum"`
}

// receive is a plain API in a process of its own: each POST is given an id, after a
// delay. It says where it listens on its output, and ends with its input.
func receive(ctx context.Context, delay string) error {
	wait, err := time.ParseDuration(delay)
	if err != nil {
		return err
	}
	var requests, sum atomic.Uint64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /records", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // whoever sent it is gone
		}
		time.Sleep(wait)
		sum.Add(xxh3.Hash(body))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":%d}`, requests.Add(1))
	})
	mux.HandleFunc("GET /received", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(received{requests.Load(), sum.Load()})
	})
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	server := &http.Server{Handler: mux}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// receiver is one that was started. End must be called.
type receiver struct {
	url string
	pid int
	end func() error
}

func startReceiver(ctx context.Context, delay time.Duration) (*receiver, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "receive", delay.String())
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	end := func() error { return errors.Join(in.Close(), cmd.Wait()) }
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, end())
	}
	return &receiver{url: strings.TrimSpace(url), pid: cmd.Process.Pid, end: end}, nil
}

// received asks what came.
func (r *receiver) received(ctx context.Context) (got received, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/received", nil)
	if err != nil {
		return got, err
	}
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		return got, err
	}
	defer res.Body.Close()
	err = json.NewDecoder(res.Body).Decode(&got)
	return got, err
}

// cpu is what it has used so far, in seconds.
func (r *receiver) cpu() float64 {
	all, err := look()
	if err != nil {
		return 0
	}
	return all.cpu(r.pid)
}
