package input

import (
	"strings"

	"godwit/internal/control/flow/source"
)

// Describe is an input in words: "int, default 4", "text, must be given, one of
// test, prod".
func (in Input) Describe() string {
	parts := []string{in.Type}
	if in.Default == nil {
		parts = append(parts, "must be given")
	} else if text := in.format(in.Default); text == "" {
		parts = append(parts, "default empty")
	} else {
		parts = append(parts, "default "+text)
	}
	if len(in.Choices) > 0 {
		var all []string
		for _, c := range in.Choices {
			all = append(all, source.Quote(in.format(c)))
		}
		parts = append(parts, "one of "+strings.Join(all, ", "))
	}
	return strings.Join(parts, ", ")
}
