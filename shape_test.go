package godwit

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// TestShape prints what the house looks like in figures: run it with -v. It
// fails only when there is nothing to measure.
func TestShape(t *testing.T) {
	t.Parallel()
	var lines, functions []int
	imports := map[string][]string{}
	for _, f := range sources(t, ".") {
		if f.test || exempt(f.pkg) {
			continue
		}
		lines = append(lines, f.lines)
		imports[f.pkg] = append(imports[f.pkg], f.imports...)
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				functions = append(functions, f.set.Position(fn.End()).Line-f.set.Position(fn.Pos()).Line+1)
			}
		}
	}
	if len(lines) == 0 || len(functions) == 0 {
		t.Fatal("no product code found")
	}
	total := 0
	for _, n := range lines {
		total += n
	}
	t.Logf("%d files, %d lines, %d packages", len(lines), total, len(imports))
	t.Logf("file lines: median %d, 90th percentile %d, largest %d", at(lines, 50), at(lines, 90), slices.Max(lines))
	t.Logf("function lines: median %d, 90th percentile %d, largest %d", at(functions, 50), at(functions, 90), slices.Max(functions))
	chain := longest(imports, "cmd/godwit", map[string][]string{})
	t.Logf("longest import chain, %d: %s", len(chain), strings.Join(chain, " > "))
}

func at(list []int, percent int) int {
	slices.Sort(list)
	return list[(len(list)-1)*percent/100]
}

// longest follows the imports of a package as deep as they go.
func longest(imports map[string][]string, pkg string, known map[string][]string) []string {
	if c, ok := known[pkg]; ok {
		return c
	}
	var below []string
	for _, to := range imports[pkg] {
		if c := longest(imports, to, known); len(c) > len(below) {
			below = c
		}
	}
	known[pkg] = append([]string{pkg}, below...)
	return known[pkg]
}
