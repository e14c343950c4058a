package unit

// Pair is an entry of a mapping in the plain form in which a flow hands values
// to types that read them themselves (ReadPlain): a mapping is []Pair in the
// order of the file.
type Pair struct {
	Name  string
	Value any
}
