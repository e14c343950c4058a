package postgres

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const settingsFile = "rig.conf"

// settings are the defaults: everything replicable, small, and quick.
func (s *Server) settings() map[string]string {
	all := map[string]string{
		"listen_addresses":             "127.0.0.1",
		"port":                         strconv.Itoa(s.Port),
		"unix_socket_directories":      s.Socket,
		"wal_level":                    "logical",
		"max_wal_senders":              "20",
		"max_replication_slots":        "20",
		"max_prepared_transactions":    "10",
		"max_connections":              "200",
		"shared_buffers":               "32MB",
		"max_wal_size":                 "1GB",
		"checkpoint_timeout":           "30min",
		"fsync":                        "off",
		"full_page_writes":             "off",
		"jit":                          "off",
		"timezone":                     "UTC",
		"log_timezone":                 "UTC",
		"log_line_prefix":              "%m [%p] %q%u@%d ",
		"wal_receiver_status_interval": "1s",
	}
	if s.options.Durable {
		all["fsync"], all["full_page_writes"] = "on", "on"
	}
	maps.Copy(all, s.options.Settings)
	return all
}

// writeSettings writes them into a file of their own that postgresql.conf
// includes, below what ALTER SYSTEM says.
func (s *Server) writeSettings() error {
	var text strings.Builder
	all := s.settings()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(all[name], "'", "''"))
	}
	file := filepath.Join(s.data(), settingsFile)
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		return err
	}
	if err := s.account.own(file); err != nil {
		return err
	}
	return s.include(settingsFile)
}

// include adds a line to postgresql.conf once.
func (s *Server) include(name string) error {
	file := filepath.Join(s.data(), "postgresql.conf")
	line := "include '" + name + "'\n"
	text, err := os.ReadFile(file)
	if err != nil || strings.HasSuffix(string(text), line) {
		return err
	}
	return os.WriteFile(file, append(text, line...), 0o600)
}
