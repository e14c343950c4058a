package dump

import (
	"strings"
	"testing"
)

// A name line is read back whatever the names hold.
func FuzzDescribe(f *testing.F) {
	f.Add("TABLE", "public", "t", "anna", false)
	f.Add("FK CONSTRAINT", "; Type: X; Schema: y", "a; Owner: b", "c; Tablespace: d", true)
	f.Add("COMMENT", "", "EXTENSION x", "", false)
	f.Add("ACL", " ", "; Type: ACL; Schema: ; Owner: ", "-", true)
	f.Fuzz(func(t *testing.T, desc, schema, tag, owner string, space bool) {
		if strings.Trim(desc, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ") != "" || strings.ContainsAny(schema+tag+owner, "\n\r") {
			return
		}
		hyphen := func(s string) string {
			if s == "" {
				return "-"
			}
			return s
		}
		line := tag + typeMark + desc + schemaMark + hyphen(schema) + ownerMark + hyphen(owner)
		if space {
			line += tablespaceMark + "fast"
		}
		list := desc + " " + hyphen(schema) + " " + tag + " " + owner
		var e Entry
		if err := e.describe(line, list); err != nil {
			t.Fatal(err)
		}
		// Two readings may fit both lines; then they are equal as texts.
		if got := e.Desc + " " + hyphen(e.Schema) + " " + e.Tag + " " + e.Owner; got != list {
			t.Fatalf("%q is read as %+v", line, e)
		}
	})
}
