// Package spool keeps records that are on their way to their calls: in files beside
// the ledger, one for each chunk of a unit that produced them, which are written
// once and never changed. It knows nothing of what is in them. Whether a chunk
// counts is the ledger's word. Start at Spool.
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/fault"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/xxh3"
)

// Spool is that of a run. The zero value is of no use. Safe for concurrent use.
type Spool struct{ dir string }

// Of is the spool of a run, by its uid, beside a ledger. Nothing is made yet.
func Of(ledger, uid string) Spool { return Spool{filepath.Join(ledger+".spool", uid)} }

// A file is magic, blocks, the index as JSON, its length and hash, magic.
const (
	magic     = "godwit spool 3\n" // 1 had JSON for items, and partitions of other numbers; 2 no turns
	tail      = 16 + len(magic)
	blockSize = 256 << 10 // of the texts in a block, before they are packed
)

// block is a part of the items of one partition.
type block struct {
	Part  int    `json:"p"`
	At    int64  `json:"a"`
	Size  int64  `json:"s"`
	Items int64  `json:"n"`
	Sum   uint64 `json:"h"` // xxh3 of its bytes
}

var packer, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))

// prefix begins the names of a unit's files.
func prefix(unit string) string { return fmt.Sprintf("%016x-", xxh3.HashString(unit)) }

func (s Spool) file(unit string, chunk int) string {
	return filepath.Join(s.dir, prefix(unit)+strconv.Itoa(chunk))
}

// settled makes names in a folder outlive the machine.
func settled(dir string) error {
	for range 3 { // and that of the folder itself, and of those above that may be new
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
		dir = filepath.Dir(dir)
	}
	return nil
}

// Chunks are the numbers of a unit's chunks that are kept.
func (s Spool) Chunks(unit string) ([]int, error) {
	list, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var numbers []int
	for _, e := range list {
		if text, mine := strings.CutPrefix(e.Name(), prefix(unit)); mine {
			if n, err := strconv.Atoi(text); err == nil {
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	return numbers, disk(err)
}

// Drop takes the files of units away, and the folders when they are empty. It may
// be called twice.
func (s Spool) Drop(units []string) error {
	list, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		if slices.ContainsFunc(units, func(u string) bool { return strings.HasPrefix(e.Name(), prefix(u)) }) {
			err = errors.Join(err, os.Remove(filepath.Join(s.dir, e.Name())))
		}
	}
	_ = os.Remove(s.dir) // others may have something in it
	_ = os.Remove(filepath.Dir(s.dir))
	return disk(err)
}

// Forget takes all of the run away, as far as it can be.
func (s Spool) Forget() {
	_ = os.RemoveAll(s.dir)
	_ = os.Remove(filepath.Dir(s.dir)) // others may have something in it
}

// disk is the fault of a file that cannot be written or read.
func disk(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	return fault.New(fault.Unavailable, "disk.spool", "spool: %w", err).Hint("see that there is room and that the folder beside the ledger may be written; the same command goes on")
}
