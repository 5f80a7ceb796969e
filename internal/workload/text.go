package workload

import (
	"encoding/json"
	"slices"
)

// AppendJSON appends a text to JSON, as a string. It allocates nothing for the texts that
// nearly all are.
func AppendJSON(to []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(text) // a string always marshals
			return append(to, quoted...)
		}
	}
	to = append(to, '"')
	for i := range len(text) {
		if text[i] == '"' || text[i] == '\\' {
			to = append(to, '\\')
		}
		to = append(to, text[i])
	}
	return append(to, '"')
}

// SortedKeys returns the keys of a map in their order. slices.Sorted of maps.Keys takes
// several allocations more, and admission asks this many times a request.
func SortedKeys[V any](of map[string]V) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
