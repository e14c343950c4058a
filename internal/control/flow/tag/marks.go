package tag

import "reflect"

// The marks are fields of a struct that are no keys; their tags begin with a comma:
//
//	Name   string     `flow:",name"`      its name in a mapping of names
//	At     string     `flow:",position"`  FILE:LINE:COLUMN of the value's start
//	Values [][]string `flow:",rows"`      lines of the file that the csv key names
//	Args   []byte     `flow:",args"`      values of the :names in its query, once they are known, see record.EncodeValue
//	Refs   []string   `flow:",referred"`  entities that the maps of the project refer to
//	Stubs  []string   `flow:",stubbed"`   those that they make stubs of
//	Scope  []byte     `flow:",scope"`     inputs and env once they are known, see record.EncodeValue
const (
	NameMark     = ",name"
	PositionMark = ",position"
	RowsMark     = ",rows"
	ScopeMark    = ",scope"
	ArgsMark     = ",args"
	ReferredMark = ",referred"
	StubbedMark  = ",stubbed"
)

// Marks are the indexes of a struct's marks.
func Marks(t reflect.Type) map[string][]int {
	out := map[string][]int{}
	for i := range t.NumField() {
		f := t.Field(i)
		switch tag := f.Tag.Get("flow"); {
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
			for mark, index := range Marks(f.Type) {
				out[mark] = append([]int{i}, index...)
			}
		case tag == NameMark, tag == PositionMark, tag == RowsMark, tag == ScopeMark, tag == ArgsMark, tag == ReferredMark, tag == StubbedMark:
			out[tag] = []int{i}
		}
	}
	return out
}
