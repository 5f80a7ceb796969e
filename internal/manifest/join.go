package manifest

import "bytes"

// Join puts files one behind the other so that they can be read as one. A
// single file stays as it is, byte for byte.
func Join(files ...[]byte) []byte {
	if len(files) == 1 {
		return files[0]
	}
	var out, last []byte
	for _, file := range files {
		if len(bytes.TrimSpace(file)) == 0 {
			continue
		}
		if last != nil {
			file = bytes.TrimPrefix(file, byteOrderMark)
			if !bytes.HasSuffix(out, []byte("\n")) {
				out = append(out, '\n')
			}
			out = append(out, separator(last, file)...)
		}
		out, last = append(out, file...), file
	}
	return out
}

// separator is what has to stand between two files. Objects of JSON follow
// each other without; directives may follow the end of a document alone.
func separator(last, next []byte) string {
	switch {
	case looksJSON.Match(bytes.TrimPrefix(last, byteOrderMark)) && looksJSON.Match(next):
		return ""
	case bytes.HasPrefix(next, []byte("%")):
		return "...\n"
	case bytes.HasPrefix(next, []byte("---")):
		return ""
	}
	return "---\n"
}
