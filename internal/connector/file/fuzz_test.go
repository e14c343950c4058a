package file

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"bufio"

	"github.com/google/go-cmp/cmp"
)

// FuzzCSV compares with the standard library, which takes the carriage returns
// out of line ends inside of quotes.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b", "\"a\"\"b\",", "\"a\r\nb\"", "a\"b", "\"a\"b", "\"", ",", "\xff,\x00", "a\rb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if one, err := (&lines{in: &stream{Reader: bufio.NewReader(strings.NewReader(s))}, quotes: true}).next(); err != nil || string(one.raw) != s || one.why != "" {
			return
		}
		r := csv.NewReader(strings.NewReader(s))
		r.FieldsPerRecord = -1
		want, err := r.Read()
		_, more := r.Read()
		if !errors.Is(more, io.EOF) || r.InputOffset() != int64(len(s)) || strings.Contains(strings.TrimRight(s, "\r\n"), "\r") {
			return
		}
		if got, why := fieldsOf([]byte(s)); (why == "") != (err == nil) || why == "" && !cmp.Equal(want, got) {
			t.Errorf("%q: %q %s, encoding/csv says %q %v", s, got, why, want, err)
		}
	})
}

// FuzzFrames cuts any content in any format: nothing is lost, the witness
// agrees at every record, and from behind each the rest is the same.
func FuzzFrames(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "\"a\nb\",\n\"c", "[{\"a\":1},{\"b\":[1,\"]\"]}]", "[1,2", "{\"a\":1} 2", "[]x", "\n\n1\n", "[,1]", "[1 2]", "[[1,2],{\"a\":{}}, \"x\\\"\"] ",
	} {
		for format := range 3 {
			f.Add(s, format)
		}
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		if strings.HasPrefix(s, "\ufeff") || len(s) > 100 {
			return
		}
		o := object{Name: "f", format: []string{formatCSV, formatNDJSON, formatJSON}[uint(n)%3]}
		all, places := frames(t, o, s, position{object: o})
		if o.format != formatJSON {
			var joined []byte
			for _, x := range all {
				joined = append(joined, x.raw...)
			}
			blank := func(r rune) bool { return strings.ContainsRune(" \t\r\n\v\f\u0085\u00a0", r) || r > 0x1000 }
			if strings.Join(strings.FieldsFunc(s, blank), "") != strings.Join(strings.FieldsFunc(string(joined), blank), "") {
				t.Errorf("%s %q became %q", o.format, s, joined)
			}
		}
		for i, p := range places {
			rest, _ := frames(t, o, s, p)
			if !slices.EqualFunc(rest, all[i+1:], func(a, b frame) bool { return bytes.Equal(a.raw, b.raw) && a.at == b.at && a.line == b.line }) {
				t.Errorf("%s %q from %d on: %+v, want %+v", o.format, s, p.At, rest, all[i+1:])
			}
		}
	})
}

func frames(t *testing.T, o object, s string, p position) (all []frame, places []position) {
	in := &stream{Reader: bufio.NewReaderSize(strings.NewReader(s[p.At:]), 16)}
	fr, w := cut(o, in, p)
	for {
		f, err := fr.next()
		if errors.Is(err, io.EOF) {
			return all, places
		}
		if err != nil {
			t.Fatalf("%s %q: %v", o.format, s, err)
		}
		all = append(all, f)
		_, why := fieldsOf(f.raw)
		w.gave(f, f.why != "" || o.format == formatCSV && why != "")
		at := fr.place()
		if got := w.count(at.At); got != int64(len(all)) {
			t.Fatalf("%s %q: the witness counts %d up to %d, records are %d: %+v", o.format, s, got, at.At, len(all), all)
		}
		places = append(places, position{object: o, place: at, Number: p.Number + int64(len(all))})
	}
}
