package graph

import (
	"fmt"
	"time"
)

// Due is when the wait is over, counted from now; v is what Expr gave.
func (p *Pause) Due(v any, now time.Time) (time.Time, error) {
	switch {
	case !p.Until.IsZero():
		return p.Until, nil
	case p.Expr == "":
		return now.Add(p.For), nil
	}
	switch v := v.(type) {
	case time.Time:
		return v, nil
	case time.Duration:
		return now.Add(v), nil
	case int:
		return now.Add(time.Duration(v) * time.Second), nil
	case int64:
		return now.Add(time.Duration(v) * time.Second), nil
	case float64:
		return now.Add(time.Duration(v * float64(time.Second))), nil
	case string:
		if d, err := time.ParseDuration(v); err == nil {
			return now.Add(d), nil
		}
		t, err := time.Parse(time.RFC3339, v)
		return t, err
	}
	return time.Time{}, fmt.Errorf("%T is neither a duration nor a time", v)
}
