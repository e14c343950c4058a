package scalar

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Vars are an environment's: text, int, bool or nil.
type Vars map[string]any

// UnmarshalJSON keeps whole numbers whole.
func (v *Vars) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var all map[string]any
	if err := d.Decode(&all); err != nil {
		return err
	}
	*v = all
	for name, one := range all {
		if n, ok := one.(json.Number); ok {
			i, err := strconv.Atoi(n.String())
			if err != nil {
				return err
			}
			all[name] = i
		}
	}
	return nil
}
