// Package socket sends requests of HTTP/1.1 to one server, each in the goroutine of who
// sends it, which writes to a connection and reads from it: the standard library's
// transport has two goroutines for each connection, and waking them costs more than the
// request. What else there is - HTTP/2, proxies - is left to that transport. Requests and
// answers are written and read by the standard library. Start at Pool.
package socket
