package source

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file: the parser below recurses.
const (
	maxBytes = 1 << 20
	maxDepth = 64
)

// Parse reads a file of the strict subset. It returns nil when nothing can be
// made of it; what it refuses is in the log.
func Parse(name string, data []byte, l *Problems) *Node {
	if len(data) > maxBytes {
		l.Add(newSource(name, "").at(1, 1, 1), "flow.yaml", fmt.Sprintf("the file is larger than %d KiB", maxBytes>>10), "put queries and lists into files of their own")
		return nil
	}
	f, ok := Text(name, data, "flow.yaml", l)
	if !ok {
		return nil
	}
	y := &yamlFile{file: f, log: l, comments: map[*token.Token]bool{}}
	body := y.body(string(data))
	if body == nil {
		return nil
	}
	return y.node(body, false, 0)
}

// yamlFile turns the parser's tree into nodes and refuses what is outside the
// subset.
type yamlFile struct {
	file     *File
	log      *Problems
	comments map[*token.Token]bool // plain scalars with a comment behind them
}

// body parses the one document. The parser is not ours: should it panic, the
// file is refused.
func (y *yamlFile) body(text string) (body ast.Node) {
	defer func() {
		if r := recover(); r != nil {
			y.log.Add(y.file.at(1, 1, 1), "flow.yaml", "the file cannot be read as YAML")
			body = nil
		}
	}()
	tokens := lexer.Tokenize(text)
	if !y.allowed(tokens) {
		return nil
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		y.syntax(err)
		return nil
	}
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			y.refuse(doc.Body.GetToken(), "a second document in the file", "one file holds one document: put it into a file of its own")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		y.log.Add(y.file.at(1, 1, 1), "flow.yaml", "the file is empty")
	}
	return body
}

func (y *yamlFile) syntax(err error) {
	var s *yaml.SyntaxError
	if !errors.As(err, &s) || s.Token == nil {
		y.log.Add(y.file.at(1, 1, 1), "flow.yaml", "not YAML: "+firstLine(err.Error()))
		return
	}
	at := y.spot(s.Token)
	if strings.Contains(s.Message, "\t") || strings.Contains(s.Message, "tab character") {
		y.log.Add(at, "flow.yaml", "not YAML: a tab", "indent with spaces")
		return
	}
	if strings.Contains(at.File.lines[at.Pos.Line-1], "${") {
		y.log.Add(at, "flow.yaml", "not YAML: "+s.Message, `in {} and [] a value with ${...} stands in quotes: {at: "${env.name}"}`)
		return
	}
	y.log.Add(at, "flow.yaml", "not YAML: "+s.Message)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

func (y *yamlFile) spot(t *token.Token) Spot {
	if t == nil || t.Position == nil {
		return y.file.at(1, 1, 1)
	}
	width := utf8.RuneCountInString(firstLine(strings.TrimSpace(t.Origin)))
	return y.file.at(t.Position.Line, t.Position.Column, width)
}

func (y *yamlFile) refuse(t *token.Token, text string, next ...string) {
	y.log.Add(y.spot(t), "flow.yaml", text, next...)
}

// allowed looks at the tokens: what YAML has and the subset has not is refused
// here, where nothing is lost yet.
func (y *yamlFile) allowed(tokens token.Tokens) bool {
	before := len(y.log.List)
	depth, seen, line, entries := 0, false, 0, 0
	for i, t := range tokens {
		switch t.Type {
		case token.TagType:
			y.refuse(t, "tags are not used: "+t.Value+" would lose what stands behind it", `write "not x", not "!x"; put a text with ! in quotes`)
		case token.AnchorType, token.AliasType:
			y.refuse(t, "anchors and aliases are not used", "put a text with & or * in quotes; what is used twice goes into a file")
		case token.MergeKeyType:
			y.refuse(t, "merge keys are not used", "write the keys out")
		case token.DirectiveType:
			y.refuse(t, "directives are not used")
		case token.MappingKeyType:
			y.refuse(t, `keys behind "?" are not used`)
		case token.DocumentHeaderType, token.DocumentEndType:
			if seen {
				y.refuse(t, "a second document in the file", "one file holds one document: put it into a file of its own")
				return false
			}
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.StringType:
			if i+1 < len(tokens) && tokens[i+1].Type == token.CommentType && lastLine(t) == tokens[i+1].Position.Line {
				y.comments[t] = true
			}
		}
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		if t.Type == token.SequenceEntryType || t.Type == token.MappingValueType && depth == 0 {
			entries++
		}
		if depth > maxDepth || entries > maxDepth || depth == 0 && t.Position.Column > 4*maxDepth && t.Type == token.MappingValueType {
			y.refuse(t, "nested too deeply")
			return false
		}
		seen = seen || t.Type != token.CommentType
	}
	return len(y.log.List) == before
}

// lastLine is the line on which a plain scalar ends.
func lastLine(t *token.Token) int {
	return t.Position.Line + strings.Count(strings.TrimSpace(t.Origin), "\n")
}
