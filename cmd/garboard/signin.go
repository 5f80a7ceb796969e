//go:build !nopage

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/certs"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/page/signin"
)

// oidcTimeout bounds one question to the identity provider, maxSecret a file's bytes.
const (
	oidcTimeout = 10 * time.Second
	maxSecret   = 64 << 10
)

// signInOptions are the flags that say how people are known. Those of requests' headers
// and of OIDC have the names that the API server gives them.
type signInOptions struct {
	groups   []string
	clientCA string

	proxyCA, groupSeparator                               string
	proxyNames, proxyAddresses, userHeaders, groupHeaders []string

	issuer, client, secret, issuerCA                         string
	usernameClaim, usernamePrefix, groupsClaim, groupsPrefix string
	scopes                                                   []string
	required                                                 map[string]string
	passToken                                                bool
}

func (o *signInOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.groups, "allowed-groups", nil, "groups that people act with; others that they are in are left off. Without it all")
	flags.StringVar(&o.clientCA, "client-ca-file", "",
		"`FILE` of the CA of people's client certificates: the common name is the user, organisations are groups; read again whenever it changes")

	flags.StringVar(&o.proxyCA, "requestheader-client-ca-file", "",
		"`FILE` of the CA of the client certificates that proxies show, whose headers say who the person is; read again whenever it changes")
	flags.StringSliceVar(&o.proxyNames, "requestheader-allowed-names", nil, "common names of such certificates; without it all that the CA has signed")
	flags.StringSliceVar(&o.proxyAddresses, "requestheader-allowed-addresses", nil,
		"addresses or CIDRs that proxies connect from; with --requestheader-client-ca-file both have to be right")
	flags.StringSliceVar(&o.userHeaders, "requestheader-username-headers", []string{"X-Remote-User"}, "headers to look for the user in; the first that is there counts")
	flags.StringSliceVar(&o.groupHeaders, "requestheader-group-headers", []string{"X-Remote-Group"}, "headers to look for groups in, each of which may come several times")
	flags.StringVar(&o.groupSeparator, "requestheader-group-separator", "", "what parts several groups in one header, such as a comma; without it each has a header of its own")

	flags.StringVar(&o.issuer, "oidc-issuer-url", "", "`URL` of the OpenID Connect provider that people sign in at")
	flags.StringVar(&o.client, "oidc-client-id", "", "what the provider calls the page")
	flags.StringVar(&o.secret, "oidc-client-secret-file", "", "`FILE` of the secret that the provider knows the page by; read at each sign-in. Without it the page is a public client")
	flags.StringVar(&o.issuerCA, "oidc-ca-file", "", "`FILE` of the CA of the provider's certificate; those of the system are the default")
	flags.StringSliceVar(&o.scopes, "oidc-scopes", []string{"email", "profile"}, "scopes to ask for, beside openid")
	flags.StringVar(&o.usernameClaim, "oidc-username-claim", "sub", "claim that is the user")
	flags.StringVar(&o.usernamePrefix, "oidc-username-prefix", "", `what is put before the user; "-" for nothing. By default the issuer and #, and nothing before an email`)
	flags.StringVar(&o.groupsClaim, "oidc-groups-claim", "", "claim that has the groups; without it there are none")
	flags.StringVar(&o.groupsPrefix, "oidc-groups-prefix", "", "what is put before each group")
	flags.StringToStringVar(&o.required, "oidc-required-claim", nil, "`CLAIM=VALUE` that a token has to have; may be repeated")
	flags.BoolVar(&o.passToken, "oidc-pass-token", false,
		"ask the API server by the person's own token, where it trusts the same provider and client, instead of by impersonation; the session then ends with the token")
}

func (o *signInOptions) hasProxy() bool { return o.proxyCA != "" || len(o.proxyAddresses) > 0 }

func (o *signInOptions) asksForCertificates() bool { return o.clientCA != "" || o.proxyCA != "" }

// headerName is a name that a header can have.
var headerName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// check returns the faults of the flags' values.
func (o *signInOptions) check() cmdline.Faults {
	var faults cmdline.Faults
	if o.clientCA == "" && !o.hasProxy() && o.issuer == "" {
		faults = append(faults, "--client-ca-file, --requestheader-client-ca-file, --requestheader-allowed-addresses, --oidc-issuer-url: one is needed: without any, nobody can sign in")
	}
	if len(o.proxyNames) > 0 && o.proxyCA == "" {
		faults = append(faults, fmt.Sprintf("--requestheader-allowed-names: %q: allowed: together with --requestheader-client-ca-file", strings.Join(o.proxyNames, ",")))
	}
	for _, address := range o.proxyAddresses {
		if _, err := prefixOf(address); err != nil {
			faults = append(faults, fmt.Sprintf("--requestheader-allowed-addresses: %q: allowed: an address or a CIDR, such as 10.0.0.0/24", cmdline.Shown(address)))
		}
	}
	for _, header := range slices.Concat(o.userHeaders, o.groupHeaders) {
		if !headerName.MatchString(header) {
			faults = append(faults, fmt.Sprintf("--requestheader-username-headers, --requestheader-group-headers: %q: allowed: names of headers, such as X-Remote-User", cmdline.Shown(header)))
		}
	}
	if len(o.userHeaders) == 0 {
		faults = append(faults, `--requestheader-username-headers: "": allowed: names of headers, such as X-Remote-User`)
	}
	return append(faults, o.checkOIDC()...)
}

func (o *signInOptions) checkOIDC() cmdline.Faults {
	if o.issuer == "" {
		if o.client != "" {
			return cmdline.Faults{fmt.Sprintf("--oidc-client-id: %q: allowed: together with --oidc-issuer-url", cmdline.Shown(o.client))}
		}
		return nil
	}
	var faults cmdline.Faults
	if at, err := url.Parse(o.issuer); err != nil || at.Scheme != "https" || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		faults = append(faults, fmt.Sprintf("--oidc-issuer-url: %q: allowed: a URL such as https://sso.example.com, without user and query", cmdline.Shown(o.issuer)))
	}
	if o.client == "" {
		faults = append(faults, "--oidc-client-id: needed with --oidc-issuer-url")
	}
	for flag, prefix := range map[string]string{"oidc-username-prefix": o.usernamePrefix, "oidc-groups-prefix": o.groupsPrefix} {
		if strings.HasPrefix(prefix, "system:") {
			faults = append(faults, fmt.Sprintf("--%s: %q: allowed: a text that does not begin with system:", flag, cmdline.Shown(prefix)))
		}
	}
	slices.Sort(faults)
	return faults
}

func prefixOf(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}

// build makes the ways in, and puts the files that they follow on the manager.
func (o *signInOptions) build(manager ctrl.Manager) (*signin.Options, error) {
	ways := &signin.Options{Groups: o.groups}
	var err error
	if o.hasProxy() {
		if ways.Proxy, err = o.buildProxy(manager); err != nil {
			return nil, err
		}
	}
	if o.clientCA != "" {
		ca, err := follow(manager, "client-ca", o.clientCA)
		if err != nil {
			return nil, err
		}
		ways.Certificates = &signin.Certificates{CA: ca}
	}
	if o.issuer != "" {
		if ways.OIDC, err = o.buildOIDC(); err != nil {
			return nil, err
		}
	}
	return ways, nil
}

func (o *signInOptions) buildProxy(manager ctrl.Manager) (*signin.Proxy, error) {
	proxy := &signin.Proxy{UserHeaders: o.userHeaders, GroupHeaders: o.groupHeaders, GroupSeparator: o.groupSeparator, Names: o.proxyNames}
	for _, address := range o.proxyAddresses {
		prefix, err := prefixOf(address)
		if err != nil {
			return nil, fmt.Errorf("parsing --requestheader-allowed-addresses: %w", err)
		}
		proxy.Addresses = append(proxy.Addresses, prefix)
	}
	if o.proxyCA != "" {
		ca, err := follow(manager, "requestheader-client-ca", o.proxyCA)
		if err != nil {
			return nil, err
		}
		proxy.CA = ca
	}
	return proxy, nil
}

// follow reads a CA, and reads it again when it changes. name is what the readiness probe
// calls it.
func follow(manager ctrl.Manager, name, file string) (*certs.ClientCA, error) {
	ca, err := certs.NewClientCA(certs.ClientCAOptions{File: file})
	if err != nil {
		return nil, err
	}
	return ca, errors.Join(manager.Add(ca), manager.AddReadyzCheck(name, ca.Ready))
}

func (o *signInOptions) buildOIDC() (*signin.OIDC, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	if o.issuerCA != "" {
		text, err := os.ReadFile(o.issuerCA)
		if err != nil {
			return nil, fmt.Errorf("reading --oidc-ca-file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("reading --oidc-ca-file %q: no certificate in it; allowed: one or more in PEM", o.issuerCA)
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	options := signin.OIDCOptions{
		Issuer: o.issuer, ClientID: o.client, Scopes: o.scopes, UsernameClaim: o.usernameClaim, UsernamePrefix: o.usernamePrefix,
		GroupsClaim: o.groupsClaim, GroupsPrefix: o.groupsPrefix, Required: o.required, PassToken: o.passToken,
		Client: &http.Client{Timeout: oidcTimeout, Transport: transport}, Clock: clock.RealClock{},
	}
	if o.secret != "" {
		options.Secret = func() (string, error) { return secretIn(o.secret) }
		if _, err := options.Secret(); err != nil {
			return nil, err
		}
	}
	return signin.NewOIDC(options)
}

// secretIn reads a secret, without the newline that editors put at its end.
func secretIn(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading --oidc-client-secret-file: %w", err)
	}
	if text := strings.TrimSpace(string(text)); text != "" && len(text) <= maxSecret {
		return text, nil
	}
	return "", fmt.Errorf("reading --oidc-client-secret-file %q: allowed: 1 to %d bytes", file, maxSecret)
}
