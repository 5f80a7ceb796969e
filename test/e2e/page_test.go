package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/page/signin/signintest"
	"github.com/garboard-dev/garboard/test/cluster"
)

// pageHost is the name that browsers would reach the page by.
const pageHost = "garboard.example.com"

// servedPage is the page that people share, as a process with the rights that its Pod would
// have, at which people sign in by OIDC.
type servedPage struct {
	s        *space
	client   *http.Client
	provider *signintest.Provider
}

// servePage starts the page, which may act as ann, bob and dan, in the group shop-team.
func servePage(s *space) *servedPage {
	s.t.Helper()
	const clientID, secret = "garboard-page", "secret"
	ctx := s.t.Context()
	certificates, roots := s.servingFiles()
	port, err := cluster.FreePort()
	s.noError(err)
	at := fmt.Sprintf("127.0.0.1:%d", port)
	p := &servedPage{s: s, provider: signintest.NewProvider(s.t, clientID, secret), client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "garboard-webhook.garboard.svc", MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, at)
			},
		},
	}}
	issuer, secretFile := filepath.Join(certificates, "issuer.crt"), filepath.Join(certificates, "secret")
	s.noError(os.WriteFile(issuer, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.provider.Certificate().Raw}), 0o600))
	s.noError(os.WriteFile(secretFile, []byte(secret+"\n"), 0o600))
	process, err := s.StartProcess(s.name+"-page", s.garboard.Binary, nil,
		"page-server", "--kubeconfig="+s.pageAccount(), "--cert-dir="+certificates, "--listen-address="+at,
		"--health-address=0", "--metrics-address=0", "--garboard-namespace=garboard", "--public-hosts="+pageHost,
		"--oidc-issuer-url="+p.provider.URL, "--oidc-client-id="+clientID, "--oidc-client-secret-file="+secretFile, "--oidc-ca-file="+issuer,
		"--oidc-username-claim=email", "--oidc-groups-claim=groups", "--allowed-groups=shop-team,others")
	s.noError(err)
	s.t.Cleanup(func() {
		if err := process.Stop(context.WithoutCancel(ctx)); err != nil {
			s.t.Error(err)
		}
	})
	s.await("the page to answer", func(ctx context.Context) error {
		answer, err := p.send(ctx, http.MethodGet, "/assets/icon.svg", nil, nil)
		if err != nil {
			return err
		}
		return answer.Body.Close()
	})
	return p
}

// pageAccount makes the page's account and its rights, and returns its kubeconfig.
func (s *space) pageAccount() string {
	s.t.Helper()
	role := s.name + "-page"
	s.must("", "create", "serviceaccount", "page")
	s.must(fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %s}
rules:
- {apiGroups: [""], resources: [users], resourceNames: [ann, bob, dan], verbs: [impersonate]}
- {apiGroups: [""], resources: [groups], resourceNames: [shop-team], verbs: [impersonate]}
`, role), "create", "-f", "-")
	s.must("", "create", "clusterrolebinding", role, "--clusterrole="+role, "--serviceaccount="+s.name+":page")
	ctx := context.WithoutCancel(s.t.Context())
	s.t.Cleanup(func() {
		if _, _, err := s.Kubectl(ctx, "", "delete", "clusterrole,clusterrolebinding", role); err != nil {
			s.t.Error(err)
		}
	})
	kubeconfig, err := s.ServiceAccountKubeconfig(s.t.Context(), s.name, "page")
	s.noError(err)
	return kubeconfig
}

// servingFiles are the certificate of the webhook's Secret, as files, and its CA.
func (s *space) servingFiles() (folder string, roots *x509.CertPool) {
	s.t.Helper()
	secret, err := s.Client().CoreV1().Secrets("garboard").Get(s.t.Context(), "garboard-webhook-tls", metav1.GetOptions{})
	s.noError(err)
	folder, roots = s.t.TempDir(), x509.NewCertPool()
	for _, name := range []string{"tls.crt", "tls.key"} {
		s.noError(os.WriteFile(filepath.Join(folder, name), secret.Data[name], 0o600))
	}
	if !roots.AppendCertsFromPEM(secret.Data["ca.crt"]) {
		s.t.Fatal("no CA in the Secret")
	}
	return folder, roots
}

func (s *space) noError(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (p *servedPage) send(ctx context.Context, method, path string, cookies []*http.Cookie, form url.Values) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://"+pageHost+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://"+pageHost)
	}
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	return p.client.Do(r)
}

// ask sends a request, and returns what the page says, as plain text.
func (p *servedPage) ask(method, path string, cookies []*http.Cookie, form url.Values) (code int, body string) {
	p.s.t.Helper()
	answer, err := p.send(p.s.t.Context(), method, path, cookies, form)
	p.s.noError(err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	p.s.noError(err)
	return answer.StatusCode, html.UnescapeString(string(text))
}

// signIn signs a person in, and returns the cookies of their session, or why not.
func (p *servedPage) signIn(person string, groups ...string) (cookies []*http.Cookie, refused string) {
	p.s.t.Helper()
	p.provider.Claims = map[string]any{"email": person, "groups": groups}
	begun, err := p.send(p.s.t.Context(), http.MethodGet, "/sign-in?to=/", nil, nil)
	p.s.noError(err)
	_ = begun.Body.Close()
	back := p.provider.Visit(p.s.t, begun.Header.Get("Location"))
	done, err := p.send(p.s.t.Context(), http.MethodGet, back.RequestURI(), begun.Cookies(), nil)
	p.s.noError(err)
	defer func() { _ = done.Body.Close() }()
	if done.StatusCode == http.StatusOK {
		return done.Cookies(), ""
	}
	text, err := io.ReadAll(done.Body)
	p.s.noError(err)
	return nil, html.UnescapeString(string(text))
}

// hold sets a hold on the workload web, as a person does who fills in its form. The token
// of their session is on every view: that they may sign out by.
func (p *servedPage) hold(cookies []*http.Cookie, version string) (code int, body string) {
	p.s.t.Helper()
	_, view := p.ask(http.MethodGet, "/", cookies, nil)
	token := regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(view)
	if token == nil {
		p.s.t.Fatalf("no token: %s", view)
	}
	return p.ask(http.MethodPost, "/workloads/"+p.s.name+"/Deployment/web/hold", cookies,
		url.Values{"container": {"web"}, "version": {version}, "token": {token[1]}})
}

// The API server decides as whom the page may act, and what that person may do.
func TestPageActsAsThePersonWhoSignedIn(t *testing.T) {
	s := newSpace(t)
	s.push("1.0.0")
	s.must(s.manifest("web", "1.0.0", "garboard.dev/policy: patch", quiet), "create", "-f", "-")
	s.must("", "create", "rolebinding", "ann", "--clusterrole=edit", "--user=ann")
	s.must("", "create", "rolebinding", "bob", "--clusterrole=view", "--user=bob")
	s.must("", "create", "rolebinding", "team", "--clusterrole=edit", "--group=shop-team")
	page := servePage(s)
	for name, test := range map[string]struct {
		person string
		groups []string
		code   int
		says   string
	}{
		"a person who may not be acted as": {"cid", nil, http.StatusForbidden, `The page may not act as you: its account needs the right to impersonate the user "cid" and each of your groups.`},
		"a group that may not be acted in": {"ann", []string{"others"}, http.StatusForbidden, `The page may not act as you`},
		"the cluster's administrators":     {"ann", []string{"system:masters"}, 0, `The group "system:masters" is one of the cluster's own`},
		"the page's own account":           {"system:serviceaccount:" + s.name + ":page", nil, 0, `is one of the cluster's own`},
		"a person with rights here alone":  {"ann", nil, http.StatusOK, `User "ann" cannot`},
		"a group that does not count here": {"ann", []string{"left-off"}, http.StatusOK, `User "ann" cannot`},
	} {
		cookies, said := page.signIn(test.person, test.groups...)
		code := 0
		if said == "" {
			code, said = page.ask(http.MethodGet, "/", cookies, nil)
		}
		if code != test.code || !strings.Contains(said, test.says) {
			t.Errorf("%s: got %d, want %d and %q:\n%s", name, code, test.code, test.says, said)
		}
	}
	held := func() string {
		out, _ := s.must("", "get", "deployment", "web", "-o", `jsonpath={.metadata.annotations.garboard\.dev/hold}`)
		return out
	}
	for _, test := range []struct {
		person string
		groups []string
		code   int
		want   string // what holds then
		says   string
	}{
		{"bob", nil, http.StatusUnprocessableEntity, "", `User "bob" cannot patch resource "deployments"`}, // may look
		{"ann", nil, http.StatusOK, "web=1.2.0", ""},
		{"dan", nil, http.StatusUnprocessableEntity, "web=1.2.0", `User "dan" cannot`},
		{"dan", []string{"shop-team"}, http.StatusOK, "web=1.3.0", ""}, // by the group
	} {
		cookies, said := page.signIn(test.person, test.groups...)
		if said != "" {
			t.Fatal(said)
		}
		version := "1.2.0"
		if test.groups != nil {
			version = "1.3.0"
		}
		code, body := page.hold(cookies, version)
		if got := held(); code != test.code || got != test.want || !strings.Contains(body, test.says) {
			t.Errorf("%s of %q: got %d and the hold %q, want %d, %q and %q:\n%s", test.person, test.groups, code, got, test.code, test.want, test.says, body)
		}
	}
}
