// Package send hands one message to one receiver, once: by webhook, by a command,
// by mail. Errors are of a passing kind (alarm.unreached) where another try may
// help, else they stay (alarm.refused, secret.missing). None holds a secret: a
// webhook's URL is one, so nothing of it is told, nor of what was answered.
package send

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/fault"
)

// How long one try may take.
const (
	webhookTime = 10 * time.Second
	commandTime = 30 * time.Second
	mailTime    = 30 * time.Second
)

// Webhook posts a JSON body. Delivered is an answer of 2xx; no redirect is
// followed.
func Webhook(ctx context.Context, w alarm.Webhook, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, webhookTime)
	defer cancel()
	url := w.URL
	if !w.Secret.Empty() {
		text, err := w.Secret.Fetch(ctx)
		if err != nil {
			return err
		}
		url = strings.TrimSpace(text.Reveal())
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil || r.URL.Host == "" || r.URL.Scheme != "https" && r.URL.Scheme != "http" {
		return fault.New(fault.Config, "alarm.refused", "what is kept there is no URL of http or https")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "godwit")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		return unreached(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return fault.New(fault.Config, "alarm.refused", "answered %d: redirects are not followed", code)
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return fault.New(fault.Unavailable, "alarm.unreached", "answered %d", code)
	default:
		return fault.New(fault.Denied, "alarm.refused", "answered %d", code)
	}
}

// unreached says why nobody answered, in words that name no address: it may be
// the secret.
func unreached(err error) error {
	var name *net.DNSError
	var wrong *tls.CertificateVerificationError
	var op *net.OpError
	var timed interface{ Timeout() bool }
	switch {
	case errors.As(err, &wrong):
		return fault.New(fault.Config, "alarm.refused", "its certificate is not trusted")
	case errors.Is(err, context.Canceled):
		return fault.New(fault.Cancelled, "run.cancelled", "interrupted")
	case errors.As(err, &name):
		return fault.New(fault.Unavailable, "alarm.unreached", "its host is not known")
	case errors.As(err, &timed) && timed.Timeout():
		return fault.New(fault.Unavailable, "alarm.unreached", "no answer in time")
	case errors.As(err, &op) && op.Op == "dial":
		return fault.New(fault.Unavailable, "alarm.unreached", "cannot be reached: %s", reason(op.Err))
	}
	return fault.New(fault.Unavailable, "alarm.unreached", "the connection broke")
}

// reason is the operating system's word for an error, without addresses.
func reason(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}
