// Package requests sends single requests that people wrote, as steps of a flow:
// each once, with its answer for later steps. That it is about to leave stands in
// the ledger before it does; when its answer is lost the flow says how to find out
// whether it took effect. See DESIGN.md; start at Verb and sender.
package requests
