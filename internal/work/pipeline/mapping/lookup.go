package mapping

import "godwit/internal/catalog"

// Problem says what is wrong with where a table of values comes from.
func (l Lookup) Problem() string {
	places := 0
	for _, text := range []string{l.Table, l.Query, l.Objects} {
		if text != "" {
			places++
		}
	}
	switch {
	case l.File == "" && l.From == "":
		return "it needs a file, or at with a table, a query or objects"
	case l.File != "" && (l.From != "" || places > 0 || l.Where != "" || l.Format != ""):
		return "it has a file, and keys of another place too: take one of them"
	case l.File != "" && (l.Key != "key" || l.Value != "value"):
		return "the columns of a CSV file are called key and value: key and value belong to at"
	case l.File != "":
		return ""
	case places != 1:
		return "it needs one of table, query and objects"
	case l.Where != "" && l.Table == "":
		return "where belongs to a table: a query has its own"
	case l.Format != "" && l.Objects == "":
		return "format belongs to objects"
	}
	if l.Table != "" {
		if _, err := catalog.ParseName(l.Table); err != nil {
			return err.Error()
		}
	}
	return ""
}
