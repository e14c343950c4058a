package send_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/fault"
	"godwit/internal/secret"
	"godwit/internal/ui/notify/send"
	"godwit/rig/mailbox"
)

const canary = "canary-4f9a1c77"

// fails expects an error with a code that holds some words and no secret.
func fails(t *testing.T, err error, code, words string) {
	t.Helper()
	if fault.CodeOf(err) != code || !strings.Contains(fmt.Sprint(err), words) {
		t.Errorf("error %v [%s], want %q [%s]", err, fault.CodeOf(err), words, code)
	}
	if strings.Contains(fmt.Sprint(err), canary) {
		t.Errorf("a secret is told: %v", err)
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.Header.Get("Content-Type")+" "+r.URL.Path+" "+string(body))
		var code int
		fmt.Sscanf(r.URL.Query().Get("code"), "%d", &code)
		if code == 302 {
			http.Redirect(w, r, "/elsewhere", code)
			return
		}
		w.WriteHeader(code)
		fmt.Fprint(w, canary)
	}))
	defer server.Close()
	to := func(code int) alarm.Webhook {
		return alarm.Webhook{URL: fmt.Sprintf("%s/%s?code=%d", server.URL, canary, code)}
	}
	for _, code := range []int{200, 204} {
		if err := send.Webhook(t.Context(), to(code), []byte(`{}`)); err != nil {
			t.Errorf("%d: %v", code, err)
		}
	}
	fails(t, send.Webhook(t.Context(), to(500), nil), "alarm.unreached", "answered 500")
	fails(t, send.Webhook(t.Context(), to(429), nil), "alarm.unreached", "answered 429")
	fails(t, send.Webhook(t.Context(), to(404), nil), "alarm.refused", "answered 404")
	fails(t, send.Webhook(t.Context(), to(302), nil), "alarm.refused", "redirects are not followed")
	for _, line := range got {
		if !strings.HasPrefix(line, "POST application/json /"+canary) {
			t.Errorf("asked %s", line)
		}
	}
	if len(got) != 6 {
		t.Errorf("%d requests: %v", len(got), got)
	}
	server.Close()
	fails(t, send.Webhook(t.Context(), to(200), nil), "alarm.unreached", "connection refused")
	fails(t, send.Webhook(t.Context(), alarm.Webhook{URL: "http://" + canary + ".invalid/x"}, nil), "alarm.unreached", "its host is not known")
}

func TestWebhookOfASecret(t *testing.T) {
	t.Parallel()
	asked := ""
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.Path }))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "hook")
	w := alarm.Webhook{Secret: secret.Source{File: file}}
	fails(t, send.Webhook(t.Context(), w, nil), "secret.missing", "no such file")
	for _, text := range []string{canary, "ftp://" + canary, "http://%zz" + canary} {
		write(t, file, text)
		fails(t, send.Webhook(t.Context(), w, nil), "alarm.refused", "is no URL")
	}
	write(t, file, server.URL+"/"+canary+"\n")
	if err := send.Webhook(t.Context(), w, nil); err != nil || asked != "/"+canary {
		t.Errorf("asked %q: %v", asked, err)
	}
}

func TestWebhookOfAnUntrustedServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = nil
	fails(t, send.Webhook(t.Context(), alarm.Webhook{URL: server.URL + "/" + canary}, nil), "alarm.refused", "certificate is not trusted")
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCommand(t *testing.T) {
	t.Setenv("HIDDEN", canary)
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	script := filepath.Join(dir, "page")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n{ echo \"$1\"; env; cat; } > "+out+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := send.Command(t.Context(), []string{script, "a b; $(c)"}, []byte(`{"id":"1"}`)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil || !strings.HasPrefix(string(got), "a b; $(c)\n") || !strings.HasSuffix(string(got), `{"id":"1"}`) {
		t.Errorf("it was given %s (%v)", got, err)
	}
	if strings.Contains(string(got), "HIDDEN") || !strings.Contains(string(got), "PATH=") {
		t.Errorf("its environment: %s", got)
	}
	fails(t, send.Command(t.Context(), []string{"sh", "-c", "echo " + canary + " >&2; exit 7"}, nil), "alarm.unreached", "exit status 7")
	fails(t, send.Command(t.Context(), []string{"no-such-program"}, nil), "alarm.refused", "cannot be started")
	ctx, cut := context.WithCancel(t.Context())
	cut()
	fails(t, send.Command(ctx, []string{"cat"}, nil), "run.cancelled", "interrupted")
}

func box(t *testing.T, opt mailbox.Options) *mailbox.Server {
	t.Helper()
	s, err := mailbox.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

const mail = "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\n.one line\r\n"

func TestMail(t *testing.T) {
	t.Parallel()
	s := box(t, mailbox.Options{Refuse: func(to string) int {
		switch to {
		case "gone@example.com":
			return 550
		case "later@example.com":
			return 451
		}
		return 0
	}})
	m := alarm.Mail{Server: s.Address(), From: "a@example.com", TLS: alarm.Offered}
	if err := send.Mail(t.Context(), m, "b@example.com", []byte(mail)); err != nil {
		t.Fatal(err)
	}
	got := s.Mails()
	if len(got) != 1 || got[0].From != "a@example.com" || got[0].To[0] != "b@example.com" || !strings.HasSuffix(string(got[0].Data), "\n.one line\n") {
		t.Errorf("it took %+v", got)
	}
	fails(t, send.Mail(t.Context(), m, "gone@example.com", []byte(mail)), "alarm.refused", "address refused: 550")
	fails(t, send.Mail(t.Context(), m, "later@example.com", []byte(mail)), "alarm.unreached", "address refused for now: 451")
	m.TLS = alarm.Required
	fails(t, send.Mail(t.Context(), m, "b@example.com", []byte(mail)), "alarm.refused", "offers no STARTTLS")
	s.Close()
	m.TLS = alarm.Offered
	fails(t, send.Mail(t.Context(), m, "b@example.com", []byte(mail)), "alarm.unreached", "connection refused")
}

// certificate is one for 127.0.0.1, and the file of its authority.
func certificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	write(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	return &tls.Config{Certificates: server.TLS.Certificates}, ca
}

func TestMailEncryptedAndLoggedIn(t *testing.T) {
	t.Parallel()
	trust, ca := certificate(t)
	password := filepath.Join(t.TempDir(), "password")
	write(t, password, canary+"\n")
	for name, c := range map[string]struct {
		server mailbox.Options
		tls    string
	}{
		"starttls, plain": {mailbox.Options{TLS: trust}, alarm.Offered},
		"required, login": {mailbox.Options{TLS: trust, Login: true}, alarm.Required},
		"always":          {mailbox.Options{TLS: trust, Always: true}, alarm.Always},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.server.User, c.server.Password = "mover", canary
			s := box(t, c.server)
			m := alarm.Mail{Server: s.Address(), From: "a@example.com", User: "mover", Password: secret.Source{File: password}, TLS: c.tls}
			fails(t, send.Mail(t.Context(), m, "b@example.com", []byte(mail)), "alarm.refused", "certificate is not trusted")
			m.CA = ca
			if err := send.Mail(t.Context(), m, "b@example.com", []byte(mail)); err != nil {
				t.Fatal(err)
			}
			if got := s.Mails(); len(got) != 1 || !got[0].Encrypted || got[0].User != "mover" {
				t.Errorf("it took %+v", got)
			}
			m.User = "somebody"
			fails(t, send.Mail(t.Context(), m, "b@example.com", []byte(mail)), "alarm.refused", "login refused: 535")
		})
	}
}

// A password does not leave this machine in the open.
func TestMailKeepsItsPassword(t *testing.T) {
	t.Parallel()
	for _, login := range []bool{false, true} {
		s := box(t, mailbox.Options{User: "mover", Password: canary, Login: login})
		password := filepath.Join(t.TempDir(), "password")
		write(t, password, canary)
		_, port, _ := net.SplitHostPort(s.Address())
		// the same server by a name that is not known to be this machine
		m := alarm.Mail{Server: "[::ffff:127.0.0.1]:" + port, From: "a@example.com", User: "mover", Password: secret.Source{File: password}, TLS: alarm.Offered}
		err := send.Mail(t.Context(), m, "b@example.com", []byte(mail))
		fails(t, err, "alarm.refused", "not encrypted")
	}
}
