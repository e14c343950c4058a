package main_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"godwit/rig/mailbox"

	"github.com/rogpeppe/go-internal/testscript"
)

// receive runs a receiver of alarms for a script. receive hook CODE sets HOOK to a
// URL that answers with a code, and puts what is posted there into hook/1.json and
// so on; receive mail sets MAILBOX to the address of a mail server, and puts the
// parts of each mail into mail/ADDRESS.txt and mail/ADDRESS.html.
func receive(ts *testscript.TestScript, neg bool, args []string) {
	tb := ts.Value("test").(testing.TB)
	switch {
	case !neg && len(args) == 2 && args[0] == "hook":
		ts.Setenv("HOOK", hook(tb, ts.MkAbs("hook"), args[1])+"/secret-hook-path")
	case !neg && len(args) == 1 && args[0] == "mail":
		ts.Setenv("MAILBOX", post(tb, ts.MkAbs("mail"), mailbox.Options{}))
	default:
		ts.Fatalf("usage: receive hook CODE | mail")
	}
}

// hook is a server that keeps what is posted to it.
func hook(tb testing.TB, dir, answer string) string {
	tb.Helper()
	code := 0
	if _, err := fmt.Sscan(answer, &code); err != nil {
		tb.Fatal(err)
	}
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = keep(filepath.Join(dir, fmt.Sprintf("%d.json", n.Add(1))), body)
		}
		if err != nil {
			tb.Error(err)
		}
		w.WriteHeader(code)
	}))
	tb.Cleanup(server.Close)
	return server.URL
}

// post is a mail server that keeps what it takes.
func post(tb testing.TB, dir string, opt mailbox.Options) string {
	tb.Helper()
	opt.Kept = func(m mailbox.Mail) {
		if err := unpack(dir, m); err != nil {
			tb.Error(err)
		}
	}
	server, err := mailbox.Open(opt)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { server.Close() })
	return server.Address()
}

// unpack reads a mail as a mail reader does.
func unpack(dir string, m mailbox.Mail) error {
	read, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return err
	}
	kind, how, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		return fmt.Errorf("a mail of type %s: %w", kind, err)
	}
	name := filepath.Join(dir, m.To[0])
	text := []byte(read.Header.Get("Subject") + "\n")
	for parts := multipart.NewReader(read.Body, how["boundary"]); ; {
		part, err := parts.NextPart()
		if err == io.EOF {
			return keep(name+".txt", text)
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(decoded(part))
		if err != nil {
			return err
		}
		if part.FileName() == "" {
			text = append(text, content...)
			continue
		}
		if err := keep(name+".html", content); err != nil {
			return err
		}
	}
}

func decoded(part *multipart.Part) io.Reader {
	if part.Header.Get("Content-Transfer-Encoding") == "base64" {
		return base64.NewDecoder(base64.StdEncoding, part)
	}
	return part // multipart reads quoted-printable itself
}

func keep(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
