package cli

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// source is what a command works on: a flow from a file, or one made from
// --from and --to.
type source struct {
	from, to string
	set      []string
	full     bool
	env      string
	verify   string
	flags    map[string]*flagValue // the keys of a verb, as flags
}

// flagValue keeps what was given under a key's flag.
type flagValue struct {
	key   flow.Key
	given []string
}

func (v *flagValue) String() string { return "" }
func (v *flagValue) Set(text string) error {
	if !v.key.List {
		v.given = nil
	}
	v.given = append(v.given, text)
	return nil
}

func (v *flagValue) Type() string {
	if len(v.key.Enum) > 0 {
		return "word"
	}
	return string(v.key.Kind)
}

// words is what was typed, for a command that works on the same; d is nil when
// that was a run.
func (d *source) words(b *flow.Bound) []string {
	var words []string
	if d == nil {
		d = &source{from: "URL", to: "URL"}
	}
	add := func(flag, value string) { words = append(words, "--"+flag, quoted(value)) }
	if b.Files != nil {
		words = append(words, quoted(b.Flow))
		for _, set := range d.set {
			add("set", set)
		}
		if b.Env != "" {
			add("env", b.Env)
		}
		if b.Full {
			words = append(words, "--full")
		}
		return words
	}
	for _, end := range [][2]string{{"from", d.from}, {"to", d.to}} {
		if end[1] != "" { // else of the environment
			add(end[0], withoutPassword(end[1]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.flags)) {
		for _, value := range d.flags[key].given {
			add(dashed(key), value)
		}
	}
	if d.verify == "none" {
		add("verify", d.verify)
	}
	return words
}

// ends adds --from and --to.
func (d *source) ends(f *pflag.FlagSet) {
	f.StringVar(&d.from, "from", "", "URL to copy from, as postgres://user@host/db (default GODWIT_FROM)")
	f.StringVar(&d.to, "to", "", "URL to copy to (default GODWIT_TO)")
}

// verb adds the keys of a verb as flags, so that they carry the same names as
// in a flow file.
func (d *source) verb(f *pflag.FlagSet, lang flow.Language, name string) {
	d.flags = map[string]*flagValue{}
	for _, v := range lang.Verbs {
		if v.Name != name {
			continue
		}
		for _, k := range flow.Keys(v.Spec()) {
			if k.Name == "from" || k.Name == "to" || f.Lookup(dashed(k.Name)) != nil {
				continue
			}
			value := &flagValue{key: k}
			d.flags[k.Name] = value
			f.Var(value, dashed(k.Name), helpOf(k))
		}
	}
}

func helpOf(k flow.Key) string {
	help := k.Help
	if len(k.Enum) > 0 {
		help += ": " + join(k.Enum)
	}
	if k.Default != "" {
		help += " (default " + k.Default + ")"
	}
	return help
}

// given collects the flags' texts under the names of the keys.
func (d *source) given() map[string][]string {
	values := map[string][]string{"from": {"from"}, "to": {"to"}}
	for name, v := range d.flags {
		if len(v.given) > 0 {
			values[name] = v.given
		}
	}
	return values
}

// bound is the flow to work on: of a file when args name one, else of --from
// and --to.
func (s *session) bound(c *cobra.Command, d *source, args []string, verb string) (*flow.Bound, error) {
	if err := d.alone(c.Flags(), len(args) > 0); err != nil {
		return nil, err
	}
	if len(args) > 0 {
		return s.file(d, args[0])
	}
	return s.direct(d, verb)
}

func (s *session) file(d *source, name string) (*flow.Bound, error) {
	s.asked = d
	project, f, wrong := flow.Open(name, s.Language)
	if len(wrong) > 0 {
		return nil, wrong
	}
	if s.ledger == "" && os.Getenv("GODWIT_LEDGER") == "" {
		s.ledger = filepath.Join(project.Dir, ".godwit", "ledger.db")
	}
	inputs, err := settings(d.set)
	if err != nil {
		return nil, err
	}
	b, wrong := f.Bind(inputs, d.env)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	b.Full = d.full
	return b, nil
}

// direct makes a flow of one verb between two URLs.
func (s *session) direct(d *source, verb string) (*flow.Bound, error) {
	s.asked = d
	b := &flow.Bound{Flow: verb, Connections: map[string]flow.BoundConnection{}}
	for _, end := range []struct{ name, url, env string }{{"from", d.from, "GODWIT_FROM"}, {"to", d.to, "GODWIT_TO"}} {
		url := end.url
		if url == "" {
			url = os.Getenv(end.env)
		}
		if url == "" {
			return nil, fault.New(fault.Config, "usage", "--%s is missing", end.name).
				Hint("godwit %s --from postgres://user@host/db --to postgres://user@host/db", verb).
				Hint("or set %s", end.env)
		}
		c, err := s.connection(url)
		if err != nil {
			return nil, fault.Wrap(err, "--%s", end.name)
		}
		b.Connections[end.name] = c
	}
	steps := []string{verb}
	if d.verify == "all" {
		steps = append(steps, "verify")
	}
	for _, name := range steps {
		step, err := s.step(name, d, name == verb)
		if err != nil {
			return nil, err
		}
		b.Steps = append(b.Steps, step)
	}
	return b, nil
}

func (s *session) step(name string, d *source, own bool) (flow.Step, error) {
	for _, v := range s.Language.Verbs {
		if v.Name != name {
			continue
		}
		spec := v.Spec()
		values := d.given()
		if !own { // verifies what was copied
			values = map[string][]string{"from": {"from"}, "to": {"to"}}
			for _, shared := range []string{"include", "exclude", "workers"} {
				if f := d.flags[shared]; f != nil && len(f.given) > 0 {
					values[shared] = f.given
				}
			}
		}
		if wrong := flow.Fill(spec, values); len(wrong) > 0 {
			return flow.Step{}, wrong
		}
		for _, p := range v.Check(spec) {
			e := fault.New(fault.Config, p.Code, "--%s: %s", dashed(p.Path), p.Text)
			e.Next = p.Next
			return flow.Step{}, e
		}
		return flow.Step{ID: name, Verb: name, Spec: spec}, nil
	}
	return flow.Step{}, fault.New(fault.Internal, "verb.unknown", "no verb %q", name)
}

// connection reads a URL by the connector that knows its scheme; the first one
// says what is wrong with any other.
func (s *session) connection(url string) (flow.BoundConnection, error) {
	by := -1
	scheme, _, _ := strings.Cut(url, "://")
	for i, c := range s.Language.Systems {
		if c.FromURL != nil && (by < 0 || slices.Contains(c.Schemes, scheme)) {
			by = i
		}
	}
	if by < 0 {
		return flow.BoundConnection{}, fault.New(fault.Config, "connection.system", "no connector takes a URL")
	}
	c := s.Language.Systems[by]
	settings, err := c.FromURL(url)
	return flow.BoundConnection{System: c.System, Settings: settings}, err
}

// commandOf is how a command is typed for what this one works on; passwords are
// left out. What runs a flow is run, what runs two URLs their verb.
func (s *session) commandOf(command string, b *flow.Bound) string {
	words := []string{"godwit", command}
	if s.again != "" && b.Flow == run.RedriveFlow {
		return "godwit redrive " + s.again + " --dry-run"
	}
	if b.Files == nil && command == "run" {
		words = []string{"godwit", b.Flow}
	}
	return strings.Join(append(words, s.asked.words(b)...), " ")
}

// refresh replaces frozen connections by what the environment carries: a URL
// typed in with its password is not in the ledger.
func (s *session) refresh(b *flow.Bound) error {
	for name, env := range map[string]string{"from": "GODWIT_FROM", "to": "GODWIT_TO"} {
		if _, ok := b.Connections[name]; !ok || os.Getenv(env) == "" {
			continue
		}
		c, err := s.connection(os.Getenv(env))
		if err != nil {
			return fault.Wrap(err, "%s", env)
		}
		b.Connections[name] = c
	}
	return nil
}

// path is the file of this command's ledger.
func (s *session) path() string {
	path := s.ledger
	if path == "" {
		path = os.Getenv("GODWIT_LEDGER")
	}
	if path == "" {
		project, _ := flow.Load(".", s.Language)
		dir := "."
		if project != nil {
			dir = project.Dir
		}
		path = filepath.Join(dir, ".godwit", "ledger.db")
	}
	s.ledger = path
	return path
}

// open opens the ledger of a command that works, making it when it is not
// there.
func (s *session) open(ctx context.Context) (*run.Runs, func() error, error) {
	runs, done, err := s.Open(ctx, s.path())
	if err != nil {
		return nil, nil, refused(err)
	}
	runs.Waits = s.waits
	return runs, done, nil
}

// refused makes a refusal of what is wrong with data before anything was touched:
// no run has failed of it.
func refused(err error) error {
	if fault.KindOf(err) != fault.Data {
		return err
	}
	f := fault.Of(err)
	f.Kind = fault.Config
	return &fault.Error{Fault: f}
}

// existing opens the ledger of a command that looks at runs: looking makes
// none.
func (s *session) existing(ctx context.Context) (*run.Runs, func() error, error) {
	if path := s.path(); !there(path) {
		return nil, nil, fault.New(fault.Config, "run.unknown", "there is no ledger %s yet: nothing has run", path).
			Hint("name another with --ledger, or be in the project's folder")
	}
	return s.open(ctx)
}

func there(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// looking looks at systems only: it needs no ledger.
func (s *session) looking() *run.Runs {
	runs := s.Look
	runs.Waits = s.waits
	return &runs
}

// waits says what a look at both sides waits for.
func (s *session) waits(w unit.Wait) {
	if s.json {
		s.events().Tell(view.Tell("", unit.Event{At: time.Now(), Kind: unit.WaitBegan, Body: unit.Body(w)}))
		return
	}
	_ = view.Show(s.errOut(), view.Looking{Wait: w, Now: time.Now()})
}

// actor is who does what people do: GODWIT_ACTOR, else user@host.
func actor() string {
	if a := os.Getenv("GODWIT_ACTOR"); a != "" {
		return a
	}
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname()
	return name + "@" + host
}
