package typed

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Wire formats of a value.
const (
	TextFormat   int16 = 0
	BinaryFormat int16 = 1
)

// Decoder reads the values of one column. Decode copies what it keeps.
type Decoder struct {
	Format int16
	Decode func(raw []byte) (any, error)
}

// Decoder gives the reader of this type's values: binary where that is cheaper
// than their text.
func (t *Type) Decoder() Decoder {
	switch t.base {
	case oidBool:
		return fixed(1, func(b []byte) any { return b[0] != 0 })
	case oidInt2:
		return fixed(2, func(b []byte) any { return int64(int16(binary.BigEndian.Uint16(b))) })
	case oidInt4:
		return fixed(4, func(b []byte) any { return int64(int32(binary.BigEndian.Uint32(b))) })
	case oidInt8:
		return fixed(8, func(b []byte) any { return int64(binary.BigEndian.Uint64(b)) })
	case oidFloat4:
		return fixed(4, func(b []byte) any { return widened(math.Float32frombits(binary.BigEndian.Uint32(b))) })
	case oidFloat8:
		return fixed(8, func(b []byte) any { return math.Float64frombits(binary.BigEndian.Uint64(b)) })
	case oidDate:
		return fixed(4, func(b []byte) any { return date(int32(binary.BigEndian.Uint32(b))) })
	case oidTimestamp, oidMoment:
		zone := t.Zone
		return fixed(8, func(b []byte) any { return moment(int64(binary.BigEndian.Uint64(b)), zone) })
	case oidUUID:
		return fixed(16, func(b []byte) any { return uuid(b) })
	case oidBytes:
		return Decoder{BinaryFormat, func(b []byte) (any, error) { return append([]byte{}, b...), nil }}
	}
	return Decoder{TextFormat, t.parser()}
}

func fixed(size int, read func([]byte) any) Decoder {
	return Decoder{BinaryFormat, func(b []byte) (any, error) {
		if len(b) != size {
			return nil, fmt.Errorf("a value of %d bytes where %d were expected", len(b), size)
		}
		return read(b), nil
	}}
}

// Text gives the reader of the text of this type's values.
func (t *Type) Text() func(text []byte) (any, error) { return t.parser() }

// parser reads the text of a value, as it stands in lists too.
func (t *Type) parser() func([]byte) (any, error) {
	switch t.Kind {
	case catalog.KindBool:
		return func(b []byte) (any, error) { return len(b) > 0 && b[0] == 't', nil }
	case catalog.KindInt:
		return func(b []byte) (any, error) { return strconv.ParseInt(string(b), 10, 64) }
	case catalog.KindFloat:
		return func(b []byte) (any, error) { return strconv.ParseFloat(string(b), 64) }
	case catalog.KindDecimal:
		return func(b []byte) (any, error) { return decimal(b), nil }
	case catalog.KindBytes:
		return unhex
	case catalog.KindDate:
		return func(b []byte) (any, error) { return parsed(time.DateOnly, b) }
	case catalog.KindTimestamp:
		layout := "2006-01-02 15:04:05"
		if t.Zone {
			layout += "-07"
		}
		return func(b []byte) (any, error) { return parsed(layout, b) }
	case catalog.KindJSON:
		return record.DecodeJSON
	case catalog.KindList:
		return t.list
	}
	return func(b []byte) (any, error) { return string(b), nil }
}

// decimal is a numeric's value: a Decimal with the scale that it has, but NaN
// and the infinities, which are no numbers, as strings.
func decimal(b []byte) any {
	if c := b[len(b)-1]; c < '0' || c > '9' {
		return string(b) // NaN, Infinity, -Infinity
	}
	return record.Decimal(b)
}

// widened is a float4 as people see it: 0.1, not 0.10000000149011612. Made a
// float4 again it is the same one.
func widened(f float32) float64 {
	if w := float64(f); w == math.Trunc(w) || math.IsNaN(w) || math.IsInf(w, 0) {
		return w
	}
	var room [32]byte
	w, _ := strconv.ParseFloat(string(strconv.AppendFloat(room[:0], float64(f), 'g', -1, 32)), 64)
	return w
}

func uuid(b []byte) string {
	var s [36]byte
	hex.Encode(s[:8], b[:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:], b[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

func unhex(b []byte) (any, error) {
	if len(b) < 2 || b[0] != '\\' || b[1] != 'x' {
		return nil, fmt.Errorf("bytes are not written in hex")
	}
	to := make([]byte, hex.DecodedLen(len(b)-2))
	_, err := hex.Decode(to, b[2:])
	return to, err
}

// parsed reads a time's text; what has no such form stays text.
func parsed(layout string, b []byte) (any, error) {
	at, err := time.Parse(layout, string(b))
	if err != nil || at.Year() < 1 {
		return string(b), nil
	}
	return at.UTC(), nil
}

// Times count from 2000-01-01.
const (
	epochDays    = 10957
	epochSeconds = epochDays * 86400
)

func date(days int32) any {
	switch days {
	case math.MaxInt32:
		return "infinity"
	case math.MinInt32:
		return "-infinity"
	}
	at := time.Unix((int64(days)+epochDays)*86400, 0).UTC()
	if ordinary(at) {
		return at
	}
	return string(appendTime(nil, at, catalog.Type{Kind: catalog.KindDate}))
}

func moment(micros int64, zone bool) any {
	switch micros {
	case math.MaxInt64:
		return "infinity"
	case math.MinInt64:
		return "-infinity"
	}
	seconds, rest := micros/1e6, micros%1e6
	if rest < 0 {
		seconds, rest = seconds-1, rest+1e6
	}
	at := time.Unix(seconds+epochSeconds, rest*1000).UTC()
	if ordinary(at) {
		return at
	}
	return string(appendTime(nil, at, catalog.Type{Kind: catalog.KindTimestamp, Zone: zone}))
}

// ordinary years are those that a record holds as a time.
func ordinary(at time.Time) bool { return at.Year() >= 1 && at.Year() <= 9999 }
