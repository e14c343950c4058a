#!/bin/sh
# Finds PostgreSQL 15 or newer for tests, demo and bench, or installs it by the
# system's package manager. Says what it does before it does it. With "mariadb"
# also a MariaDB server, which only tests of that connector need: where it
# cannot be had they are skipped, and say so.
set -eu

find_mariadb() {
	PATH="$PATH:/usr/sbin:/usr/local/opt/mariadb/bin:/opt/homebrew/opt/mariadb/bin" command -v mariadbd >/dev/null 2>&1
}

mariadb() {
	find_mariadb && return 0
	if command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }; then
		sudo=""
		[ "$(id -u)" -eq 0 ] || sudo="sudo -n"
		echo "MariaDB is missing: installing Debian's package mariadb-server ..." >&2
		$sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mariadb-server >/dev/null || true
	elif command -v brew >/dev/null 2>&1; then
		echo "MariaDB is missing: installing mariadb by Homebrew ..." >&2
		brew install mariadb || true
	fi
	find_mariadb || echo "MariaDB is missing and cannot be installed here: tests of the connector mysql are skipped." >&2
}

if [ "${1:-}" = mariadb ]; then mariadb; fi

version_of() { # first number of "postgres (PostgreSQL) 15.18"
	"$1" --version 2>/dev/null | sed -n 's/.* \([0-9][0-9]*\)[.0-9a-z]*.*/\1/p' | head -n 1
}

good() {
	[ -x "$1/initdb" ] && [ -x "$1/postgres" ] && [ -x "$1/pg_dump" ] || return 1
	v=$(version_of "$1/postgres")
	[ -n "$v" ] && [ "$v" -ge 15 ]
}

find_server() {
	for d in "${PGBIN:-}" "$(pg_config --bindir 2>/dev/null || true)" \
		$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -n -r) \
		/opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
		"$(dirname "$(command -v initdb 2>/dev/null || echo /none/none)")"; do
		if [ -n "$d" ] && good "$d"; then return 0; fi
	done
	return 1
}

find_server && exit 0

if command -v apt-get >/dev/null 2>&1; then
	sudo=""
	if [ "$(id -u)" -ne 0 ]; then
		sudo="sudo -n"
		if ! $sudo true 2>/dev/null; then
			echo "PostgreSQL 15 or newer is missing, and installing it needs root." >&2
			echo "Run: sudo apt-get install postgresql    then this again." >&2
			exit 1
		fi
	fi
	echo "PostgreSQL 15 or newer is missing: installing Debian's package postgresql ..." >&2
	$sudo apt-get update -qq
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null
elif command -v brew >/dev/null 2>&1; then
	echo "PostgreSQL 15 or newer is missing: installing postgresql@17 by Homebrew ..." >&2
	brew install postgresql@17
else
	echo "PostgreSQL 15 or newer is missing and no package manager is known here." >&2
	echo "Install it, or set PGBIN to the folder that holds initdb, postgres and pg_dump." >&2
	exit 1
fi
find_server || { echo "PostgreSQL was installed, but no server of version 15 or newer was found. Set PGBIN." >&2; exit 1; }
