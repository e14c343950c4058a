package source

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Maps are the folders of a project whose files may refer to entities: only there
// other flows look for it.
var Maps = []string{"maps", "overlays"}

// Referred are the entities that the maps of the project refer to, sorted, and those
// that they make stubs of. The maps become no part of the files: another map
// changes no flow. What cannot be read refers to nothing: who uses it says what is
// wrong.
func (f *Files) Referred() (referred, stubbed []string) {
	refs, stubs := map[string]bool{}, map[string]bool{}
	for name, data := range f.maps() {
		root := Parse(name, data, &Problems{})
		if root == nil {
			continue
		}
		root.refs(refs)
		for _, field := range root.Fields {
			for _, s := range field.Value.Fields {
				if field.Name == "stubs" {
					stubs[s.Name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(refs)), slices.Sorted(maps.Keys(stubs))
}

func (f *Files) maps() map[string][]byte {
	all := map[string][]byte{}
	for name, data := range f.Data {
		if slices.Contains(Maps, path.Dir(name)) && strings.HasSuffix(name, ".yaml") {
			all[name] = data
		}
	}
	if f.Closed {
		return all
	}
	for _, folder := range Maps {
		paths, _ := filepath.Glob(filepath.Join(f.dir, folder, "*.yaml")) // the pattern is well formed
		for _, full := range paths {
			name := folder + "/" + filepath.Base(full)
			if s, err := os.Stat(full); all[name] != nil || err != nil || s.Size() > maxFile {
				continue
			}
			if data, err := os.ReadFile(full); err == nil {
				all[name] = data
			}
		}
	}
	return all
}

// refs collects what keys called ref name.
func (n *Node) refs(found map[string]bool) {
	for _, item := range n.Items {
		item.refs(found)
	}
	for _, field := range n.Fields {
		if field.Name == "ref" && field.Value.Shape == Scalar {
			found[field.Value.Text] = true
		}
		field.Value.refs(found)
	}
}
