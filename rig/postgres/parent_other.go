//go:build unix && !linux

package postgres

import "syscall"

// endWithParent does nothing here: the watchdog alone ends the server.
func endWithParent(*syscall.SysProcAttr, syscall.Signal) {}
