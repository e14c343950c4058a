// Package flow reads the flow language: a strict subset of YAML becomes typed
// values, and everything wrong with them becomes diagnostics with file, line,
// column, a stable code and the next step. It is pure: it touches files of the
// project and no system, and knows verbs and connectors only as the structs
// whose tags are their keys. Start at Open and Flow.Bind; decode does the
// work, tag reads the tags, docs/language.md is what users read.
package flow
