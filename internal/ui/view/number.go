package view

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Count writes a number with thousands commas: 1,204,551.
func Count[T ~int | ~int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(s[i])
	}
	return sign + b.String()
}

var prefixes = []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}

// Size writes bytes in SI units: 812 B, 17 GB, 1.2 MB, 7.90 TB.
func Size(n int64) string {
	p := power(float64(n))
	return scaled(float64(n), p) + " " + prefixes[p]
}

// SizeOf writes a part of a size in the size's own unit: 5.31 of 7.90 TB.
func SizeOf(part, whole int64) string {
	p := power(float64(whole))
	v := math.Pow(1000, float64(p))
	digits := decimals(float64(whole)/v, p)
	return strconv.FormatFloat(math.Floor(float64(part)/v*math.Pow10(digits))/math.Pow10(digits), 'f', digits, 64) +
		" of " + scaled(float64(whole), p) + " " + prefixes[p]
}

// Rate writes bytes per second with three digits: 41.2 MB/s, 284 MB/s.
func Rate(perSecond float64) string {
	p := power(perSecond)
	v := perSecond / math.Pow(1000, float64(p))
	digits := 0
	switch {
	case p == 0:
	case v < 9.995:
		digits = 2
	case v < 99.95:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + " " + prefixes[p] + "/s"
}

// power is the SI prefix whose number has one to three digits after rounding.
func power(n float64) int {
	p := 0
	for n = math.Abs(n); n >= 999.5 && p < len(prefixes)-1; p++ {
		n /= 1000
	}
	return p
}

func scaled(n float64, p int) string {
	v := n / math.Pow(1000, float64(p))
	return strconv.FormatFloat(v, 'f', decimals(v, p), 64)
}

// decimals: two for terabytes, where a digit is hours of work; else one below ten.
func decimals(v float64, p int) int {
	switch {
	case p == 0 || v >= 99.95:
		return 0
	case p >= 4 && v < 9.995:
		return 2
	case p >= 4 || v < 9.95:
		return 1
	}
	return 0
}

// Percent writes a share of 1, rounded down: 100 % is all of it, never nearly.
func Percent(share float64) string {
	return strconv.Itoa(int(math.Floor(math.Max(0, math.Min(1, share))*100+1e-9))) + " %"
}

// Span writes a measured duration: 38 ms, 4.1 s, 12 s, 2 m 10 s, 9 h 40 m, 3 d 04 h.
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Span(-d)
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < 10*time.Second:
		return strconv.FormatFloat(math.Floor(d.Seconds()*10)/10, 'f', 1, 64) + " s"
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d m %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 72*time.Hour:
		return fmt.Sprintf("%d h %02d m", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %02d h", int(d.Hours())/24, int(d.Hours())%24)
}

// About writes a duration where seconds do not matter: 8 s, 12 m, 24 h, 11 h 30 m.
func About(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + About(-d)
	case d > 0 && d < time.Second:
		return strconv.Itoa(int(math.Ceil(d.Seconds()*1000))) + " ms"
	case d < time.Minute:
		return strconv.Itoa(int(math.Ceil(d.Seconds()))) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " m"
	case d < 72*time.Hour && int(d.Minutes())%60 == 0:
		return strconv.Itoa(int(d.Hours())) + " h"
	}
	return Span(d)
}

// Clock writes the time of day, 07:35, in the zone of the first reference; with
// the weekday when one of the references is another day, with the date when one
// is six days away or more.
func Clock(t time.Time, references ...time.Time) string { return clock(t, "15:04", references) }

// Stamp is Clock with seconds: 03:02:31.
func Stamp(t time.Time, references ...time.Time) string { return clock(t, "15:04:05", references) }

func clock(t time.Time, layout string, references []time.Time) string {
	prefix := ""
	for i, r := range references {
		if i == 0 {
			t = t.In(r.Location())
		}
		if r.IsZero() {
			continue
		}
		switch away := t.Sub(r).Abs(); {
		case away >= 6*24*time.Hour:
			return t.Format("2006-01-02 " + layout)
		case t.Format(time.DateOnly) != r.In(t.Location()).Format(time.DateOnly):
			prefix = "Mon "
		}
	}
	return t.Format(prefix + layout)
}

// Plural writes a count with its noun: 1 unit, 4,750 units.
func Plural[T ~int | ~int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + many(noun)
}

// many ends a noun in y with ies, one in x or s with es.
func many(noun string) string {
	switch {
	case strings.HasSuffix(noun, "ey"):
		return noun + "s"
	case strings.HasSuffix(noun, "y"):
		return noun[:len(noun)-1] + "ies"
	case strings.HasSuffix(noun, "x") && noun != "index", strings.HasSuffix(noun, "s"):
		return noun + "es"
	case noun == "index":
		return "indexes"
	}
	return noun + "s"
}
