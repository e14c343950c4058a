package flow

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
	"godwit/internal/unit"
)

// projectFile is the file that makes a folder a project.
const projectFile = decode.ProjectFile

// Language is what the core of the language is completed with: the verbs of a
// step and the systems of a connection. Wire hands it in.
type Language struct {
	Verbs   []unit.Verb
	Systems []connector.Connector
}

// Verb is the one of a name.
func (lang Language) Verb(name string) (verb unit.Verb, ok bool) {
	i := slices.IndexFunc(lang.Verbs, func(v unit.Verb) bool { return v.Name == name })
	if i < 0 {
		return verb, false
	}
	return lang.Verbs[i], true
}

func (lang Language) system(name string) *connector.Connector {
	for i := range lang.Systems {
		if lang.Systems[i].System == name {
			return &lang.Systems[i]
		}
	}
	return nil
}

// Project is a folder with godwit.yaml. It does not change once it is loaded
// and is safe for concurrent use.
type Project struct {
	Dir          string // absolute
	Environments map[string]Environment
	Connections  map[string]Connection
	Owners       map[string]Owner
	Known        []Known           // issues that are expected
	Issues       *IssueTable       // nil: the ledger alone keeps them
	Flows        []string          // names of the files in flows/, sorted
	Files        map[string]string // sha256 of godwit.yaml in hex, by its path in the project

	lang     Language
	files    *source.Files
	keys     projectKeys     // as they are written, for what is read again in an environment
	declared map[string]bool // connections, broken ones too; nil: not known because godwit.yaml is broken
	wrong    Diagnostics
}

// projectKeys are the keys of godwit.yaml.
type projectKeys struct {
	Environments *Node `flow:"environments" help:"what differs between test and production, by name"`
	Connections  *Node `flow:"connections" help:"the systems, by name"`
	Owners       *Node `flow:"owners" help:"who mends what is wrong with data, by name"`
	Issues       *Node `flow:"issues" help:"table that issues are kept in beside the ledger, for everybody to ask"`
	Known        *Node `flow:"known" help:"CSV of issues that are expected: rule, count, and entity, field and note where they are wanted"`
	Alarms       *Node `flow:"alarms" help:"who is told when something happens in a run, a list"`
	Mail         *Node `flow:"mail" help:"server that alarms are mailed by"`
}

var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// Load reads the project that dir belongs to: the nearest folder above with
// godwit.yaml, else dir itself without environments and connections.
func Load(dir string, lang Language) (*Project, Diagnostics) {
	d := newDecoder(decode.Decoder{})
	p := load(d, dir, lang)
	p.wrong = d.List.Sorted()
	return p, p.wrong
}

// Open finds a flow by its name or path, and its project. The diagnostics are
// those of both files; flow is nil when it cannot be read at all.
func Open(flow string, lang Language) (*Project, *Flow, Diagnostics) {
	dir := "."
	if isPath(flow) {
		dir = filepath.Dir(flow)
	}
	p, ds := Load(dir, lang)
	f, more := p.Flow(flow)
	return p, f, append(ds, more...).Sorted()
}

func isPath(flow string) bool {
	return strings.ContainsAny(flow, `/\`) || strings.HasSuffix(flow, ".yaml") || strings.HasSuffix(flow, ".yml")
}

func load(d *decoder, dir string, lang Language) *Project {
	p := &Project{Dir: root(dir), lang: lang, Environments: map[string]Environment{}, Connections: map[string]Connection{}}
	p.files = source.NewFiles(p.Dir)
	d.Files = p.files
	p.Flows, p.Files = flowNames(p.Dir), p.files.Sums
	n := p.files.YAML(d.Problems, projectFile)
	p.declared = declared(nil, len(d.List) > 0)
	if n == nil {
		return p
	}
	d.project(p, n)
	return p
}

// project fills a project from its file.
func (d *decoder) project(p *Project, n *Node) {
	var keys projectKeys
	l := &decode.Level{Name: projectFile, Keys: Keys(keys), Planned: decode.Planned["project"]}
	d.keys(n, &keys, l)
	p.declared = declared(keys.Connections, len(d.List) > 0)
	d.environments(p, keys.Environments, l)
	d.Dir = p.Dir
	d.Scope = p.types(nil)
	p.Connections = d.connections(p, keys.Connections, l)
	p.Owners, p.Known = d.owners(keys.Owners, l), d.known(keys.Known)
	p.Issues = d.issueTable(p, keys.Issues, l, n.Spot)
	p.keys = keys
	d.alarms(p, keys, l)
}

// root is the nearest folder at or above dir that holds godwit.yaml.
func root(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	for at := abs; ; at = filepath.Dir(at) {
		if s, err := os.Stat(filepath.Join(at, projectFile)); err == nil && !s.IsDir() {
			return at
		}
		if at == filepath.Dir(at) {
			return abs
		}
	}
}

func flowNames(dir string) []string {
	paths, _ := filepath.Glob(filepath.Join(dir, "flows", "*.yaml")) // the pattern is well formed
	var names []string
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".yaml"))
	}
	return names
}

// keys fills the raw keys of a file.
func (d *decoder) keys(n *Node, into any, l *decode.Level) {
	d.Group(n, elem(into), l, n.Spot)
}

// named lists the entries of a mapping of names, and refuses names that are
// none.
func (d *decoder) named(n *Node, what string, valid *regexp.Regexp) []source.Field {
	if n == nil || n.Shape == source.Invalid {
		return nil
	}
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", fmt.Sprintf("%s is a mapping of names, not %s", what, decode.Described(n)))
		return nil
	}
	var out []source.Field
	for _, f := range n.Fields {
		if !valid.MatchString(f.Name) {
			d.Add(f.Spot, "flow.value", fmt.Sprintf("%s in %s is no name", source.Quote(f.Name), what), "use letters, digits and _, and begin with a letter")
			continue
		}
		out = append(out, f)
	}
	return out
}

// Read decodes a file of the project into a struct with the language's tags.
func (p *Project) Read(path string, into any) Diagnostics {
	d := newDecoder(decode.Decoder{Dir: p.Dir, Files: p.files.Clone(), Known: p.declared, Used: map[string]bool{}})
	if n := d.Files.YAML(d.Problems, path); n != nil {
		d.keys(n, into, &decode.Level{Name: path, Keys: Keys(into)})
	} else if len(d.List) == 0 {
		d.Add(source.Spot{Pos: Pos{File: path}}, "flow.file", "there is no such file", d.Files.Near(path))
	}
	return d.List.Sorted()
}
