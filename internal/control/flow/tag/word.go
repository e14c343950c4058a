package tag

// Word is a kind as an error calls it.
func (k Kind) Word() string {
	switch k {
	case Bool:
		return "truth value"
	case Int:
		return "whole number"
	case Enum:
		return "word"
	case Name, Place:
		return "name of a connection"
	case CSV, File:
		return "path of a file"
	case Expr:
		return "expression"
	}
	return string(k)
}

// A is the word with its article.
func (k Kind) A() string {
	switch k {
	case CSV, File, Name, Place:
		return "the " + k.Word()
	case Expr:
		return "an " + k.Word()
	}
	return "a " + k.Word()
}

// Textual reports whether values are written as a YAML text.
func (k Kind) Textual() bool {
	switch k {
	case Bool, Int, Number, Secret, Group, Raw:
		return false
	}
	return true
}
