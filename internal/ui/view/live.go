package view

import (
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"godwit/internal/ui/layout"
)

// Live keeps a block at the bottom of a terminal and lets lines scroll away
// above it. It never takes the alternate screen: what was said stays. Safe for
// concurrent use.
type Live struct {
	mu    sync.Mutex
	w     io.Writer
	size  func() (width, height int)
	color bool
	drawn time.Time
	above []string // not written yet
	block []string // on the screen now
	wide  int      // width it was drawn for
	gone  bool
}

// frame is the least time between two redraws.
const frame = 500 * time.Millisecond

// NewLive draws to w, a terminal of a size that may change at any time.
func NewLive(w io.Writer, size func() (width, height int), color bool) *Live {
	return &Live{w: w, size: size, color: color}
}

// SizeOfTerminal asks f for its size; 80 by 24 when it does not say.
func SizeOfTerminal(f *os.File) func() (width, height int) {
	return func() (int, int) {
		w, h, err := term.GetSize(int(f.Fd()))
		if err != nil || w <= 0 || h <= 0 {
			return 80, 24
		}
		return w, h
	}
}

// Say puts a line above the block with the next frame.
func (l *Live) Say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.above = append(l.above, layout.Clean(line))
}

// Draw shows a status: at most twice a second by s.Now, and only what changed.
// A terminal that went away is left alone.
func (l *Live) Draw(s Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.drawn.IsZero() && s.Now.Sub(l.drawn) < frame {
		return
	}
	l.drawn = s.Now
	width, height := l.size()
	l.put(Block(s, width, max(1, height-2)), width)
}

// Close writes what was not written yet and leaves the last block in the
// scrollback; with wipe it is taken away, for a summary that says more. Nothing
// is drawn after it. It may be called twice.
func (l *Live) Close(wipe bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	width, _ := l.size()
	block := l.block
	if wipe {
		block = nil
	}
	l.put(block, width)
	l.gone = true
}

// put writes one frame in one write, between the marks of synchronised output
// (ESC [ ? 2026 h and l) so that a terminal shows it whole.
func (l *Live) put(block []string, width int) {
	if l.gone || len(l.above) == 0 && width == l.wide && slices.Equal(block, l.block) {
		return
	}
	var b strings.Builder
	b.WriteString("\x1b[?2026h")
	if up := rows(l.block, width); up > 0 {
		b.WriteString("\x1b[" + strconv.Itoa(up) + "A\r")
	}
	for _, line := range append(l.above, block...) {
		if l.color {
			line = layout.Paint(line)
		}
		b.WriteString(line + "\x1b[K\r\n")
	}
	b.WriteString("\x1b[J\x1b[?2026l")
	_, err := io.WriteString(l.w, b.String())
	l.gone = err != nil
	l.above, l.block, l.wide = nil, block, width
}

// rows counts what lines take on a screen that may have become narrower since.
func rows(lines []string, across int) int {
	n := 0
	for _, l := range lines {
		n += max(1, (layout.Width(l)+across-1)/max(1, across))
	}
	return n
}

// Outlive lets a run go on when its terminal or pipe goes away: a hang-up is
// ignored, here and in programs started from here, and a broken pipe is an
// error of the write instead of the end of the process.
func Outlive() {
	signal.Ignore(syscall.SIGHUP)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
