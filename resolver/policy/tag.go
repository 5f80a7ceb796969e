package policy

// maxTag is the length of the longest tag that the OCI distribution
// specification allows.
const maxTag = 128

// ValidTag reports whether the text is a tag by the grammar of the OCI
// distribution specification.
func ValidTag(tag string) bool {
	if tag == "" || len(tag) > maxTag || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	return tagCharacters(tag)
}

// The characters of a tag as bits: one word for those below 64, one above.
const (
	lowTagCharacters  = (1<<10-1)<<'0' | 1<<'-' | 1<<'.'
	highTagCharacters = (1<<26-1)<<('A'-64) | (1<<26-1)<<('a'-64) | 1<<('_'-64)
)

func tagCharacters(s string) bool {
	for i := range len(s) {
		c := s[i]
		set := uint64(lowTagCharacters)
		if c >= 64 {
			set = highTagCharacters
		}
		if c >= 128 || set>>(c&63)&1 == 0 {
			return false
		}
	}
	return true
}
