// Package decode fills structs from the nodes of a file by the tags of their
// fields: kinds of values, ${...}, files that values name, what is wrong and
// where. It knows neither steps nor verbs. Start at Decoder.Group.
package decode

// ProjectFile is the file that makes a folder a project.
const ProjectFile = "godwit.yaml"
