// Package alarm says whom a project tells of what happens in a run, and when: the
// values of alarms and mail in godwit.yaml. It sends nothing. Start at Alarm.
package alarm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"godwit/internal/secret"
)

// Alarm tells one receiver of events and of counts that grow too large. As JSON
// it holds no secret, only where each is to be fetched.
type Alarm struct {
	When []Condition `json:"when"`
	To   Receiver    `json:"to"`
	// Report goes with each message: all of it, or an owner's part.
	Report bool `json:"report,omitempty"`
}

// Receiver is who is told; exactly one of its fields is set.
type Receiver struct {
	Webhook *Webhook `json:"webhook,omitempty"`
	Command []string `json:"command,omitempty"` // a program and its arguments
	Mail    []string `json:"mail,omitempty"`
	Owners  bool     `json:"owners,omitempty"` // each owner of issues of the run who has a mail address
}

// Webhook is an address that is posted to: written down, or kept as a secret.
type Webhook struct {
	URL    string        `json:"url,omitempty"`
	Secret secret.Source `json:"secret,omitzero"`
}

// String names a receiver for people, without what may be secret: of a URL its
// host, of a secret where it is kept. Two receivers of a project may share a name.
func (r Receiver) String() string {
	switch {
	case r.Webhook != nil:
		return "webhook " + r.Webhook.name()
	case len(r.Command) > 0:
		return "command " + r.Command[0]
	case r.Owners:
		return "owners"
	}
	return "mail " + strings.Join(r.Mail, ", ")
}

// Key tells receivers apart, also those of the same name; it gives nothing away.
func (r Receiver) Key() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic("encode a receiver: " + err.Error()) // texts only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:4])
}

func (w Webhook) name() string {
	switch {
	case w.Secret.Env != "":
		return "{env: " + w.Secret.Env + "}"
	case w.Secret.File != "":
		return "{file: " + w.Secret.File + "}"
	case len(w.Secret.Command) > 0:
		return "{command: " + w.Secret.Command[0] + "}"
	}
	if u, err := url.Parse(w.URL); err == nil {
		return u.Host
	}
	return "of a URL"
}

// Mail is the server that mails are handed to.
type Mail struct {
	Server   string        `json:"server"` // host:port
	From     string        `json:"from"`
	User     string        `json:"user,omitempty"` // none: no login
	Password secret.Source `json:"password,omitzero"`
	TLS      string        `json:"tls"`          // Offered and the others
	CA       string        `json:"ca,omitempty"` // file of certificates to trust beside the system's
}

// When a connection to the mail server is encrypted.
const (
	Offered  = "offered"  // by STARTTLS, where the server offers it
	Required = "required" // by STARTTLS, or nothing is sent
	Always   = "always"   // from the first byte
	Never    = "never"
)

// Set is all that a project says about alarms, in one environment.
type Set struct {
	Alarms []Alarm `json:"alarms"`
	Mail   *Mail   `json:"mail,omitempty"`
}
