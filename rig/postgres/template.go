package postgres

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"godwit/data"
)

// copied makes the server's data from what initdb has once made with the same
// programs, in bin of the project's folder: initdb is a second of CPU, a copy is a
// twentieth of it. Outside of the project there is none.
func (s *Server) copied(initdb func() error) error {
	root, err := data.Root()
	if err != nil {
		return initdb()
	}
	template := filepath.Join(root, "bin", "initdb", s.Version+strings.ReplaceAll(s.programs.Dir, string(filepath.Separator), "-"))
	if _, err := os.Stat(template); err != nil {
		if err := initdb(); err != nil {
			return err
		}
		return s.keep(template)
	}
	if err := copyFolder(template, s.data(), s.account); err != nil {
		return err
	}
	return identify(s.data())
}

// keep copies fresh data to where the next server looks. Another process may be faster.
func (s *Server) keep(template string) error {
	if err := os.MkdirAll(filepath.Dir(template), 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(template), "fresh-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := copyFolder(s.data(), filepath.Join(fresh, "data"), account{}); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(fresh, "data"), template); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// copyFolder copies a folder with all that is in it, for an account.
func copyFolder(from, to string, owner account) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.Join(to, strings.TrimPrefix(path, from))
		if entry.IsDir() {
			return errors.Join(os.Mkdir(name, 0o700), owner.own(name))
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return errors.Join(os.WriteFile(name, content, 0o600), owner.own(name))
	})
}

// identify gives a server that was shut down a system identifier of its own: two servers with
// one are the same. It stands at the beginning of pg_control, which a CRC-32C follows
// (ControlFileData, src/include/catalog/pg_control.h), and on the first page of each
// file of the log (XLogLongPageHeaderData, src/include/access/xlog_internal.h).
func identify(dir string) error {
	id := binary.NativeEndian.AppendUint64(nil, rand.Uint64()>>1) // SQL shows it with a sign
	control := filepath.Join(dir, "global", "pg_control")
	text, err := os.ReadFile(control)
	if err != nil {
		return err
	}
	at := sumAt(text)
	if at < 0 {
		return errors.New("pg_control: no checksum found")
	}
	copy(text, id)
	binary.NativeEndian.PutUint32(text[at:], crc32.Checksum(text[:at], castagnoli))
	if err := overwrite(control, text, 0); err != nil {
		return err
	}
	logs, err := filepath.Glob(filepath.Join(dir, "pg_wal", strings.Repeat("?", 24)))
	for _, log := range logs {
		err = errors.Join(err, overwrite(log, id, 24))
	}
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumAt is where the checksum of all that is before it stands, which differs between
// versions; -1 when there is none.
func sumAt(text []byte) int {
	for at := 64; at+4 <= min(len(text), 512); at += 4 {
		if crc32.Checksum(text[:at], castagnoli) == binary.NativeEndian.Uint32(text[at:]) {
			return at
		}
	}
	return -1
}

// overwrite writes into a file that is there.
func overwrite(name string, b []byte, at int64) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, at)
	return errors.Join(err, f.Close())
}
