// Package view is how godwit speaks in a terminal and in a pipe: screens (plan,
// doctor, status, summary ...) from plain values, journal events as lines and
// as JSON objects, and the live block of a running migration. It decides
// nothing, reads no clock and knows no ledger: whoever calls it hands over the
// numbers and the time. Start reading at Show, Block and Tell.
package view
