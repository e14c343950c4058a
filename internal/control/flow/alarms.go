package flow

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"strings"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
	"godwit/internal/secret"
)

type alarmKeys struct {
	alarm.Keys
	Send *Node `flow:"send,required" help:"who is told: {webhook}, {command}, {mail}, or owners"`
}

// alarms reads alarms and mail as far as that goes in the scope at hand; nil for
// none. One whose receiver is null in the environment is none.
func (d *decoder) alarms(p *Project, keys projectKeys, up *decode.Level) *alarm.Set {
	set := &alarm.Set{Mail: d.mail(keys.Mail, up)}
	n := keys.Alarms
	switch {
	case n == nil || n.Shape == source.Invalid:
		return nil
	case n.Shape != source.List:
		d.Add(n.Spot, "flow.type", "alarms is a list, not "+decode.Described(n), "write - {when: [run.failed], send: {webhook: {env: NAME}}}")
		return nil
	}
	for i, one := range n.Items {
		var a alarmKeys
		l := &decode.Level{Name: fmt.Sprintf("alarms[%d]", i), Keys: Keys(a), Up: up}
		d.Group(one, elem(&a), l, one.Spot)
		if a.Send == nil || a.Send.Shape == source.Invalid {
			continue
		}
		if when := one.Field("when"); when != nil && when.Value.Shape == source.List && len(when.Value.Items) == 0 {
			d.Add(when.Spot, "flow.value", "when in "+l.Name+" names nothing", "write when: [run.failed]")
		}
		to := d.receiver(p, a.Send, l)
		if (len(to.Mail) > 0 || to.Owners) && keys.Mail == nil {
			d.Add(a.Send.Spot, "flow.required", "mails need a server", `beside alarms: mail: {server: "HOST:25", from: ADDRESS}`)
		}
		if to.Webhook != nil || len(to.Command) > 0 || len(to.Mail) > 0 || to.Owners {
			set.Alarms = append(set.Alarms, alarm.Alarm{When: a.When, To: to, Report: a.Attach == "report"})
		}
	}
	return set
}

// receiver reads owners or {webhook}, {command}, {mail}.
func (d *decoder) receiver(p *Project, n *Node, up *decode.Level) (to alarm.Receiver) {
	const form = "write owners, or {webhook: URL or {env: NAME}}, {command: [PROGRAM]}, {mail: [ADDRESS]}"
	switch {
	case n.Shape == source.Scalar && n.Text == "owners":
		return alarm.Receiver{Owners: d.addressed(p, n)}
	case n.Shape != source.Mapping || len(n.Fields) != 1:
		d.Add(n.Spot, "flow.type", "send in "+up.Name+" names one receiver", form)
		return to
	}
	var keys alarm.Send
	d.Group(n, elem(&keys), &decode.Level{Name: "send", Keys: Keys(keys), Up: up}, n.Spot)
	at := n.Fields[0].Value
	if keys.Webhook != nil {
		to.Webhook = d.webhook(keys.Webhook, at)
	}
	if to.Command, to.Mail = keys.Command, keys.Mail; at.Shape == source.List && len(at.Items) == 0 {
		d.Add(at.Spot, "flow.value", n.Fields[0].Name+" in send names nothing", form)
	}
	if len(to.Command) > 0 && strings.ContainsRune(to.Command[0], filepath.Separator) && !filepath.IsAbs(to.Command[0]) {
		to.Command = append([]string{filepath.Join(p.Dir, to.Command[0])}, to.Command[1:]...)
	}
	for i, address := range to.Mail {
		spot := at.Spot
		if i < len(at.Items) {
			spot = at.Items[i].Spot
		}
		d.address(spot, address)
	}
	return to
}

// addressed reports whether there is an owner who can be written to, and says
// what is wrong with those who cannot.
func (d *decoder) addressed(p *Project, n *Node) bool {
	any := false
	for _, name := range decode.SortedKeys(p.Owners) {
		if o := p.Owners[name]; o.Mail != "" {
			d.address(o.at, o.Mail)
			any = true
		}
	}
	if !any {
		d.Add(n.Spot, "flow.value", "no owner has a mail address", "owners: {NAME: {mail: ADDRESS}}")
	}
	return any
}

// address checks that of a mail; empty is one that is not known yet.
func (d *decoder) address(at source.Spot, text string) {
	if a, err := mail.ParseAddress(text); text != "" && (err != nil || a.Name != "" || a.Address != text) && !d.Told(at) {
		d.Add(at, "flow.value", source.Quote(text)+" is no mail address", "write name@example.com")
	}
}

// webhook checks a URL that is written down; one with a password is refused.
func (d *decoder) webhook(h *alarm.Hook, n *Node) *alarm.Webhook {
	const hide = "write webhook: {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT]}"
	w := &alarm.Webhook{URL: h.URL, Secret: secret.Source{Env: h.Env, File: h.File, Command: h.Command}}
	if n.Shape == source.Mapping && len(n.Fields) != 1 {
		d.Add(n.Spot, "flow.type", "webhook names one place for its URL", hide)
		return nil
	}
	if h.URL == "" {
		if w.Secret.Empty() {
			return nil
		}
		return w
	}
	switch u, err := url.Parse(h.URL); {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		d.Add(n.Spot, "flow.value", "webhook is the URL of something that is posted to", `write "https://alarms.example/hook", or {env: NAME} where nobody is to see it`)
		return nil
	case u.User != nil:
		d.Add(n.Spot, "secret.plain", "a URL with a password is a secret: it is not written into the file", hide)
		return nil
	}
	return w
}

// mail reads the server that mails are handed to.
func (d *decoder) mail(n *Node, up *decode.Level) *alarm.Mail {
	if n == nil || n.Shape == source.Invalid {
		return nil
	}
	var k alarm.MailKeys
	d.Group(n, elem(&k), &decode.Level{Name: "mail", Keys: Keys(k), Up: up}, n.Spot)
	if k.From != "" {
		d.address(n.At("from"), k.From)
	}
	if k.Server != "" {
		host, port, err := net.SplitHostPort(k.Server)
		if err != nil && !strings.Contains(k.Server, ":") {
			host, port, err = k.Server, "25", nil
		}
		if err != nil || host == "" || port == "" {
			d.Add(n.At("server"), "flow.value", source.Quote(k.Server)+" is no server", `write "smtp.internal:25"`)
		}
		k.Server = net.JoinHostPort(host, port)
	}
	if k.User == "" && !k.Password.Empty() {
		d.Add(n.At("password"), "flow.required", "a password needs user", "user: NAME")
	}
	return &alarm.Mail{Server: k.Server, From: k.From, User: k.User, Password: k.Password, TLS: k.TLS, CA: k.CA}
}

// Alarms are what the project says about alarms in an environment: that of the
// name, or the only one. A project with diagnostics gives them again.
func (p *Project) Alarms(env string) (*alarm.Set, Environment, Diagnostics) {
	if len(p.wrong) > 0 {
		return nil, Environment{}, p.wrong
	}
	e, wrong := p.environment(env)
	if wrong != nil {
		return nil, e, Diagnostics{*wrong}
	}
	d := newDecoder(decode.Decoder{})
	return d.told(p, e), e, d.List.Sorted()
}

// told are a project's alarms in an environment.
func (d *decoder) told(p *Project, e Environment) *alarm.Set {
	inner := newDecoder(decode.Decoder{Problems: d.Problems, Scope: p.types(nil), Dir: p.Dir})
	inner.Scope.Values = map[string]any{"env": variables(e.Name, e.Rehearsal, e.Vars)}
	return inner.alarms(p, p.keys, &decode.Level{Name: projectFile, Keys: Keys(p.keys)})
}
