package source

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// node turns a value of the parser's tree into a Node.
func (y *yamlFile) node(n ast.Node, braced bool, depth int) *Node {
	out := &Node{Braced: braced, Spot: y.spot(n.GetToken())}
	if depth > maxDepth {
		y.refuse(n.GetToken(), "nested too deeply")
		out.Shape = Invalid
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.Shape = Mapping
		y.fields(out, n.Values, braced || n.IsFlowStyle, depth)
	case *ast.MappingValueNode:
		out.Shape = Mapping
		y.fields(out, []*ast.MappingValueNode{n}, braced, depth)
	case *ast.SequenceNode:
		out.Shape = List
		for _, item := range n.Values {
			if implicit(item) {
				y.refuse(item.GetToken(), "an entry of the list has no value", "write the value or take the entry away")
				continue
			}
			out.Items = append(out.Items, y.node(item, braced || n.IsFlowStyle, depth+1))
		}
	case *ast.LiteralNode:
		out.Style, out.Text = Literal, n.Value.Value
		if n.Start.Type == token.FoldedType {
			out.Style = Folded
		}
	default:
		y.scalar(out, n.GetToken())
	}
	return out
}

func implicit(n ast.Node) bool {
	return n == nil || n.GetToken() == nil || n.GetToken().Type == token.ImplicitNullType
}

// scalar reads everything that stands on its own: the token's text decides,
// not the parser's idea of its type.
func (y *yamlFile) scalar(out *Node, t *token.Token) {
	out.Text = t.Value
	switch t.Type {
	case token.SingleQuoteType, token.DoubleQuoteType:
		out.Style = Quoted
		return
	case token.StringType, token.NullType, token.BoolType, token.IntegerType, token.FloatType, token.OctetIntegerType,
		token.HexIntegerType, token.BinaryIntegerType, token.InfinityType, token.NanType:
	default:
		y.refuse(t, "a value of this form is not used: "+Quote(t.Value))
		out.Shape = Invalid
		return
	}
	out.Wrapped = strings.Contains(strings.TrimSpace(t.Origin), "\n")
	out.Comment = y.comments[t]
	switch {
	case numeric.MatchString(out.Text) && !decimal.MatchString(out.Text):
		y.refuse(t, fmt.Sprintf("%s is no plain decimal number", out.Text),
			fmt.Sprintf(`write it in quotes when it is text: "%s"`, out.Text))
		out.Shape = Invalid
	case strings.EqualFold(out.Text, "true") || strings.EqualFold(out.Text, "false"):
		if lower := strings.ToLower(out.Text); lower != out.Text {
			y.refuse(t, out.Text+" is neither a truth value nor a text", "write "+lower+", or put it in quotes")
			out.Shape = Invalid
		}
	case out.Braced && strings.Contains(out.Text, "${"):
		y.refuse(t, "in {} and [] a value with ${...} stands in quotes", fmt.Sprintf(`write "%s"`, out.Text))
		out.Shape = Invalid
	}
}

func (y *yamlFile) fields(out *Node, values []*ast.MappingValueNode, braced bool, depth int) {
	if len(values) > 0 && !braced {
		out.Spot = y.spot(values[0].Key.GetToken())
	}
	for _, v := range values {
		name, ok := y.key(v)
		if !ok {
			continue
		}
		at := y.spot(v.Key.GetToken())
		if first := out.Field(name); first != nil {
			y.refuse(v.Key.GetToken(), fmt.Sprintf("key %q is there twice, first in line %d", name, first.Spot.Pos.Line), "keep one of them")
			continue
		}
		if implicit(v.Value) {
			next := "write the value or take the key away"
			if braced {
				next = "in {} and [] a text with a comma stands in quotes"
			}
			y.refuse(v.Key.GetToken(), fmt.Sprintf("key %q has no value", name), next)
			out.Fields = append(out.Fields, Field{name, &Node{Shape: Invalid, Spot: at}, at})
			continue
		}
		out.Fields = append(out.Fields, Field{name, y.node(v.Value, braced, depth+1), at})
	}
}

// key reads a mapping's key: a text, or a plain whole number taken as text.
func (y *yamlFile) key(v *ast.MappingValueNode) (string, bool) {
	t := v.Key.GetToken()
	if t == nil {
		y.log.Add(y.file.at(1, 1, 1), "flow.yaml", "a key cannot be read")
		return "", false
	}
	switch v.Key.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
	default:
		y.refuse(t, "a key is a text")
		return "", false
	}
	special := numeric.MatchString(t.Value) && !natural.MatchString(t.Value) || isNull(t.Value) ||
		strings.EqualFold(t.Value, "true") || strings.EqualFold(t.Value, "false")
	if isPlain(t) && special {
		y.refuse(t, fmt.Sprintf("key %s is no text", t.Value), fmt.Sprintf(`write it in quotes: "%s"`, t.Value))
		return "", false
	}
	if strings.Contains(t.Value, "${") {
		y.refuse(t, "a key cannot hold ${...}", "only values can")
		return "", false
	}
	return t.Value, true
}

func isPlain(t *token.Token) bool {
	return t.Type != token.SingleQuoteType && t.Type != token.DoubleQuoteType
}
