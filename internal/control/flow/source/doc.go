// Package source reads a file of the strict YAML subset into nodes that know
// their place, and holds the diagnostics that point there. It knows no key of
// the language. What YAML would silently change or lose is refused here; lines
// are shown without what looks like a secret. Start at Parse.
package source
