package cli

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// tagServer is a registry on loopback that counts what it is asked.
type tagServer struct {
	t        *testing.T
	host     string
	requests atomic.Int64
	// login is what the registry asks for, as user:password; empty for nothing.
	login atomic.Value
	// gone is a path whose manifest is not there, although its tag is listed.
	gone atomic.Value
}

func newTagServer(t *testing.T, images ...string) *tagServer {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	s := &tagServer{t: t}
	backend := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if login, _ := s.login.Load().(string); login != "" {
			user, password, _ := r.BasicAuth()
			if user+":"+password != login {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
		}
		if gone, _ := s.gone.Load().(string); gone != "" && r.URL.Path == gone {
			http.NotFound(w, r)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.host = strings.TrimPrefix(server.URL, "http://")
	for _, image := range images {
		content, err := random.Image(16, 1)
		if err != nil {
			t.Fatal(err)
		}
		reference, err := name.ParseReference(s.host + "/" + image)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(reference, content, remote.WithContext(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	s.requests.Store(0)
	return s
}

// fill writes the registry's host in place of HOST, and clear takes it out.
func (s *tagServer) fill(text string) string  { return strings.ReplaceAll(text, "HOST", s.host) }
func (s *tagServer) clear(text string) string { return strings.ReplaceAll(text, s.host, "HOST") }
