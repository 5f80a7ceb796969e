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

// tagCharacter says of each byte whether it is one of a tag's.
var tagCharacter = [256]bool{
	'-': true, '.': true, '_': true,
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true,
	'A': true, 'B': true, 'C': true, 'D': true, 'E': true, 'F': true, 'G': true, 'H': true, 'I': true, 'J': true,
	'K': true, 'L': true, 'M': true, 'N': true, 'O': true, 'P': true, 'Q': true, 'R': true, 'S': true, 'T': true,
	'U': true, 'V': true, 'W': true, 'X': true, 'Y': true, 'Z': true,
	'a': true, 'b': true, 'c': true, 'd': true, 'e': true, 'f': true, 'g': true, 'h': true, 'i': true, 'j': true,
	'k': true, 'l': true, 'm': true, 'n': true, 'o': true, 'p': true, 'q': true, 'r': true, 's': true, 't': true,
	'u': true, 'v': true, 'w': true, 'x': true, 'y': true, 'z': true,
}

func tagCharacters(s string) bool {
	for i := range len(s) {
		if !tagCharacter[s[i]] {
			return false
		}
	}
	return true
}
