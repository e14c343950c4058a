package httpapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"godwit/internal/fault"
)

// unanswered is the fault of a request that got no answer, or not all of it.
// The library's words hold the whole address, with secrets in it: only what is
// behind it is told.
func (c *client) unanswered(err error, l *login) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var elsewhere *elsewhereError
	var timeout net.Error
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &elsewhere):
		return fault.New(fault.Config, "http.redirect", "it redirects to %s: a login is sent to nobody else", l.clean(elsewhere.host)).
			Hint("if that is right, write that address as url of the connection")
	case errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &invalid), errors.As(err, &record):
		return fault.New(fault.Config, "http.tls", "the server does not prove who it is: %s", l.clean(err.Error())).
			Hint("tls: {ca: FILE} names the authorities to trust; the host in url is the certificate's")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fault.New(fault.Unavailable, "http.timeout", "no whole answer within %v", c.timeout).
			Hint("it is tried again; timeout of the connection says how long is waited")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Unavailable, "http.cut", "the answer breaks off before its end").Hint("it is tried again")
	}
	return fault.New(fault.Unavailable, "http.unreachable", "no answer: %s", l.clean(err.Error())).
		Hint("see that the system runs and can be reached from here")
}

// held names the connection of a request that its limit did not let begin: who reads of it
// may have several.
func (c *client) held(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		f.With("connection", "%s", c.limiter.Pace().Name)
	}
	return err
}

// refusal is the fault of an answer that says no. The kind follows from the
// status, and from nothing else.
func (c *client) refusal(a *answer, said string) error {
	r := reasonOf(a.status, a.after > 0)
	text := http.StatusText(a.status)
	if said != "" {
		text += ": " + said
	}
	e := fault.New(r.kind, r.code, "%d %s", a.status, text).Hint("%s", r.next)
	if r.kind == fault.Denied || r.kind == fault.Config {
		e.With("connection", "%s", c.limiter.Pace().Name)
	}
	if a.after > 0 {
		e.With("retry after", "%v", a.after.Round(time.Second))
	}
	return e
}

type reason struct {
	kind fault.Kind
	code string
	next string
}

// reasonOf is the table of statuses (RFC 9110, 15). Later says that the system
// told when to come again.
func reasonOf(status int, later bool) reason {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && later:
		return reason{fault.Throttled, "http.throttled", "it is tried again; a lower limit: {rate} keeps from it"}
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return reason{fault.Denied, "http.denied", "see auth of the connection, whether its secret is still valid, and what the login may do there"}
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone, status == http.StatusNotImplemented:
		return reason{fault.Config, "http.not-found", "see url of the connection and the path of the request"}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500:
		return reason{fault.Unavailable, "http.unavailable", "it is tried again"}
	case status < 400:
		return reason{fault.Config, "http.redirect", "the answer sends elsewhere: write that address as url of the connection"}
	}
	return reason{fault.Data, "http.refused", "the answer says what it has against the request"}
}

const excerptRunes = 200

var (
	hidden = regexp.MustCompile(`(?is)<(script|style|head)\b.*?(</(script|style|head)>|$)|<!--.*?(-->|$)`)
	markup = regexp.MustCompile(`<[^>]*(>|$)`)
)

// excerpt is the beginning of what an answer says, for people: without markup,
// in one line, without secrets.
func excerpt(a *answer, l *login) string {
	b := a.body[:min(len(a.body), 16<<10)]
	text := strings.ToValidUTF8(string(b), "\ufffd")
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "<") || strings.Contains(a.header.Get("Content-Type"), "html") {
		text = html.UnescapeString(markup.ReplaceAllString(hidden.ReplaceAllString(text, " "), " "))
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	text = l.clean(strings.Join(strings.Fields(text), " "))
	if utf8.RuneCountInString(text) > excerptRunes {
		text = string([]rune(text)[:excerptRunes]) + "…"
	}
	return text
}
