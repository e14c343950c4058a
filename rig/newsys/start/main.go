// Command start runs the new system alone, until it is interrupted; then it
// tells its verdict. Its first line is its URL, the second that of its inspection.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"godwit/rig/newsys"
)

func main() { os.Exit(run()) }

func run() int {
	var o newsys.Options
	flag.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "HOST:PORT")
	flag.BoolVar(&o.TLS, "tls", false, "with a certificate of its own")
	flag.StringVar(&o.Login.User, "user", "", "wanted in a basic login, with --password")
	flag.StringVar(&o.Login.Password, "password", "", "")
	flag.StringVar(&o.Login.Bearer, "token", "", "wanted as bearer")
	flag.DurationVar(&o.Latency[0], "latency-from", 0, "least time of an answer")
	flag.DurationVar(&o.Latency[1], "latency-to", 0, "most time of an answer")
	flag.DurationVar(&o.Unseen, "unseen", 0, "time in which look-ups do not see what was made")
	flag.DurationVar(&o.Jobs, "jobs", 5*time.Second, "time of a job")
	flag.Uint64Var(&o.Seed, "seed", 1, "of all chances")
	flag.IntVar(&o.Deepest, "deepest", 0, "most objects that a list is paged through; 0 is to its end")
	n := flag.Int("assignments", 0, "that are there from the beginning, made one a second until now; GET /assignments takes createdFrom and createdTo")
	throttled := flag.Float64("throttled", 0, "share of requests that get 429")
	unavailable := flag.Float64("unavailable", 0, "share of requests that get 503")
	cut := flag.Float64("cut", 0, "share of requests that are done and get no answer")
	html := flag.Float64("html", 0, "share of requests that get 502 as a page")
	slow := flag.Float64("slow", 0, "share of requests whose answer comes in pieces")
	inspection := flag.String("inspection", "127.0.0.1:0", "HOST:PORT of GET /verdict and the like")
	attached := flag.Bool("attached", false, "end when standard input does: with the process that started it")
	flag.Parse()
	s, err := newsys.Start(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "newsys:", err)
		return 1
	}
	defer s.Close()
	now := time.Now()
	s.FillAt(*n, func(i int) time.Time { return now.Add(time.Duration(i-*n) * time.Second) })
	for share, do := range map[*float64]newsys.Effect{throttled: newsys.Throttle(time.Second), unavailable: newsys.Unavailable(-1), cut: newsys.CutAfter(),
		html: newsys.HTML(http.StatusBadGateway), slow: newsys.Slow(20 * time.Millisecond)} {
		if *share > 0 {
			s.Break(newsys.Fault{Share: *share, Do: do})
		}
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", *inspection)
	if err != nil {
		fmt.Fprintln(os.Stderr, "newsys:", err)
		return 1
	}
	look := &http.Server{Handler: s.Inspection(), ReadHeaderTimeout: time.Minute}
	go func() { _ = look.Serve(l) }() // ends with the process
	fmt.Printf("%s\nhttp://%s\n", s.URL(), l.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *attached {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	<-ctx.Done()
	fmt.Printf("%+v\n", s.Verdict())
	return 0
}
