package view

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/internal/ui/layout"

	"github.com/google/go-cmp/cmp"
)

// screen is as much of a terminal as Live needs: it keeps every line that was
// ever written, so that the scrollback can be looked at.
type screen struct {
	lines  []string
	row    int
	column int
	writes int
	err    error
}

var escape = regexp.MustCompile(`\x1b\[(\??\d*)([A-Za-z])`)

func (s *screen) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.writes++
	text := string(p)
	for len(text) > 0 {
		if m := escape.FindStringSubmatch(text); m != nil && strings.HasPrefix(text, m[0]) {
			s.obey(m[1], m[2])
			text = text[len(m[0]):]
			continue
		}
		for len(s.lines) <= s.row {
			s.lines = append(s.lines, "")
		}
		switch {
		case text[0] == '\n':
			s.row++
			text = text[1:]
		case text[0] == '\r':
			s.column = 0
			text = text[1:]
		default:
			end := strings.IndexAny(text, "\r\n\x1b")
			s.lines[s.row] = s.lines[s.row][:s.column] + text[:end]
			s.column += end
			text = text[end:]
		}
	}
	return len(p), nil
}

func (s *screen) obey(n, command string) {
	switch command {
	case "A":
		up, _ := strconv.Atoi(n)
		s.row -= up
	case "K":
		for len(s.lines) <= s.row {
			s.lines = append(s.lines, "")
		}
		s.lines[s.row] = s.lines[s.row][:s.column]
	case "J":
		s.lines = s.lines[:min(len(s.lines), s.row)]
	}
}

func TestLiveKeepsTheScrollback(t *testing.T) {
	t.Parallel()
	var tty screen
	across := 100
	l := NewLive(&tty, func() (int, int) { return across, 40 }, false)
	s := warehouse()
	l.Draw(s)
	if diff := cmp.Diff(Block(s, 100, 38), tty.lines); diff != "" {
		t.Fatal(diff)
	}

	l.Say("01:12:01 the first")
	s.Now = s.Now.Add(499 * time.Millisecond)
	l.Draw(s)
	if tty.writes != 1 {
		t.Fatal("redrawn after less than half a second")
	}
	s.Now = s.Now.Add(time.Millisecond)
	s.Counts.Waits = 2
	l.Draw(s)
	l.Say("01:12:02 the second")
	s.Now = s.Now.Add(time.Second)
	l.Draw(s)
	want := append([]string{"01:12:01 the first", "01:12:02 the second"}, Block(s, 100, 38)...)
	if diff := cmp.Diff(want, tty.lines); diff != "" {
		t.Fatal(diff)
	}

	was := tty.writes
	l.Close(false)
	l.Close(false)
	if tty.writes != was {
		t.Error("written although nothing changed")
	}
	if diff := cmp.Diff(want, tty.lines); diff != "" {
		t.Error(diff)
	}
}

func TestLiveWipes(t *testing.T) {
	t.Parallel()
	var tty screen
	l := NewLive(&tty, func() (int, int) { return 100, 40 }, false)
	l.Draw(warehouse())
	l.Say("the last word")
	l.Close(true)
	l.Draw(warehouse())
	if diff := cmp.Diff([]string{"the last word"}, tty.lines); diff != "" {
		t.Error(diff)
	}
}

// A block drawn wide takes more rows after the window became narrower.
func TestLiveAfterResize(t *testing.T) {
	t.Parallel()
	var raw strings.Builder
	across := 100
	l := NewLive(&raw, func() (int, int) { return across, 40 }, false)
	s := warehouse()
	l.Draw(s)
	across = 50
	raw.Reset()
	s.Now = s.Now.Add(time.Second)
	l.Draw(s)
	up := 0
	for _, line := range Block(warehouse(), 100, 38) {
		up += max(1, (len(line)+49)/50)
	}
	if !strings.HasPrefix(raw.String(), "\x1b[?2026h\x1b["+strconv.Itoa(up)+"A\r") || !strings.HasSuffix(raw.String(), "\x1b[?2026l") {
		t.Errorf("%q", raw.String())
	}
}

func TestTerminalGoesAway(t *testing.T) {
	t.Parallel()
	tty := screen{err: errors.New("input/output error")}
	l := NewLive(&tty, func() (int, int) { return 100, 40 }, true)
	s := warehouse()
	l.Draw(s)
	tty.err = nil
	s.Now = s.Now.Add(time.Minute)
	l.Draw(s)
	l.Close(false)
	if tty.writes != 0 {
		t.Error("wrote to a terminal that was gone")
	}
	lines := NewLines(&screen{err: errors.New("broken pipe")}, berlin, false, 0)
	lines.Tell(Event{Level: LevelInfo})
	lines.Tell(Event{Level: LevelInfo})
}

func TestBeats(t *testing.T) {
	t.Parallel()
	for every, want := range map[time.Duration]int{0: 10 + 10, -1: 0, 30 * time.Minute: 2} {
		var b strings.Builder
		l := NewLines(&b, berlin, false, every)
		s := warehouse()
		for range 3601 {
			l.Beat(s)
			s.Now = s.Now.Add(time.Second)
		}
		if got := strings.Count(b.String(), "\n"); got != want {
			t.Errorf("every %v: %d heartbeats in an hour, want %d", every, got, want)
		}
	}
}

func TestPaint(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"blocks  new":            layout.Red + "blocks" + layout.Plain + "  new",
		"copy  1  1  yes":        "copy  1  1" + layout.Green + "  yes" + layout.Plain,
		"read 3 + dead 9":        "read 3 + " + layout.Red + "dead 9" + layout.Plain,
		"[d]ead 0  dead 0":       "[d]ead 0  dead 0",
		"01:09:40 said":          layout.Dim + "01:09:40" + layout.Plain + " said",
		"all     ####  45 %":     "all     ####  45 %",
		"waits   sales.orders x": layout.Yellow + "waits" + layout.Plain + "   sales.orders x",
	} {
		if got := layout.Paint(line); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
