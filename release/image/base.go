package image

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is the account that the image runs as, by number: runAsNonRoot cannot judge a name.
const user = 65532

// CertificatesModule is where the certificates of the image come from. Its version is
// pinned in go.mod.
const CertificatesModule = "golang.org/x/crypto/x509roots/fallback"

const certificates = "/etc/ssl/certs/ca-certificates.crt"

// file is an entry of a layer. Its name ends in / if it is a folder.
type file struct {
	name  string
	mode  int64
	owner int
	data  []byte
}

// base is what a static program needs of a system: accounts, certificates, a home and a
// folder for temporary files. Time zones are in the program.
func base() []file {
	return []file{
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, data: []byte("root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n")},
		{name: "etc/nsswitch.conf", mode: 0o644, data: []byte("hosts: files dns\n")},
		{name: "etc/passwd", mode: 0o644, data: []byte("root:x:0:0:root:/root:/sbin/nologin\n" +
			"nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n" +
			"nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: certificates[1:], mode: 0o644, data: roots()},
		{name: "home/", mode: 0o755},
		{name: "home/nonroot/", mode: 0o700, owner: user},
		{name: "tmp/", mode: 0o1777},
	}
}

// roots are the certificate authorities that Mozilla trusts, as PEM. Those that it trusts
// with a condition are left out: a file of certificates cannot say the condition.
func roots() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
		}
	}
	return text.Bytes()
}

// archive is a layer without compression. Its times are zero, so that files that did not
// change give the layer of the release before, which a node has already.
func archive(files []file) ([]byte, error) {
	var out bytes.Buffer
	to := tar.NewWriter(&out)
	for _, f := range files {
		header := &tar.Header{
			Format: tar.FormatUSTAR, Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode,
			Uid: f.owner, Gid: f.owner, Size: int64(len(f.data)), ModTime: time.Unix(0, 0),
		}
		if f.name[len(f.name)-1] == '/' {
			header.Typeflag = tar.TypeDir
		}
		if err := to.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("writing %q to a layer: %w", f.name, err)
		}
		if _, err := io.Copy(to, bytes.NewReader(f.data)); err != nil {
			return nil, fmt.Errorf("writing %q to a layer: %w", f.name, err)
		}
	}
	if err := to.Close(); err != nil {
		return nil, fmt.Errorf("writing a layer: %w", err)
	}
	return out.Bytes(), nil
}
