package godwit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floors lists the house from the ground up. A package imports only from
// floors below its own or from its own family.
var floors = [][]string{
	{"internal/fault", "internal/secret", "internal/catalog", "internal/rate", "internal/record", "internal/nearest", "internal/convert", "internal/expression", "internal/sqltext"},
	{"internal/unit"},
	{"internal/connector", "internal/ledger"},
	{"internal/work"},
	{"internal/control"},
	{"internal/ui"},
	{"cmd"},
}

// wall forbids an import that the floors would allow.
type wall struct {
	from, to string
	why      string
}

var walls = []wall{
	{"internal/connector/*", "internal/unit", "a connector does not know that a migration is going on"},
	{"internal/control/plan", "internal/connector", "the Machine touches no system"},
	{"internal/control/plan", "internal/ledger", "the Machine is pure"},
	{"internal/control/plan", "time.Now", "the Machine has no clock"},
	{"internal/control/engine", "internal/ledger", "the engine reaches the ledger through its Journal"},
	{"internal/control/engine", "internal/connector", "the engine only drives"},
	{"internal/control", "internal/connector/*", "what decides knows the seam, no system"},
	{"internal/work", "internal/connector/*", "work knows the seam, no system"},
	{"internal/work", "internal/ledger", "work asks for what it needs by its own interfaces"},
	{"internal/ui", "internal/ledger", "people are shown a view that is handed over"},
	{"internal/ui", "internal/work", "ui asks control"},
	{"internal/ui", "internal/connector/*", "ui asks control"},
	{"internal", "rig", "the product does not know its test rig"},
	{"cmd", "rig", "the product does not know its test rig"},
}

// families whose members do not know each other: work/bulk and work/verify.
var strangers = []string{"internal/work", "internal/connector"}

// A room that members of a family share: what connectors to SQL systems have in
// common, which knows none of them.
const keysetRoom = "internal/connector/keyset"

// Budgets: a smoke alarm, not the aim.
const (
	fileLines     = 500
	functionLines = 80
	testLines     = 120
	structFields  = 20
	methodsAtMost = 8
	packageLines  = 3000
	importsAtMost = 8
	modulePrefix  = "godwit/"
)

// excused files may be over a budget. The list may only shrink; each has its
// reason.
var excused = map[string]string{}

// file is one parsed Go file.
type file struct {
	name    string // from the root
	pkg     string // its folder
	test    bool
	imports []string
	lines   int
	ast     *ast.File
	set     *token.FileSet
}

func TestFloors(t *testing.T) {
	t.Parallel()
	for _, v := range violations(sources(t, ".")) {
		t.Error(v)
	}
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	over := overBudget(sources(t, "."))
	for name, v := range over {
		if _, ok := excused[name]; !ok {
			t.Error(v)
		}
	}
	for name := range excused {
		if _, ok := over[name]; !ok {
			t.Errorf("%s is within its budget: take it off the list of the excused", name)
		}
	}
}

func TestRoomsHaveNames(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t, ".") {
		for _, part := range strings.Split(f.pkg, "/") {
			if slices.Contains([]string{"util", "utils", "common", "helpers", "types", "misc", "manager", "service", "models", "core", "pkg", "shared"}, part) {
				t.Errorf("%s: %q says nothing about what the folder holds", f.name, part)
			}
		}
	}
}

// TestImportsStandInGroups: the standard library, the house, all others.
func TestImportsStandInGroups(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t, ".") {
		for i, spec := range f.ast.Imports[min(1, len(f.ast.Imports)):] {
			before := f.ast.Imports[i]
			beside := f.set.Position(spec.Pos()).Line == f.set.Position(before.Pos()).Line+1
			if own := strings.HasPrefix(spec.Path.Value, `"`+modulePrefix); beside && own != strings.HasPrefix(before.Path.Value, `"`+modulePrefix) {
				t.Errorf("%s: %s and %s stand in one group", f.name, before.Path.Value, spec.Path.Value)
			}
		}
	}
}

// The test is tested: each planted violation must be found.
func TestFloorsCatch(t *testing.T) {
	t.Parallel()
	plant := func(pkg string, imports ...string) []file {
		return []file{{name: pkg + "/x.go", pkg: pkg, imports: imports}}
	}
	for name, files := range map[string][]file{
		"work knows other work":         plant("internal/work/bulk", "internal/work/verify"),
		"engine knows the ledger":       plant("internal/control/engine/local", "internal/ledger"),
		"ledger knows the plan":         plant("internal/ledger", "internal/control/plan"),
		"connector knows another":       plant("internal/connector/postgres", "internal/connector/mysql"),
		"connector knows units":         plant("internal/connector/postgres", "internal/unit"),
		"plan knows a system":           plant("internal/control/plan", "internal/connector"),
		"ui knows the ledger":           plant("internal/ui/cli", "internal/ledger"),
		"words know what is above them": plant("internal/record", "internal/unit"),
		"the product knows the rig":     plant("internal/work/bulk", "rig/postgres"),
		"work knows a system":           plant("internal/work/bulk", "internal/connector/postgres/digest"),
	} {
		if len(violations(files)) == 0 {
			t.Errorf("not caught: %s", name)
		}
	}
	if v := violations(plant("internal/work/bulk", "internal/connector", "internal/record", "internal/work/bulk/ring")); len(v) > 0 {
		t.Errorf("caught what is allowed: %v", v)
	}
}

// violations checks every import of product code. Tests may reach further.
func violations(files []file) []string {
	var found []string
	for _, f := range files {
		if f.test || exempt(f.pkg) {
			continue
		}
		for _, to := range f.imports {
			if why := forbidden(f.pkg, to); why != "" {
				found = append(found, f.name+" imports "+to+": "+why)
			}
		}
	}
	return found
}

// exempt are the rig, the examples, the bench, test suites and the list of
// all connectors.
func exempt(pkg string) bool {
	top, _, _ := strings.Cut(pkg, "/")
	return !slices.Contains([]string{"cmd", "internal"}, top) || strings.HasSuffix(pkg, "test")
}

func forbidden(from, to string) string {
	for _, w := range walls {
		if in(from, w.from) && in(to, w.to) && from != to {
			return w.why
		}
	}
	for _, family := range strangers {
		a, b := member(from, family), member(to, family)
		if a != "" && b != "" && a != b && to != keysetRoom {
			return family + "/" + a + " and " + family + "/" + b + " do not know each other"
		}
	}
	a, b := floor(from), floor(to)
	if a >= 0 && b >= 0 && b >= a && family(from) != family(to) && a != 0 {
		return "that floor is not below"
	}
	if a == 0 && b > 0 {
		return "words import nothing above them"
	}
	return ""
}

// in reports whether a package lies in a place; PLACE/* is only what is below.
func in(pkg, place string) bool {
	if below, ok := strings.CutSuffix(place, "/*"); ok {
		return strings.HasPrefix(pkg, below+"/")
	}
	return pkg == place || strings.HasPrefix(pkg, place+"/")
}

// member is the part of a path that names one of a family: bulk.
func member(pkg, family string) string {
	rest, ok := strings.CutPrefix(pkg, family+"/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func floor(pkg string) int {
	return slices.IndexFunc(floors, func(rooms []string) bool {
		return slices.ContainsFunc(rooms, func(room string) bool { return in(pkg, room) })
	})
}

// family is the room a package belongs to: internal/control, cmd.
func family(pkg string) string {
	parts := strings.Split(pkg, "/")
	return path.Join(parts[:min(2, len(parts))]...)
}

func overBudget(files []file) map[string]string {
	over := map[string]string{}
	lines, fanOut := map[string]int{}, map[string]map[string]bool{}
	for _, f := range files {
		if f.lines > fileLines {
			over[f.name] = f.name + ": file is too long"
		}
		for what := range long(f) {
			over[f.name+" "+what] = f.name + ": " + what + " is too large"
		}
		if f.test {
			continue
		}
		lines[f.pkg] += f.lines
		for _, i := range f.imports {
			if floor(i) > 0 && floor(f.pkg) >= 0 && !in(i, f.pkg) { // words are free, and so are rooms inside its own
				if fanOut[f.pkg] == nil {
					fanOut[f.pkg] = map[string]bool{}
				}
				fanOut[f.pkg][i] = true
			}
		}
	}
	for pkg, n := range lines {
		if n > packageLines {
			over[pkg] = pkg + ": package is too long"
		}
	}
	for pkg, to := range fanOut {
		if len(to) > importsAtMost && !in(pkg, "cmd") {
			over[pkg+" imports"] = pkg + ": imports too many packages of the house"
		}
	}
	return over
}

// long names the functions, structs and interfaces of a file over budget. The
// seam's interfaces are as wide as the system they stand for.
func long(f file) map[string]bool {
	found := map[string]bool{}
	most := functionLines
	if f.test {
		most = testLines
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch d := n.(type) {
		case *ast.FuncDecl:
			if f.set.Position(d.End()).Line-f.set.Position(d.Pos()).Line+1 > most {
				found["function "+d.Name.Name] = true
			}
		case *ast.TypeSpec:
			switch t := d.Type.(type) {
			case *ast.StructType:
				if t.Fields.NumFields() > structFields {
					found["struct "+d.Name.Name] = true
				}
			case *ast.InterfaceType:
				if t.Methods.NumFields() > methodsAtMost && f.pkg != "internal/connector" {
					found["interface "+d.Name.Name] = true
				}
			}
		}
		return true
	})
	return found
}

// sources parses every Go file of the project.
func sources(t *testing.T, root string) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		files = append(files, parse(t, filepath.ToSlash(name)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func parse(t *testing.T, name string) file {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	f := file{
		name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), ast: tree, set: set,
		lines: set.Position(tree.FileEnd).Line,
	}
	for _, i := range tree.Imports {
		if p, ok := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), modulePrefix); ok {
			f.imports = append(f.imports, p)
		}
	}
	if f.pkg == "internal/control/plan" && !f.test && usesClock(tree) {
		f.imports = append(f.imports, "time.Now")
	}
	return f
}

// usesClock finds time.Now, time.Since and time.Until.
func usesClock(tree *ast.File) bool {
	found := false
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" {
				found = found || slices.Contains([]string{"Now", "Since", "Until"}, s.Sel.Name)
			}
		}
		return true
	})
	return found
}
