package cli

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// cluster is an API server that knows three Secrets and two ServiceAccounts, and
// returns a kubeconfig that leads to it.
func cluster(t *testing.T, registryHost string) string {
	t.Helper()
	login := base64.StdEncoding.EncodeToString([]byte(`{"auths": {"` + registryHost + `": {"auth": "` + seededAuth + `"}}}`))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		name, namespace := filepath.Base(r.URL.Path), strings.Split(r.URL.Path, "/")[4]
		about := `"apiVersion": "v1", "metadata": {"name": "` + name + `", "namespace": "` + namespace + `"}`
		switch {
		case strings.HasSuffix(r.URL.Path, "/namespaces/shop/secrets/regcred"):
			fmt.Fprintf(w, `{"kind": "Secret", %s, "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": %q}}`, about, login)
		case strings.HasSuffix(r.URL.Path, "/namespaces/shop/secrets/ghcr"):
			elsewhere := base64.StdEncoding.EncodeToString([]byte(`{"auths": {"ghcr.io": {"auth": "` + seededAuth + `"}}}`))
			fmt.Fprintf(w, `{"kind": "Secret", %s, "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": %q}}`, about, elsewhere)
		case strings.HasSuffix(r.URL.Path, "/namespaces/shop/secrets/plain"):
			fmt.Fprintf(w, `{"kind": "Secret", %s, "type": "Opaque", "data": {".dockerconfigjson": %q}}`, about, login)
		case strings.HasSuffix(r.URL.Path, "/namespaces/shop/serviceaccounts/builder"):
			fmt.Fprintf(w, `{"kind": "ServiceAccount", %s, "imagePullSecrets": [{"name": "ghcr"}]}`, about)
		case strings.HasSuffix(r.URL.Path, "/namespaces/shop/serviceaccounts/deployer"):
			fmt.Fprintf(w, `{"kind": "ServiceAccount", %s, "imagePullSecrets": [{"name": "regcred"}]}`, about)
		case strings.HasSuffix(r.URL.Path, "/secrets/theirs"):
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "secrets \"theirs\" is forbidden\u001b[2J"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "there is none"}`)
		}
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := "apiVersion: v1\nkind: Config\ncurrent-context: test\ncontexts: [{name: test, context: {cluster: test, user: me, namespace: shop}}]\n" +
		"clusters: [{name: test, cluster: {server: '" + server.URL + "'}}]\nusers: [{name: me, user: {token: " + seededToken + "}}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRegistryCheckAsksWithPullSecrets(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0")
	s.login.Store("me:" + seededPassword)
	kubeconfig := cluster(t, s.host)
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"of the pod template":                        {[]string{"--image-pull-secret", "regcred"}, 0, "Credentials:  user and password (redacted) of Secret \"shop/regcred\": accepted\n"},
		"of an account":                              {[]string{"--service-account", "deployer", "-n", "shop"}, 0, "Credentials:  user and password (redacted) of Secret \"shop/regcred\": accepted\n"},
		"of the default account, which is not there": {[]string{"-n", "other"}, 1, "Credentials:  anonymous: refused\n              reading ServiceAccount \"default\": there is none in this namespace\n"},
		"with one of another type, and one for another registry": {[]string{"--image-pull-secret", "plain", "--image-pull-secret", "ghcr", "--context", "test"}, 1, "Credentials:  anonymous: refused\n" +
			"              passing over Secret \"shop/plain\": its type is \"Opaque\"; allowed: kubernetes.io/dockerconfigjson, kubernetes.io/dockercfg\n" +
			"              passing over Secret \"shop/ghcr\": it has no user and password for HOST/shop\n"},
		"of an account whose Secret is for another registry": {[]string{"--service-account", "builder"}, 1, "Credentials:  anonymous: refused\n" +
			"              passing over Secret \"shop/ghcr\": it has no user and password for HOST/shop\n"},
		"with one that may not be read": {[]string{"--image-pull-secret", "theirs", "--image-pull-secret", "regcred"}, 0, "Credentials:  user and password (redacted) of Secret \"shop/regcred\": accepted\n" +
			"              reading Secret \"theirs\": Garboard may not read Secrets in this namespace: secrets \"theirs\" is forbidden\\x1b[2J\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := registryOutcome(t, s.host, append([]string{"check", "HOST/shop:1.2.0", "--kubeconfig", kubeconfig}, test.args...)...)
			wantNoSecret(t, got)
			wantPrintable(t, got)
			_, credentials, _ := strings.Cut(got.Out, "Settings:     allowed\n")
			credentials, _, _ = strings.Cut(credentials, "Answered by")
			credentials, _, _ = strings.Cut(credentials, "\nMETHOD")
			if diff := cmp.Diff(test.want, credentials); diff != "" || got.Code != test.code {
				t.Errorf("code %d, standard error %q, (-want +got)\n%s", got.Code, got.Err, diff)
			}
		})
	}
}

func TestRegistryCheckNamesAClusterThatIsNotThere(t *testing.T) {
	kubeconfig := cluster(t, "none")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a file":    {[]string{"--kubeconfig", "/nowhere/config"}, "stat /nowhere/config: no such file or directory"},
		"a context": {[]string{"--kubeconfig", kubeconfig, "--context", "tset"}, "context \"tset\" does not exist; allowed: test"},
	} {
		t.Run(name, func(t *testing.T) {
			got := registryOutcome(t, "none", append([]string{"check", "nginx"}, test.args...)...)
			if want := (outcome{Code: 1, Err: "garboard: finding the cluster: " + test.want + "\n"}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestRegistryCheckIsInterrupted(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, command := range []string{"check", "tags"} {
		var out, errOut strings.Builder
		code := Run(ctx, []string{"registry", command, s.host + "/shop:1.2.0"}, Streams{
			Out: &out, Err: &errOut, Env: func(string) (string, bool) { return "", false },
		})
		if code != cmdline.ExitInterrupted || errOut.String() != "garboard: asking the registry: context canceled\n" {
			t.Errorf("%s: got code %d and %q", command, code, errOut.String())
		}
	}
}
