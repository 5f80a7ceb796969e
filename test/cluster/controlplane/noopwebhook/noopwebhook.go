// Package noopwebhook is an admission webhook that allows everything and
// changes nothing. A benchmark measures it beside Garboard's webhook in one run:
// the ratio of the two is Garboard's own cost, on any machine.
package noopwebhook

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Serve listens as the flags say, and returns only an error.
func Serve(args []string) error {
	flags := flag.NewFlagSet("noopwebhook", flag.ExitOnError)
	addr := flags.String("addr", "127.0.0.1:9443", "address to listen on")
	dir := flags.String("cert-dir", ".", "folder of tls.crt and tls.key")
	_ = flags.Parse(args) // exits

	files := &certificate{dir: *dir}
	server := &http.Server{
		Addr:              *addr,
		ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{
			MinVersion:     tls.VersionTLS12,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return files.load() },
		},
		Handler: http.HandlerFunc(allow),
	}
	return server.ListenAndServeTLS("", "")
}

// allow answers an AdmissionReview of any version with the same version.
func allow(w http.ResponseWriter, r *http.Request) {
	var review struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Request    struct {
			UID string `json:"uid"`
		} `json:"request"`
	}
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"apiVersion": review.APIVersion,
		"kind":       review.Kind,
		"response":   map[string]any{"uid": review.Request.UID, "allowed": true},
	})
}

// certificate is a key pair in files, read again when the files have changed.
type certificate struct {
	dir  string
	mu   sync.Mutex
	at   time.Time
	cert *tls.Certificate
}

func (c *certificate) load() (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	crt, key := filepath.Join(c.dir, "tls.crt"), filepath.Join(c.dir, "tls.key")
	info, err := os.Stat(crt)
	if err != nil {
		return nil, err
	}
	if c.cert != nil && info.ModTime().Equal(c.at) {
		return c.cert, nil
	}
	pair, err := tls.LoadX509KeyPair(crt, key)
	if err != nil {
		return nil, err
	}
	c.cert, c.at = &pair, info.ModTime()
	return c.cert, nil
}
