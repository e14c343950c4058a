package alarm

import "godwit/internal/secret"

// Keys of an alarm in godwit.yaml. Send is read by who knows the project: it is a
// word, or the keys of Send.
type Keys struct {
	When   []Condition `flow:"when,required" help:"events, and counts that are too large: \"dead > 100\", \"issues > 5%\""`
	Attach string      `flow:"attach" enum:"report" help:"what goes with the message"`
}

// Send are the keys of send, one of them.
type Send struct {
	Webhook *Hook    `flow:"webhook" help:"URL that is posted to, or the secret that it is"`
	Command []string `flow:"command" help:"program and its arguments; it reads the message from standard input"`
	Mail    []string `flow:"mail" help:"addresses"`
}

// Hook is a webhook's URL, or where it is kept.
type Hook struct {
	URL     string   `flow:"url,alone" help:"the URL itself, when nobody has to hide it"`
	Env     string   `flow:"env" help:"environment variable"`
	File    string   `flow:"file,path" help:"file, relative to godwit.yaml"`
	Command []string `flow:"command" help:"program and its arguments; what it prints is the URL"`
}

// MailKeys are those of mail.
type MailKeys struct {
	Server   string        `flow:"server,required" help:"HOST:PORT of the mail server; port 25 when it is not given"`
	From     string        `flow:"from,required" help:"address that mails come from"`
	User     string        `flow:"user" help:"login, where the server wants one"`
	Password secret.Source `flow:"password" help:"its password"`
	TLS      string        `flow:"tls" enum:"offered,required,always,never" default:"offered" help:"STARTTLS where it is offered, or not without it; always: from the first byte, as on port 465"`
	CA       string        `flow:"ca,path" help:"file of certificates to trust, beside the system's"`
}
