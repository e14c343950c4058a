package source

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
)

// CSV reads a file of values: a header with the columns key and value, among
// others; every line has as many columns as the header.
func CSV(f *File, data []byte, l *Problems) ([][]string, bool) {
	r := csv.NewReader(bytes.NewReader(data))
	header, err := r.Read()
	if err == io.EOF {
		l.Add(f.Spot(1, 0, 1), "flow.file", "the file is empty", "its first line is key,value")
		return nil, false
	}
	if err != nil {
		return nil, BadLine(f, err, l)
	}
	key, value := slices.Index(header, "key"), slices.Index(header, "value")
	for _, name := range []string{"key", "value"} {
		if at := slices.Index(header, name); at < 0 || slices.Contains(header[at+1:], name) {
			l.Add(f.Spot(1, 0, len(data)), "flow.file", fmt.Sprintf("the first line names the columns, among them %s once", name), "write key,value")
			return nil, false
		}
	}
	out := [][]string{header}
	first := map[string]int{} // line in out
	places := []int{1}
	for {
		line, err := r.Read()
		if err == io.EOF {
			return out, true
		}
		if err != nil {
			return nil, BadLine(f, err, l)
		}
		number, column := r.FieldPos(key)
		i, twice := first[line[key]]
		if twice && out[i][value] != line[value] {
			l.Add(f.Spot(number, column-1, len(line[key])), "flow.value", fmt.Sprintf("key %s has two values: %s in line %d, %s in line %d",
				Quote(line[key]), Quote(out[i][value]), places[i], Quote(line[value]), number), "keep one of them")
			return nil, false
		}
		if !twice {
			first[line[key]] = len(out)
		}
		out, places = append(out, line), append(places, number)
	}
}

// BadLine tells what is wrong with a line of CSV. It is always false.
func BadLine(f *File, err error, l *Problems) bool {
	var e *csv.ParseError
	if !errors.As(err, &e) {
		e = &csv.ParseError{Line: 1, Column: 1, Err: err}
	}
	next := "a text with a comma, a quote or a line break stands in double quotes; a quote in it is doubled"
	if errors.Is(err, csv.ErrFieldCount) {
		next = "every line has as many columns as the first"
	}
	l.Add(f.Spot(e.Line, e.Column-1, 1), "flow.file", "not CSV: "+e.Err.Error(), next)
	return false
}
