package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func says(status int, header, value, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(header, value)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// echoes breaks HTTP, with what it was sent and what steers a terminal.
func echoes(w http.ResponseWriter, r *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	if r.Header.Get("Authorization") == "" {
		fmt.Fprint(connection, "HTTP/1.1 401 no\r\nWWW-Authenticate: Basic realm=\"tests\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	} else {
		fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\n\x1b[2J %s\r\n\r\n", r.Header.Get("Authorization"))
	}
	_ = connection.Close()
}

func TestRegistryCheckTellsWhatFailed(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a pause": {says(429, "Retry-After", "17", ""), `garboard: listing the tags of HOST/shop: the registry asks for a pause of 17s: status 429 (GET http://HOST/v2/)
  wait, or sign in: most registries allow more to those whom they know
`},
		"a page for people": {says(200, "Content-Type", "text/html", "<html>\x1b[2J"), `garboard: listing the tags of HOST/shop: the answer is not that of a registry: list is not one whole JSON object
  does something else answer at HOST: a sign-in page, a proxy?
`},
		"an error page": {says(503, "Content-Type", "text/html", "<html>\x1b[2J"), `garboard: listing the tags of HOST/shop: the registry cannot be reached: status 503 (GET http://HOST/v2/)
`},
		"a header that is none": {says(401, "WWW-Authenticate", "Basic realm=\"\x1b[2J"+seededToken, ""), `garboard: listing the tags of HOST/shop: the registry cannot be reached: net/http: HTTP/1.x transport connection broken: malformed MIME header line (GET https://HOST/v2/)
`},
		"a code of an error": {says(403, "Content-Type", "application/json", `{"errors": [{"code": "\u001b[2J", "message": "\u001b[2J"}]}`), `garboard: listing the tags of HOST/shop: refused: status 403 (GET http://HOST/v2/)
  tried: user and password (redacted) of Docker configuration: not judged
  are they still valid, and do they have the right to pull this repository?
`},
		"a redirect to the metadata": {says(307, "Location", "http://169.254.169.254/"+seededToken, ""), `garboard: listing the tags of HOST/shop: not asked: address is not allowed (GET http://169.254.169.254/...)
  a redirect or the token service leads to an address that is no registry's; if it is to be trusted, servers are told by --private-registries
`},
		"a realm that is no URL": {says(401, "WWW-Authenticate", "Bearer realm=\"http://%zz\"", ""), `garboard: listing the tags of HOST/shop: the answer is not that of a registry: parsing the token realm: invalid URL escape (GET http://HOST/v2/)
  does something else answer at HOST: a sign-in page, a proxy?
`},
		"an answer with our own auth": {echoes, `garboard: listing the tags of HOST/shop: the registry cannot be reached: net/http: HTTP/1.x transport connection broken: malformed MIME header: missing colon (GET http://HOST/v2/shop/tags/list?n=1000)
`},
	} {
		t.Run(name, func(t *testing.T) {
			host := answers(t, test.handler)
			dockerLogin(t, host, seededAuth)
			got := registryOutcome(t, host, "check", "HOST/shop:1.0.0")
			wantNoSecret(t, got)
			wantPrintable(t, got)
			if diff := cmp.Diff(test.want, got.Err); diff != "" || got.Code != 1 {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRegistryCheckNamesCertificates(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	at := strings.TrimPrefix(server.URL, "https://")
	for name, test := range map[string]struct{ host, why string }{
		"of a CA of one's own": {at, "x509: certificate signed by unknown authority (GET https://HOST/v2/)\n" +
			"  give the CA that signed its certificate as ca in the file of --registries-config\n"},
		"for other names": {strings.Replace(at, "127.0.0.1", "localhost", 1), "x509: certificate is valid for example.com, *.example.com, not localhost (GET https://HOST/v2/)\n" +
			"  is the host right? Its certificate is for other names\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := registryOutcome(t, test.host, "check", "HOST/shop:1")
			want := "garboard: listing the tags of HOST/shop: the registry cannot be reached: tls: failed to verify certificate: " + test.why
			if diff := cmp.Diff(want, got.Err); diff != "" || got.Code != 1 {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRegistryCheckPrintsJSON(t *testing.T) {
	host := answers(t, tokenRegistry)
	dockerLogin(t, host, seededAuth)
	got := registryOutcome(t, host, "check", "HOST/shop:2.0.0", "-o", "json")
	wantNoSecret(t, got)
	want := `{
  "image": "HOST/shop:2.0.0",
  "registry": "HOST",
  "repository": "shop",
  "tag": "2.0.0",
  "allowed": true,
  "credentials": [
    {
      "kind": "user and password (redacted)",
      "source": "Docker configuration",
      "outcome": "accepted"
    }
  ],
  "endpoint": {
    "url": "http://HOST",
    "mirror": false,
    "address": "127.0.0.1",
    "guarded": true
  },
  "tags": {
    "total": 2,
    "versions": 1
  },
  "rateLimit": {
    "remaining": 98,
    "limit": 100
  },
  "requests": [
    {
      "method": "GET",
      "url": "http://HOST/v2/",
      "status": 401,
      "milliseconds": 0,
      "bytes": 71
    },
    {
      "method": "GET",
      "url": "http://HOST/token?scope=repository:shop:pull\u0026service=tests\u0026...",
      "credential": "Basic",
      "status": 200,
      "milliseconds": 0,
      "bytes": 30
    },
    {
      "method": "GET",
      "url": "http://HOST/v2/shop/tags/list?n=1000",
      "credential": "Bearer",
      "status": 200,
      "milliseconds": 0,
      "bytes": 29
    },
    {
      "method": "HEAD",
      "url": "http://HOST/v2/shop/manifests/2.0.0",
      "credential": "Bearer",
      "status": 404,
      "milliseconds": 0,
      "bytes": 0
    }
  ],
  "failure": {
    "step": "reading the digest of HOST/shop:2.0.0",
    "kind": "NotFound",
    "problem": "not found",
    "cause": "status 404",
    "request": "HEAD http://HOST/v2/shop/manifests/2.0.0",
    "advice": "the list has 2 tags; garboard registry tags HOST/shop --list shows them"
  }
}
`
	if diff := cmp.Diff(want, got.Out); diff != "" || got.Code != 1 || !json.Valid([]byte(got.Out)) {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
