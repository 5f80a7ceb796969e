package inspect

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

func located(err error) error {
	return &url.Error{Op: "Get", URL: "https://host/?signature=secret", Err: err}
}

func TestCausesAreShownWithoutWhatOthersWrote(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"nothing":              {nil, ""},
		"an error of another":  {errors.New("secret"), ""},
		"a status":             {errors.New("status 401"), "status 401"},
		"a name":               {located(&net.DNSError{Err: "no such host", Name: "x.invalid"}), "lookup x.invalid: no such host"},
		"a connection":         {located(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}), "dial tcp: connection refused"},
		"a scheme":             {located(http.ErrSchemeMismatch), "http: server gave HTTP response to HTTPS client"},
		"a quoted answer":      {located(errors.New(`malformed HTTP response "secret"`)), "malformed HTTP response"},
		"with words around it": {fmt.Errorf("parsing the realm: %w", located(errors.New("bad"))), "parsing the realm: bad"},
		"control characters":   {errors.New("\x1b[2J\nx"), `\x1b[2J\nx`},
		"no end":               {errors.New(strings.Repeat("a", 500)), strings.Repeat("a", maxText-1) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.err
			if name != "an error of another" && err != nil {
				err = &registry.Error{Kind: registry.Unreachable, Err: err}
			}
			if got := cause(err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAdviceOnWhatCannotBeReached(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"plain HTTP":              {http.ErrSchemeMismatch, "it speaks plain HTTP: --insecure-registries=host:5000"},
		"what is not TLS":         {tls.RecordHeaderError{}, "it speaks plain HTTP: --insecure-registries=host:5000"},
		"a name that nobody has":  {&net.DNSError{IsNotFound: true}, "is the name right, and does the DNS of this machine know it?"},
		"a DNS that is not there": {&net.DNSError{IsTimeout: true}, ""},
		"a port that is closed":   {syscall.ECONNREFUSED, "is the port right, and the registry running?"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := unreachableText("host:5000", located(test.err)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOutcomeOfACredential(t *testing.T) {
	me := auth.Basic("me", "secret")
	signed := []registry.Request{{Method: "GET"}, {Method: "GET", Credential: "Basic"}}
	exchanged := []registry.Request{{Method: "POST"}}
	for name, test := range map[string]struct {
		kind       registry.Kind
		credential registry.Credential
		requests   []registry.Request
		want       Outcome
	}{
		"accepted":                       {"", me, signed, Accepted},
		"not asked for":                  {"", me, signed[:1], NotRequested},
		"nobody":                         {"", registry.Credential{}, nil, Accepted},
		"refused":                        {registry.Unauthorized, me, signed, Rejected},
		"refused in an exchange":         {registry.Unauthorized, me, exchanged, Rejected},
		"a refusal of what was not sent": {registry.Unauthorized, me, signed[:1], Inconclusive},
		"not found":                      {registry.NotFound, me, signed, RepositoryNotFound},
		"another failure":                {registry.Timeout, me, signed, Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			if test.kind != "" {
				err = &registry.Error{Kind: test.kind}
			}
			if got := credentialOutcome(err, test.credential, test.requests); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

type brokenCredentials struct{ err error }

func (b brokenCredentials) For(context.Context, registry.Repository) ([]registry.Credential, error) {
	return nil, b.err
}

func TestFaultsOfCredentialsAreToldOneByOne(t *testing.T) {
	i := Inspector{Credentials: resolver.Chain{
		brokenCredentials{errors.Join(errors.New("first"), fmt.Errorf("second: %w", located(errors.New("why"))))},
		brokenCredentials{errors.New("\x1bthird")},
	}}
	var r Report
	if got := i.credentials(t.Context(), &r); len(got) != 1 || !got[0].Anonymous() {
		t.Errorf("got %v, want the anonymous one", got)
	}
	want := []string{"first", "second: why", `\x1bthird`}
	if diff := cmp.Diff(want, r.CredentialFaults); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
