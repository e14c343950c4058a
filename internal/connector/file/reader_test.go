package file

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// folder is an endpoint over files.
func folder(t testing.TB, files map[string]string) *Endpoint {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e, err := Open("in", &Settings{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// read gives all records as text, proves the count, and reads on from behind
// every page.
func read(t testing.TB, e *Endpoint, q connector.Query) []string {
	t.Helper()
	all, places, counts := pages(t, e, q)
	for i, after := range places {
		if i%15 != 0 && i < len(places)-1 {
			continue
		}
		q.After = after
		rest, _, _ := pages(t, e, q)
		if diff := cmp.Diff(all[counts[i]:], rest); diff != "" {
			t.Fatalf("behind %d records (-want +got):\n%.1000s", counts[i], diff)
		}
	}
	return all
}

func pages(t testing.TB, e *Endpoint, q connector.Query) (all []string, places [][]byte, counts []int) {
	t.Helper()
	all = []string{}
	r, err := e.ReadRecords(t.Context(), q, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		p, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return all, places, counts
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range p.Records {
			text := fmt.Sprintf("%s %q", rec.Key, rec.Slots)
			if rec.Broken != nil {
				_, where, _ := strings.Cut(rec.Broken.Value, ", ")
				where, _, _ = strings.Cut(where, ": ")
				text = fmt.Sprintf("%s %s: %s %q", rec.Key, where, rec.Broken.Text, rec.Broken.Raw)
			}
			all = append(all, text)
		}
		if places, counts = append(places, p.After), append(counts, len(all)); r.Count() != int64(len(all)) || p.After == nil {
			t.Fatalf("count is %d after %d records, place %s", r.Count(), len(all), p.After)
		}
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"empty":                 {"", []string{}},
		"only a header":         {"a,b", []string{}},
		"no line end":           {"a,b\n1,2", []string{`f.csv/1 ["1" "2"]`}},
		"mark and CRLF":         {"\ufeffa,b\r\n1,\r\n\r\n,2\r\n", []string{`f.csv/1 ["1" ""]`, `f.csv/2 ["" "2"]`}},
		"quotes":                {"a,b\n\"1,\r\n\"\"x\"\"\",\"\"\n", []string{`f.csv/1 ["1,\r\n\"x\"" ""]`}},
		"U+0000 and bad UTF-8":  {"a\n\x00\n\xff\n", []string{`f.csv/1 ["\x00"]`, `f.csv/2 ["\xff"]`}},
		"too few and too many":  {"a,b\n1\n2,3\n4,5,6\n", []string{`f.csv/1 line 2, byte 4: it has 1 fields, the header has 2 "1\n"`, `f.csv/2 ["2" "3"]`, `f.csv/3 line 4, byte 10: it has 3 fields, the header has 2 "4,5,6\n"`}},
		"a quote inside":        {"a,b\nx\"y,1\n2,3\n", []string{`f.csv/1 line 2, byte 4: a quote stands inside of field 1, which does not begin with one "x\"y,1\n"`, `f.csv/2 ["2" "3"]`}},
		"behind a quote":        {"a,b\n\"x\"y,1\n2,3\n", []string{`f.csv/1 line 2, byte 4: something stands behind the closing quote of field 1 "\"x\"y,1\n"`, `f.csv/2 ["2" "3"]`}},
		"a quote never closed":  {"a,b\n\"x,1\n2,3\n4,\"5\"\n", []string{`f.csv/1 line 2, byte 4: a quote is opened that is not closed "\"x,1\n"`, `f.csv/2 ["2" "3"]`, `f.csv/3 ["4" "5"]`}},
		"white space is a text": {"a\n \n", []string{`f.csv/1 [" "]`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := read(t, folder(t, map[string]string{"f.csv": c.text}), connector.Query{Objects: "f.csv"})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, text string
		want       []string
	}{
		"empty lines":       {"f.ndjson", "", []string{}},
		"empty":             {"f.json", " ", []string{}},
		"empty list":        {"f.json", "[ ]\n", []string{}},
		"one document":      {"f.json", ` {"a": 1} `, []string{`f.json/1 ['\x01']`}},
		"numbers":           {"f.ndjson", `{"a":12345678901234567890}` + "\n" + `{"a":1.10}`, []string{`f.ndjson/1 ["12345678901234567890"]`, `f.ndjson/2 ["1.10"]`}},
		"mark, CRLF, blank": {"f.ndjson", "\ufeff{\"a\":\"1\"}\r\n \r\n{\"b\":null}", []string{`f.ndjson/1 ["1" "missing"]`, `f.ndjson/2 ["missing" <nil>]`}},
		"doubled name":      {"f.ndjson", `{"a":1,"a":2}` + "\n" + `{"a":"3"}` + "\n", []string{`f.ndjson/1 line 1, byte 0: duplicate object member name in /a, after byte 7 "{\"a\":1,\"a\":2}\n"`, `f.ndjson/2 ["3"]`}},
		"doubled in a list": {"f.json", `[{"a":1,"a":2}, {"a":"3"}]`, []string{`f.json/1 record 1, byte 1: duplicate object member name in /a, after byte 7 "{\"a\":1,\"a\":2}"`, `f.json/2 ["3"]`}},
		"bad UTF-8":         {"f.json", "[{\"a\":\"\xff\"},{\"a\":\"3\"}]", []string{`f.json/1 record 1, byte 1: invalid UTF-8 in /a, after byte 6 "{\"a\":\"\xff\"}"`, `f.json/2 ["3"]`}},
		"two where one is":  {"f.ndjson", `{"a":"1"} {"a":"2"}` + "\n", []string{`f.ndjson/1 line 1, byte 0: something stands behind the value, at byte 11 "{\"a\":\"1\"} {\"a\":\"2\"}\n"`}},
		"two documents":     {"f.json", `{"a":"1"} {"a":"2"}`, []string{`f.json/1 ["1"]`, `f.json/2 record 2, byte 9: the rest of the file is no JSON: something stands behind the document " {\"a\":\"2\"}"`}},
		"no document":       {"f.json", `[1, {"a":"[,]\"{"}, [2,[3]]]`, []string{`f.json/1 record 1, byte 1: it is no document but another value "1"`, `f.json/2 ["[,]\"{"]`, `f.json/3 record 3, byte 20: it is no document but another value "[2,[3]]"`}},
		"breaks off":        {"f.json", `[{"a":"1"}, {"a":"2`, []string{`f.json/1 ["1"]`, `f.json/2 record 2, byte 10: the rest of the file is no JSON: unexpected EOF, behind byte 19 ", {\"a\":\"2"`}},
		"breaks":            {"f.json", `[{"a":"1"}, {a:2}, {"a":"3"}]`, []string{`f.json/1 ["1"]`, `f.json/2 record 2, byte 10: the rest of the file is no JSON: invalid character 'a' at start of string (expecting '"'), behind byte 13 ", {a:2}, {\"a\":\"3\"}]"`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := read(t, folder(t, map[string]string{c.file: c.text}), connector.Query{Objects: c.file})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestLargeAndPacked reads many records, and large ones, from files of all
// formats and packings, and on from every page.
func TestLargeAndPacked(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789", 1<<20)
	texts := map[string]*bytes.Buffer{"csv": {}, "ndjson": {}, "json": {}}
	texts["csv"].WriteString("n,text\n")
	texts["json"].WriteString("[")
	for i := range 3500 {
		v := fmt.Sprintf("a, [%d]", i)
		if i%1700 == 1699 {
			v = big
		}
		fmt.Fprintf(texts["csv"], "%d,\"%s\"\n", i, v)
		fmt.Fprintf(texts["ndjson"], "{\"n\":%d,\"text\":%q}\n", i, v)
		fmt.Fprintf(texts["json"], "%s{\"n\":%d,\"text\":%q}\n", map[bool]string{true: ","}[i > 0], i, v)
	}
	texts["json"].WriteString("]")
	files := map[string]string{}
	for format, text := range texts {
		files["a."+format] = text.String()
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err1 := w.Write(text.Bytes())
		z, err2 := zstd.NewWriter(nil)
		if err := errors.Join(err1, w.Close(), err2); err != nil {
			t.Fatal(err)
		}
		files["b."+format+".gz"] = packed.String()
		files["c."+format+".zst"] = string(z.EncodeAll(text.Bytes(), nil))
	}
	e := folder(t, files)
	for format := range texts {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			all := read(t, e, connector.Query{Objects: "*." + format + "*", Key: []string{"n"}})
			if len(all) != 3*3500 || !cmp.Equal(all[:3500], all[3500:7000]) || !cmp.Equal(all[:3500], all[7000:]) {
				t.Errorf("%d records", len(all))
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	e := folder(t, map[string]string{"a.csv": "a,b\n1,2\n", "b.csv": "a,c\n", "c.csv": "a,a\n", "d": "x", "e.csv": "\"a\n", "f.json.gz": "\x1f\x8bno", "g.ndjson": "{}"})
	for q, code := range map[connectorQuery]string{
		{"../*.csv", ""}: "query.invalid", {"/etc/passwd", "csv"}: "query.invalid", {"none.csv", ""}: "query.invalid", {"d", ""}: "query.invalid",
		{"[ab].csv", ""}: "query.invalid", {"c.csv", ""}: "query.invalid", {"e.csv", ""}: "query.invalid", {"f*", ""}: "data.corrupt", {"", ""}: "query.invalid",
	} {
		if _, err := e.Describe(t.Context(), connector.Query{Objects: q.objects, Format: q.format}); fault.CodeOf(err) != code {
			t.Errorf("%v: %v, want %s", q, err, code)
		}
	}
	r, err := e.ReadRecords(t.Context(), connector.Query{Objects: "a.csv"}, "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(e.dir, "a.csv"), []byte("a,b\n1,2\n3,4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := e.ReadRecords(t.Context(), connector.Query{Objects: "a.csv", After: p.After}, ""); fault.CodeOf(err) != "source.changed" {
		t.Errorf("read on in a file that was changed: %v", err)
	}
}

type connectorQuery struct{ objects, format string }

func TestKinds(t *testing.T) {
	t.Parallel()
	e := folder(t, map[string]string{"a.ndjson": `{"i":1,"d":1,"s":"","o":{},"m":1,"n":null,"b":true}` + "\n" + `{"i":2,"d":1.5,"l":[1],"m":"x"}` + "\n"})
	s, err := e.Describe(t.Context(), connector.Query{Objects: "a.ndjson"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range s.Fields {
		got[f.Name] = f.Type.String()
	}
	if diff := cmp.Diff(map[string]string{"i": "int", "d": "decimal", "s": "text", "o": "json", "l": "json", "m": "", "n": "null", "b": "bool"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
