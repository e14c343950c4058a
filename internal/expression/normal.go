package expression

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"godwit/internal/record"
)

// normal makes a result a value as records hold them.
func normal(v any) (any, error) {
	if single(v) {
		return v, nil
	}
	switch x := v.(type) {
	case int:
		return int64(x), nil
	case float32:
		return float64(x), nil
	case time.Duration:
		return nil, errors.New("a duration is no value of a record")
	case []any:
		return normalList(x)
	case record.Object:
		return normalObject(x)
	}
	return normalOther(reflect.ValueOf(v))
}

// single reports whether a value is one of those that records hold, and holds no
// others.
func single(v any) bool {
	switch v.(type) {
	case nil, bool, int64, float64, string, []byte, record.Decimal, time.Time:
		return true
	}
	return false
}

// normalList changes nothing that is normal already: documents of records are
// shared.
func normalList(list []any) (any, error) {
	copied := false
	for i, e := range list {
		if single(e) {
			continue
		}
		n, err := normal(e)
		if err != nil {
			return nil, err
		}
		if same(n, e) {
			continue
		}
		if !copied {
			list, copied = append([]any{}, list...), true
		}
		list[i] = n
	}
	return list, nil
}

func same(a, b any) bool {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if va.IsValid() != vb.IsValid() || va.IsValid() && va.Type() != vb.Type() {
		return false
	}
	switch a.(type) {
	case []any, record.Object:
		return va.Pointer() == vb.Pointer() && va.Len() == vb.Len()
	}
	return true
}

func normalObject(object record.Object) (any, error) {
	var copied record.Object
	for name, e := range object {
		if single(e) {
			continue
		}
		n, err := normal(e)
		if err != nil {
			return nil, err
		}
		if same(n, e) {
			continue
		}
		if copied == nil {
			copied = make(record.Object, len(object))
			for k, v := range object {
				copied[k] = v
			}
		}
		copied[name] = n
	}
	if copied != nil {
		return copied, nil
	}
	return object, nil
}

func normalOther(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := v.Uint(); u <= 1<<63-1 {
			return int64(u), nil
		}
		return record.Decimal(strconv.FormatUint(v.Uint(), 10)), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			var err error
			if list[i], err = normal(v.Index(i).Interface()); err != nil {
				return nil, err
			}
		}
		return list, nil
	case reflect.Map:
		object := make(record.Object, v.Len())
		for _, k := range v.MapKeys() {
			name, err := toText(k.Interface())
			if err != nil {
				return nil, err
			}
			if object[name], err = normal(v.MapIndex(k).Interface()); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	return nil, fmt.Errorf("a %s is no value of a record", v.Type())
}
