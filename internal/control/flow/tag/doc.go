// Package tag reads the keys of the flow language off the tags of structs:
// what a key is called, of which kind its value is, what stands behind it. It
// knows no file and decodes nothing. Start at Key.
package tag
