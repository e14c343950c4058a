package beside

import (
	"testing"

	"godwit/internal/catalog"
)

// TestStubTables: a load with stubs brings rows into their tables, too: nobody is to
// make these what another source is meanwhile. It adds nothing there that may come twice.
func TestStubTables(t *testing.T) {
	t.Parallel()
	b := &Flow{}
	loads, replaces, adds := Tables{}, Tables{}, Tables{}
	loads.Add(b, []byte(`{"from":"old","to":"new","mode":"append","into":[{"table":{"schema":"s","object":"book"}}],
		"stubs":[{"into":{"table":{"schema":"s","object":"author"}}}],"query":{"table":{"schema":"o","object":"book"}}}`), "")
	replaces.Add(b, []byte(`{"from":"old","to":"new","mode":"replace","into":[{"table":{"schema":"s","object":"author"}}]}`), "")
	adds.Add(b, []byte(`{"from":"old","to":"new","mode":"append","into":[{"table":{"schema":"s","object":"author"}}],"query":{"table":{"schema":"o","object":"book"}}}`), "")
	at := Table{b.place("new"), catalog.Name{Schema: "s", Object: "author"}}
	if _, is := loads[at]; !is || !replaces[at].whole {
		t.Errorf("%+v beside %+v", loads, replaces)
	}
	if twice := adds.twice(loads, true); twice != nil {
		t.Errorf("stubs are taken for rows of %s", twice)
	}
}
