package flow

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
)

// Owner is somebody who mends what is wrong with data.
type Owner struct {
	Mail string `json:"mail,omitempty"`
	// Link leads to a record where it is mended; ${key} in it is its key.
	Link string `json:"link,omitempty"`

	at source.Spot // of its mail
}

// LinkTo is the link for a record's key, "" without one.
func (o Owner) LinkTo(key string) string {
	if key == "" {
		return ""
	}
	return strings.ReplaceAll(o.Link, keyName, url.PathEscape(key))
}

// keyName stands for a record's key in a link.
const keyName = "${key}"

// Known says how many issues of a rule are expected; without entity or field,
// of any.
type Known struct {
	Rule   string `json:"rule"`
	Entity string `json:"entity,omitempty"`
	Field  string `json:"field,omitempty"`
	Count  int64  `json:"count"`
	Note   string `json:"note,omitempty"`
}

// IssueTable is a table that issues are kept in, for people to ask.
type IssueTable struct {
	At    string `json:"at"` // connection
	Table string `json:"table"`
}

type ownerKeys struct {
	Mail       string `flow:"mail" help:"whom reports about what is wrong go to"`
	SourceLink *Node  `flow:"source_link" help:"link to a record where it is mended; ${key} in it is its key"`
}

type issueKeys struct {
	At    string `flow:"at,required,name" help:"connection"`
	Table string `flow:"table,required" help:"table, as schema.table; made when it is not there"`
}

// owners reads {NAME: {mail, source_link}}.
func (d *decoder) owners(n *Node, up *decode.Level) map[string]Owner {
	all := map[string]Owner{}
	for _, f := range d.named(n, "owners", plainName) {
		var keys ownerKeys
		d.Group(f.Value, elem(&keys), &decode.Level{Name: "owner " + f.Name, Keys: Keys(keys), Up: up}, f.Spot)
		all[f.Name] = Owner{Mail: keys.Mail, Link: d.link(keys.SourceLink), at: f.Value.At("mail")}
	}
	return all
}

func (d *decoder) link(n *Node) string {
	if n == nil || n.Shape == source.Invalid {
		return ""
	}
	rest := strings.ReplaceAll(n.Text, keyName, "")
	if u, err := url.Parse(strings.ReplaceAll(n.Text, keyName, "key")); n.Shape != source.Scalar || err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		d.Add(n.Spot, "flow.value", "source_link is a link", `"https://legacy.example/orders/${key}"`)
		return ""
	}
	if strings.Contains(rest, "${") || rest == n.Text {
		d.Add(n.Spot, "flow.value", "source_link holds ${key} and no other ${...}", `"https://legacy.example/orders/${key}"`)
		return ""
	}
	return n.Text
}

// issueTable reads where issues are kept beside the ledger; nil for nowhere.
func (d *decoder) issueTable(p *Project, n *Node, up *decode.Level, at source.Spot) *IssueTable {
	if n == nil || n.Shape == source.Invalid {
		return nil
	}
	inner := newDecoder(decode.Decoder{Problems: d.Problems, Known: p.declared, Used: map[string]bool{}})
	var keys issueKeys
	inner.Group(n, elem(&keys), &decode.Level{Name: "issues", Keys: Keys(keys), Up: up}, at)
	if keys.Table == "" {
		return nil
	}
	if name, err := catalog.ParseName(keys.Table); err != nil || name.Schema == "" {
		d.Add(n.Field("table").Value.Spot, "flow.value", "table in issues: "+source.Quote(keys.Table)+" is no table", "write schema.table")
		return nil
	}
	return &IssueTable{At: keys.At, Table: keys.Table}
}

// known reads the file of issues that are expected.
func (d *decoder) known(n *Node) []Known {
	if n == nil || n.Shape == source.Invalid {
		return nil
	}
	if n.Shape != source.Scalar || n.Text == "" {
		d.Add(n.Spot, "flow.type", "known is the path of a file, not "+decode.Described(n), "write known: known-issues.csv")
		return nil
	}
	path, data, ok := d.Open(n, n.Text, "known")
	if !ok {
		return nil
	}
	text, ok := source.Text(path, data, "flow.file", d.Problems)
	if !ok {
		return nil
	}
	return knownRows(text, string(data), d.Problems)
}

// knownRows reads the lines: rule and count, and entity, field and note where
// they are wanted.
func knownRows(f *source.File, text string, l *source.Problems) []Known {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	lines, err := r.ReadAll()
	if err != nil {
		source.BadLine(f, err, l)
		return nil
	}
	if len(lines) == 0 {
		l.Add(f.Spot(1, 0, 1), "flow.file", "the file is empty", "its first line is rule,count, with entity, field and note where they are wanted")
		return nil
	}
	at := map[string]int{}
	for i, name := range lines[0] {
		if _, twice := at[name]; twice || !slices.Contains([]string{"id", "rule", "entity", "field", "count", "note"}, name) {
			l.Add(f.Spot(1, 0, 1), "flow.file", "column "+source.Quote(name)+" is not one of rule, count, entity, field and note, each once")
			return nil
		}
		at[name] = i
	}
	cell := func(line []string, name string) string {
		if i, ok := at[name]; ok {
			return line[i]
		}
		return ""
	}
	var all []Known
	for i, line := range lines[1:] {
		k := Known{Rule: cell(line, "rule"), Entity: cell(line, "entity"), Field: cell(line, "field"), Note: cell(line, "note")}
		k.Count, err = strconv.ParseInt(cell(line, "count"), 10, 64)
		switch spot := f.Spot(i+2, 0, 1); {
		case k.Rule == "":
			l.Add(spot, "flow.file", "a line needs a rule", "columns: rule,count")
		case err != nil || k.Count < 0:
			l.Add(spot, "flow.file", fmt.Sprintf("rule %s: %s is no number of issues", k.Rule, source.Quote(cell(line, "count"))), "write how many are expected: 12")
		case slices.ContainsFunc(all, func(o Known) bool { return o.Rule == k.Rule && o.Entity == k.Entity && o.Field == k.Field }):
			l.Add(spot, "flow.file", fmt.Sprintf("rule %s stands there twice for the same entity and field", k.Rule), "keep one of them")
		default:
			all = append(all, k)
		}
	}
	return all
}
