package codes

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/error-codes.md")

const root = "../../../.."

// code is what a stable code looks like: family.case.
var code = regexp.MustCompile(`^[a-z]+\.[a-z][a-z-]*$`)

// families of codes, so that names of events and of files are told apart.
var families = regexp.MustCompile(`^(account|action|alarm|alias|approve|call|case|changed|chunk|circuit|commit|conflict|connection|connections|copy|data|database|disk|each|env|exception|extension|flow|gone|group|http|index|init|input|issues|journal|ledger|limit|load|locks|login|lookup|map|mark|object|password|patch|pattern|` +
	`plan|port|query|reconcile|record|records|redrive|ref|repair|report|request|right|role|run|schema|secret|secrets|selection|sequence|server|session|settings|snapshot|source|space|spool|stage|standby|statement|table|tablespace|target|time|tls|tools|transactions|tune|unit|url|values|verb|verify|wait)\.`)

// lookalikes look like codes and are files and names of results.
var lookalikes = map[string]bool{"alarms.test": true, "http.alive": true, "issues.accept": true, "issues.export": true, "issues.list": true, "issues.page": true,
	"issues.unaccept": true, "issues.write": true, "issues.written": true, "ledger.check": true, "ledger.db": true, "limit.rate": true,
	"lookup.read": true, "map.explain": true, "map.lineage": true, "map.test": true, "map.yaml": true, "record.row": true, "redrive.plan": true, "request.intended": true,
	"request.void": true, "settings.forget": true, "settings.restore": true}

// TestCodes holds the page of codes against the source: each code has its
// section, each section its code, and each section says what to do.
func TestCodes(t *testing.T) {
	inSource := codesOfSource(t)
	described := sections()
	for _, c := range inSource {
		if _, ok := described[c]; !ok {
			t.Errorf("codes.md has no section on %s", c)
		}
	}
	for c, text := range described {
		if !slices.Contains(inSource, c) && c != "usage" && c != "internal" && c != "conflict" {
			t.Errorf("no code %s is in the source", c)
		}
		if len(strings.Fields(text)) < 8 || !strings.Contains(text, "Next:") {
			t.Errorf("%s: the section does not say what happened and what comes next", c)
		}
	}
}

// TestErrorCodesPage keeps docs/error-codes.md what explain prints.
func TestErrorCodesPage(t *testing.T) {
	path := filepath.Join(root, "docs", "error-codes.md")
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page, string(got)); diff != "" {
		t.Errorf("docs/error-codes.md is stale: go test ./internal/ui/cli/codes -update (-want +got):\n%s", diff)
	}
}

// codesOfSource finds the codes by how they are written: an argument or field
// that looks like one, in a call or a literal that carries a code.
func codesOfSource(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.Contains(path, "test/") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, e := range carriers(n) {
				if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if c, _ := strconv.Unquote(lit.Value); code.MatchString(c) && !lookalikes[c] && families.MatchString(c) {
						found = append(found, c)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// carriers are the places in which a code stands.
func carriers(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "At" {
			return nil // a point for tests
		}
		return n.Args
	case *ast.KeyValueExpr:
		if k, ok := n.Key.(*ast.Ident); ok && (k.Name == "Code" || k.Name == "code") {
			return []ast.Expr{n.Value}
		}
		if _, ok := n.Value.(*ast.CompositeLit); ok { // "23505": {fault.Data, "data.unique"}
			return n.Value.(*ast.CompositeLit).Elts
		}
	case *ast.CompositeLit:
		return n.Elts
	case *ast.AssignStmt:
		return n.Rhs
	case *ast.ReturnStmt:
		return n.Results
	case *ast.ValueSpec:
		for _, name := range n.Names {
			if strings.HasPrefix(strings.ToLower(name.Name), "code") {
				return n.Values
			}
		}
	}
	return nil
}
