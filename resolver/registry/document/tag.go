package document

// maxTag is the longest tag of the distribution specification.
const maxTag = 128

// ValidTag reports the grammar [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}. Package policy has it
// too, for every tag that it is given: it imports nothing, and this one reads bytes, of
// which a page has millions.
func ValidTag[T string | []byte](tag T) bool {
	if len(tag) == 0 || len(tag) > maxTag || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	for i := range len(tag) {
		if !tagCharacter(tag[i]) {
			return false
		}
	}
	return true
}

// The characters of a tag as bits: one word for those below 64, one above.
const (
	lowTagCharacters  = (1<<10-1)<<'0' | 1<<'-' | 1<<'.'
	highTagCharacters = (1<<26-1)<<('A'-64) | (1<<26-1)<<('a'-64) | 1<<('_'-64)
)

func tagCharacter(c byte) bool {
	set := uint64(lowTagCharacters)
	if c >= 64 {
		set = highTagCharacters
	}
	return c < 128 && set>>(c&63)&1 != 0
}
