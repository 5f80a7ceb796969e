package configfile

import "crypto/sha256"

// snapshot tells whether files have changed: by content, since volumes swap
// links below names that stay, and times tell nothing there.
type snapshot map[string][sha256.Size]byte

// snapshot is what was read, not what is there now.
func (f *Files) snapshot() snapshot {
	s := snapshot{}
	for name, c := range f.seen {
		s[name] = c.sum()
	}
	return s
}

// current reports whether the files are still the same.
func (s snapshot) current() bool {
	for name, sum := range s {
		data, err := readFile(name)
		if (content{data: data, err: err}).sum() != sum {
			return false
		}
	}
	return len(s) > 0
}

// sum tells contents apart without keeping them.
func (c content) sum() [sha256.Size]byte {
	if c.err != nil {
		return sha256.Sum256([]byte("error\x00" + withoutPath(c.err)))
	}
	return sha256.Sum256(append([]byte("data\x00"), c.data...))
}
