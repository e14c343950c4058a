package postgres

import "syscall"

// endWithParent makes the system send the child a signal when its parent ends.
func endWithParent(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }
