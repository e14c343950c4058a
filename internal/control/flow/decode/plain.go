package decode

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/control/flow/scalar"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"
	"godwit/internal/expression/pieces"
	"godwit/internal/fault"
	"godwit/internal/secret"
)

// plain fills a scalar of any kind but names, groups and secrets.
func (d *Decoder) plain(n *Node, v reflect.Value, k Key, l *Level) {
	where := fmt.Sprintf("%s in %s", k.Name, l.Name)
	if n.Shape != source.Scalar {
		d.Add(n.Spot, "flow.type", fmt.Sprintf("%s is %s, not %s", where, k.Kind.A(), Described(n)), NonEmpty(scalar.Forms[k.Kind])...)
		return
	}
	text, ok := d.text(n, k, where)
	if !ok {
		return
	}
	if k.Kind == Path {
		if text, ok = d.path(n, text, where); !ok {
			return
		}
	}
	named := k.Name + ": "
	where += ": "
	if l.Given { // the flag says where
		named, where = "", ""
	}
	switch err := scalar.Set(v, k, text); {
	case err == nil:
	case errors.Is(err, scalar.ErrEnum) && slices.Contains(Planned[k.Name+":"], text):
		d.NotBuilt(n.Spot, named+text, "values: "+strings.Join(k.Enum, ", "))
	case errors.Is(err, scalar.ErrEnum):
		d.Add(n.Spot, "flow.value", where+"unknown value "+source.Quote(text), Choice(text, k.Enum, "values"))
	case k.Kind == Pattern:
		d.Add(n.Spot, "pattern.invalid", where+err.Error(), scalar.Forms[Pattern])
	default:
		next := fault.Of(err).Next
		if form := scalar.Forms[k.Kind]; form != "" {
			next = append(next, form)
		}
		d.Add(n.Spot, "flow.type", where+err.Error(), next...)
	}
}

// text gives a scalar's text when its form is that of the kind: texts are not
// written as numbers, numbers not as texts.
func (d *Decoder) text(n *Node, k Key, where string) (string, bool) {
	if n.Style == source.Computed {
		if !Fits(k, reflect.TypeOf(n.Value)) {
			d.Add(n.Spot, "flow.type", fmt.Sprintf("%s is %s, not %s", where, k.Kind.A(), Described(n)), NonEmpty(scalar.Forms[k.Kind])...)
			return "", false
		}
		return TextOf(n.Value), true
	}
	if n.Style == source.Given {
		return n.Text, true
	}
	is := n.Kind()
	fit := is == "text"
	switch k.Kind {
	case Bool:
		fit = is == "bool"
	case Int, Number:
		fit = is == "number"
	}
	if !fit {
		d.misfit(n, k, is, where)
		return "", false
	}
	if k.Kind == Expr || k.Kind == SQL {
		if !d.code(n, k, where) {
			return "", false
		}
		d.Later.mentioned(k.Kind, n.Text)
		if k.Kind == SQL && strings.HasSuffix(n.Text, ".sql") {
			return d.Statement(n, where)
		}
		if k.Kind == SQL {
			d.asked = append(d.asked, asked{where, n.Text, func(part string, at int) source.Spot { return n.Spot.Inside(n.Text, part, at) }})
		}
	}
	return n.Text, true
}

func (d *Decoder) misfit(n *Node, k Key, is, where string) {
	next := scalar.Forms[k.Kind]
	switch {
	case is == "null":
		d.Add(n.Spot, "flow.type", where+" is null", "write the value or take the key away")
		return
	case next == "" && k.Kind.Textual():
		next = fmt.Sprintf(`put it in quotes: "%s"`, n.Text)
	}
	d.Add(n.Spot, "flow.type", fmt.Sprintf("%s is %s, not %s", where, k.Kind.A(), Described(n)), NonEmpty(next)...)
}

// bareCode reports whether a sql or an expression needs no quotes in braces:
// the name of a file, a path of names.
func bareCode(kind Kind, text string) bool {
	return kind == SQL && sqlFile.MatchString(text) || kind == Expr && barePath.MatchString(text)
}

var sqlFile = regexp.MustCompile(`^[A-Za-z0-9_./-]+\.sql$`)

var barePath = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\??\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\])*$`)

// code checks that nothing of a sql or an expression was lost on its way
// through YAML.
func (d *Decoder) code(n *Node, k Key, where string) bool {
	switch {
	case n.Style == source.Folded || n.Wrapped:
		d.Add(n.Spot, "flow.quote", fmt.Sprintf("%s: its lines would be joined, and a comment in it would swallow the rest", where), "write it behind |")
	case n.Comment && !(k.Kind == SQL && bareCode(SQL, n.Text)):
		d.Add(n.Spot, "flow.quote", fmt.Sprintf("%s: what stands behind # would be lost", where), "put the value in quotes, or the comment on a line of its own")
	case n.Braced && n.Style == source.Plain && !bareCode(k.Kind, n.Text):
		d.Add(n.Spot, "flow.quote", fmt.Sprintf("%s stands in quotes inside {} and []", where), fmt.Sprintf("write %s", source.Quote(n.Text)))
	case k.Kind == Expr && strings.Contains(n.Text, "${"):
		d.Add(n.Spot, "flow.expr", fmt.Sprintf("%s is an expression already", where), "write "+unwrapped(n.Text)+" without ${}")
	default:
		return true
	}
	return false
}

// unwrapped is a text with the expressions of ${...} as they stand bare.
func unwrapped(text string) string {
	parts, err := pieces.Cut(text)
	if err != nil {
		return "it"
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// path makes a path absolute; one that is relative stays in the project.
func (d *Decoder) path(n *Node, text, where string) (string, bool) {
	if filepath.IsAbs(text) || d.Dir == "" {
		return text, true
	}
	if !filepath.IsLocal(text) {
		d.Add(n.Spot, "flow.value", fmt.Sprintf("%s: %s leaves the project", where, source.Quote(text)), "put the file below godwit.yaml, or give its absolute path")
		return "", false
	}
	return filepath.Join(d.Dir, text), true
}

// Origin is what a secret is written as.
type Origin struct {
	Env     string   `flow:"env" help:"environment variable"`
	File    string   `flow:"file,path" help:"file, relative to godwit.yaml"`
	Command []string `flow:"command" help:"program and its arguments; what it prints is the secret"`
}

// secret reads where a secret is to be fetched. One that is written down is
// refused, and not shown.
func (d *Decoder) secret(n *Node, v reflect.Value, k Key, l *Level) {
	const next = "write {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT]}"
	where := fmt.Sprintf("%s in %s", k.Name, l.Name)
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "secret.plain", where+" is a secret: it is not written into the file", next)
		return
	}
	var s Origin
	before := len(d.List)
	d.Group(n, reflect.ValueOf(&s).Elem(), &Level{Name: k.Name, Keys: tag.KeysOf(reflect.TypeFor[Origin]()), Planned: Planned["secret"], Up: l}, n.Spot)
	if len(d.List) > before {
		return
	}
	if len(n.Fields) != 1 {
		d.Add(n.Spot, "flow.type", where+" names one place for the secret", next)
		return
	}
	out := reflect.ValueOf(secret.Source{Env: s.Env, File: s.File, Command: s.Command})
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(secretType))
		v = v.Elem()
	}
	v.Set(out)
}

// Fits reports whether a value of an expression's type may stand for a kind;
// nil is a type that is only known when it is evaluated.
func Fits(k Key, t reflect.Type) bool {
	if t == nil || t.Kind() == reflect.Interface {
		return true
	}
	if k.Kind == Value {
		return true
	}
	if k.List || k.Map {
		return k.List && !k.Named && t.Kind() == reflect.Slice || k.One && t.Kind() == reflect.String
	}
	isInt := t != durationType && t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64
	switch k.Kind {
	case Bool:
		return t.Kind() == reflect.Bool
	case Int:
		return isInt
	case Number:
		return isInt || t.Kind() == reflect.Float64
	case Duration:
		return t == durationType || t.Kind() == reflect.String
	case Group:
		return k.Short() != "" && t.Kind() == reflect.String
	case Secret, raw:
		return false
	}
	return t.Kind() == reflect.String
}
