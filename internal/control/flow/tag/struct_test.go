package tag

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

type tree struct {
	Name     string   `flow:",name"`
	At       string   `flow:",position"`
	From     []string `flow:"from,oneormore"`
	When     string   `flow:"when,expr,required"`
	Children []tree   `flow:"children,names"`
	inner
}

type inner struct {
	File string            `flow:"file,csv,alone"`
	Rows [][]string        `flow:",rows"`
	More map[string]string `flow:"more,exprs"`
	Next *tree             `flow:"next,file,bare"`
	To   leaf              `flow:"to,place"`
	Any  plainText         `flow:"any"`
	All  []plainText       `flow:"all"`
}

type leaf struct {
	At string `flow:"at,name"`
}

type plainText []string

func (p *plainText) ReadPlain(any) error { return nil }

func TestKeys(t *testing.T) {
	t.Parallel()
	var got []string
	for _, k := range Keys(&tree{}) {
		got = append(got, fmt.Sprintf("%s %s list=%t map=%t named=%t one=%t alone=%t bare=%t required=%t below=%d short=%q %v",
			k.Name, k.Kind, k.List, k.Map, k.Named, k.One, k.Alone, k.Bare, k.Required, len(k.Keys()), k.Short(), k.Index))
	}
	want := `from text list=true map=false named=false one=true alone=false bare=false required=false below=0 short="" [2]
when expr list=false map=false named=false one=false alone=false bare=false required=true below=0 short="" [3]
children keys list=true map=false named=true one=false alone=false bare=false required=false below=9 short="file" [4]
file csv list=false map=false named=false one=false alone=true bare=false required=false below=0 short="" [5 0]
more expr list=false map=true named=false one=false alone=false bare=false required=false below=0 short="" [5 2]
next file list=false map=false named=false one=false alone=false bare=true required=false below=9 short="file" [5 3]
to place list=false map=false named=false one=false alone=false bare=false required=false below=1 short="at" [5 4]
any value list=false map=false named=false one=false alone=false bare=false required=false below=0 short="" [5 5]
all value list=true map=false named=false one=false alone=false bare=false required=false below=0 short="" [5 6]`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("keys:\n%s\nwant:\n%s", s, want)
	}
	marks := map[string][]int{NameMark: {0}, PositionMark: {1}, RowsMark: {5, 1}}
	if got := Marks(reflect.TypeFor[tree]()); !reflect.DeepEqual(got, marks) {
		t.Errorf("marks %v, want %v", got, marks)
	}
}

func TestWrongTagsPanic(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]any{
		"no kind": struct {
			A string `flow:"a,speed"`
		}{},
		"names without a name": struct {
			A []leaf `flow:"a,names"`
		}{},
		"one or more of one": struct {
			A string `flow:"a,oneormore"`
		}{},
		"file of no pointer": struct {
			A leaf `flow:"a,file"`
		}{},
		"type without a kind": struct {
			A chan int `flow:"a"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			Keys(spec)
		}()
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"fields": "fields", "fields.a.b": "fields", "in[3]": "in", "a[0].b": "a"} {
		if got := (Key{Name: name}).Base(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
