package configfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFiles bounds all the files that one settings file names, together; each
// has maxSize.
const maxFiles = 16 << 20

// PEMBegin tells PEM from the name of a file that has it.
const PEMBegin = "-----BEGIN"

var (
	errSize  = fmt.Errorf("larger than %d bytes", maxSize)
	errTotal = fmt.Errorf("the files named are larger than %d bytes together", maxFiles)
	errKind  = errors.New("not a regular file")
)

// Files are those that one reading of the settings named. Each is read once, so
// that all who name it get the same.
type Files struct {
	dir  string
	seen map[string]content
	left int
}

type content struct {
	data []byte
	err  error
}

// NewFiles are files whose names begin at a folder. None is read yet.
func NewFiles(dir string) *Files {
	return &Files{dir: dir, seen: map[string]content{}, left: maxFiles}
}

// read takes a name from the settings, which begins at their folder.
func (f *Files) read(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(f.dir, name)
	}
	c, ok := f.seen[name]
	if !ok {
		c.data, c.err = readFile(name)
		if f.left -= len(c.data); f.left < 0 {
			c = content{err: errTotal}
		}
		f.seen[name] = c
	}
	return c.data, c.err
}

// readFile reads a regular file of a bounded size. Links are followed: volumes
// of the kubelet consist of them. A pipe or device would never end.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errKind
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, errSize
	}
	return data, nil
}

// withoutPath is the error without the path, which the message has already.
func withoutPath(err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case errors.Is(err, fs.ErrPermission):
		return "the file may not be read"
	case errors.As(err, &path):
		return path.Err.Error()
	default:
		return err.Error()
	}
}

// File reads the file that a value names.
func (r *Reader) File(at Value, allowed string) ([]byte, bool) {
	name := r.Text(at, allowed)
	if name == "" {
		return nil, false
	}
	if strings.Contains(name, PEMBegin) {
		r.Bad(at, "PEM text in place of a file name", allowed)
		return nil, false
	}
	data, err := r.files.read(name)
	if err != nil {
		r.Bad(at, withoutPath(err), allowed)
		return nil, false
	}
	return data, true
}

// SecretFile reads a secret from a file, without the line end that editors add.
func (r *Reader) SecretFile(at Value) string {
	const allowed = "a file with nothing but the secret"
	data, ok := r.File(at, allowed)
	if !ok {
		return ""
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		r.Bad(at, "the file is empty", allowed)
	}
	return text
}
