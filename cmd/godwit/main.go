// Command godwit moves a legacy system to its successor and proves that
// nothing was lost. main wires (see wire.go) and hands over to the command
// line.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"godwit/internal/ui/view"
)

func main() {
	os.Exit(start())
}

func start() int {
	defer profile()()
	view.Outlive()
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	return program(interrupts).Run(context.Background(), os.Args[1:])
}
