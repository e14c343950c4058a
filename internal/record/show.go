package record

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"strings"

	"github.com/zeebo/xxh3"
)

// shown is how many characters of a value people see.
const shown = 200

// Show is a value for people. A printable one is shown: texts in quotes, so
// that null, missing, an empty and a blank text are four things; cut at 200
// characters. Of any other only type, length and a short hash are told, which
// is enough to see that two are the same.
func Show(v any, printable bool) string {
	switch v.(type) {
	case nil:
		return "null"
	case missing:
		return "missing"
	}
	if printable {
		return showPlain(v)
	}
	return showMasked(v)
}

func showPlain(v any) string {
	switch v := v.(type) {
	case string:
		short, cut := cutText(v)
		return strconv.Quote(short) + cut
	case []byte:
		if len(v) > shown/2 {
			return "0x" + hex.EncodeToString(v[:shown/2]) + "…"
		}
		return "0x" + hex.EncodeToString(v)
	case time.Time:
		return TimeText(v)
	case Decimal:
		short, cut := cutText(string(v))
		return short + cut
	case bool, int64, float64, int:
		return fmt.Sprint(v)
	}
	text, err := EncodeJSON(v)
	if err != nil {
		return fmt.Sprintf("a value of type %T", v)
	}
	short, cut := cutText(string(text))
	return short + cut
}

func cutText(text string) (short, cut string) {
	n := 0
	for i := range text {
		if n++; n > shown {
			return text[:i], "…"
		}
	}
	return text, ""
}

func showMasked(v any) string {
	switch v := v.(type) {
	case string:
		what := "text, " + count(utf8.RuneCountInString(v), "character")
		if v != "" && strings.TrimSpace(v) == "" {
			what += ", blank"
		}
		return what + hash([]byte(v))
	case []byte:
		return "bytes, " + count(len(v), "byte") + hash(v)
	case bool:
		return "truth value"
	case int64, int:
		text := fmt.Sprint(v)
		return "whole number, " + count(len(strings.TrimPrefix(text, "-")), "digit") + hash([]byte(text))
	case Decimal:
		return "number, " + count(len(v), "character") + hash([]byte(v))
	case float64:
		return "number" + hash([]byte(strconv.FormatFloat(v, 'g', -1, 64)))
	case time.Time:
		return "time" + hash([]byte(TimeText(v)))
	case []any:
		return "list, " + count(len(v), "element") + hashJSON(v)
	case Object:
		return "document, " + count(len(v), "field") + hashJSON(v)
	}
	return fmt.Sprintf("a value of type %T", v)
}

func hashJSON(v any) string {
	text, err := EncodeJSON(v)
	if err != nil {
		return ""
	}
	return hash(text)
}

func hash(b []byte) string { return fmt.Sprintf(", #%08x", uint32(xxh3.Hash(b))) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
