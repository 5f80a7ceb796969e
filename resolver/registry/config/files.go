package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
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

// pemBegin tells PEM from the name of a file that has it.
const pemBegin = "-----BEGIN"

const (
	allowedCA   = "a file with PEM certificates, or the certificates themselves"
	allowedCert = "a file with a PEM certificate and its chain"
	allowedKey  = "a file with the certificate's private key, as PEM"
)

var (
	errSize  = fmt.Errorf("larger than %d bytes", maxSize)
	errTotal = fmt.Errorf("the files named are larger than %d bytes together", maxFiles)
	errKind  = errors.New("not a regular file")
)

// files are those that one reading of the settings named. Each is read once, so
// that all who name it get the same.
type files struct {
	dir   string
	seen  map[string]content
	pools map[string]*x509.CertPool // by PEM text: bundles are large and shared
	left  int
}

type content struct {
	data []byte
	err  error
}

func newFiles(dir string) *files {
	return &files{dir: dir, seen: map[string]content{}, pools: map[string]*x509.CertPool{}, left: maxFiles}
}

// read takes a name from the settings, which begins at their folder.
func (f *files) read(name string) ([]byte, error) {
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

// reason is the error without the path, which the message has already.
func reason(err error) string {
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

// file reads the file that a value names.
func (r *reader) file(at value, allowed string) ([]byte, bool) {
	name := r.text(at, allowed)
	if name == "" {
		return nil, false
	}
	if strings.Contains(name, pemBegin) {
		r.bad(at, "PEM text in place of a file name", allowed)
		return nil, false
	}
	data, err := r.files.read(name)
	if err != nil {
		r.bad(at, reason(err), allowed)
		return nil, false
	}
	return data, true
}

// authorities reads CA certificates, from a file or the settings themselves.
func (r *reader) authorities(at value) *x509.CertPool {
	data, ok := []byte(at.node.Value), true
	if !strings.Contains(at.node.Value, pemBegin) {
		data, ok = r.file(at, allowedCA)
	}
	if !ok || !r.is(at, "!!str", allowedCA) {
		return nil
	}
	pool, known := r.files.pools[string(data)]
	if !known {
		pool = certificates(data)
		r.files.pools[string(data)] = pool
	}
	if pool == nil {
		r.bad(at, "not certificates in PEM", allowedCA)
	}
	return pool
}

// certificates is nil unless every block is a certificate: a bundle of which a
// part is left out would fail where nobody looks. They are trusted beside the
// system's, as containerd has it: a registry redirects to storage of others.
func certificates(data []byte) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	found := false
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			return nil
		}
		pool.AddCert(cert)
		found, data = true, rest
	}
	if !found {
		return nil
	}
	return pool
}

// client reads the certificate that is shown to a registry.
func (r *reader) client(at value) *tls.Certificate {
	var cert, key []byte
	read := func(to *[]byte, allowed string) func(value) {
		return func(at value) { *to, _ = r.file(at, allowed) }
	}
	given := r.object(at, fields{"cert": read(&cert, allowedCert), "key": read(&key, allowedKey)})
	r.need(at, given, "cert", allowedCert)
	r.need(at, given, "key", allowedKey)
	if cert == nil || key == nil {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		// The words of crypto/tls repeat what the files have as headers.
		r.bad(at, "the files are not a certificate and its key", "cert: "+allowedCert+", key: "+allowedKey)
		return nil
	}
	return &pair
}
