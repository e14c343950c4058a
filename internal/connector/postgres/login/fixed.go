package login

import (
	"fmt"
	"strconv"
	"strings"
)

// fixed are the settings of every session. They make values canonical (the
// same text on every server) and keep limits meant for others away. With
// row_security off a policy that would hide rows is an error instead.
var fixed = []struct {
	from  int // major version that knows it
	name  string
	value string
}{
	{0, "client_encoding", "UTF8"}, {0, "search_path", ""}, {0, "row_security", "off"},
	{0, "datestyle", "ISO, MDY"}, {0, "intervalstyle", "postgres"}, {0, "timezone", "UTC"},
	{0, "extra_float_digits", "3"}, {0, "bytea_output", "hex"}, {0, "lc_monetary", "C"},
	{0, "xmlbinary", "base64"}, {0, "xmloption", "content"}, {0, "array_nulls", "on"},
	{0, "standard_conforming_strings", "on"}, {0, "quote_all_identifiers", "off"}, {0, "transform_null_equals", "off"},
	{0, "gin_fuzzy_search_limit", "0"},
	{0, "client_min_messages", "warning"}, {0, "check_function_bodies", "off"}, {0, "jit", "off"},
	{0, "default_tablespace", ""}, {12, "default_table_access_method", "heap"}, // what definitions are written under
	{0, "default_transaction_isolation", "read committed"}, {0, "default_transaction_deferrable", "off"},
	{0, "statement_timeout", "0"}, {0, "lock_timeout", "0"}, {0, "idle_in_transaction_session_timeout", "0"},
	{14, "idle_session_timeout", "0"}, {17, "transaction_timeout", "0"},
	{0, "tcp_keepalives_idle", "60"}, {0, "tcp_keepalives_interval", "10"}, {0, "tcp_keepalives_count", "6"},
}

// Major reads "15.18 (Debian 15.18-0)" and "18beta1".
func Major(version string) int {
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	}
	n, _ := strconv.Atoi(version[:end])
	return n
}

// undamaged sets what only a superuser may set, where it would have the server leave
// rows out: those of damaged pages.
const undamaged = `SELECT pg_catalog.set_config(s.n, 'off', false) FROM (VALUES ('zero_damaged_pages'), ('ignore_checksum_failure')) s(n)
	WHERE pg_catalog.current_setting(s.n) <> 'off'`

// Fixed are the statements that make a session's settings, for a server of a
// major version.
func Fixed(major int) string {
	var b strings.Builder
	for _, set := range fixed {
		if major >= set.from {
			fmt.Fprintf(&b, "SET %s = '%s';", set.name, set.value)
		}
	}
	return b.String() + undamaged
}
