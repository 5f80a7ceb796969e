// Package kubelet compares what Garboard makes of pull secrets with the kubelet's own
// code. It is a module of its own, so that Kubernetes is no dependency of Garboard.
package kubelet

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"

	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

const namespace = "team"

// keys are entries of Secrets as people and hostile people write them.
var keys = []string{
	"ghcr.io", "https://ghcr.io", "http://ghcr.io", "HTTPS://ghcr.io", "ftp://ghcr.io", "//ghcr.io", "ghcr.io/", "ghcr.io//",
	"ghcr.io/v1/", "https://ghcr.io/v2/", "ghcr.io/v2", "ghcr.io/v3/", "ghcr.io/v2/team", "ghcr.io/v1/v2/team", "ghcr.io/team",
	"ghcr.io/team/", "ghcr.io/te", "ghcr.io/team/app", "ghcr.io/team/app/x", "ghcr.io/*", "ghcr.io/team/*", "ghcr.io:443",
	"GHCR.io", "Ghcr.IO/team", "GHCR.IO", "ghcr.io.", ".ghcr.io", "ghcr..io", " ghcr.io", "ghcr.io ", "ghcr.io\t", "ghcr.io\n",
	"ghc?.io", "ghcr?.io", "ghcr.io?", "https://ghcr.io?x=1", "ghcr.io/team?x", "ghcr.io/#", "ghcr.io#team", "ghcr.io/team#app",
	"ghc[a-z].io", "[a-z]hcr.io", "ghcr.io/[a-z]", "[ghcr].io", "[::1]", "[::1]:5000", "[::1]:5000/team", "::1", "[::1%25eth0]:5000",
	"*", "*.io", "*.*", "g*r.io", "*.ghcr.io", "**.io", "*.*.example", "*.example:5000", "registry.example:*", "*:5000",
	"https://user@ghcr.io", "user:password@ghcr.io/team", "user@ghcr.io", "@ghcr.io", "ghcr.io@quay.io", "quay.io/@ghcr.io", "user%40x@ghcr.io",
	"ghcr.io/a%2Db", "ghcr.io/a%252Db", "ghcr.io/a%2Fb", "ghcr.io/%", "ghcr.io/a%2", "ghcr%2Eio", "%67hcr.io", "ghcr.io%2Fteam", "ghcr.io/a%3Fb",
	"ghcr.io/a%23b", "gh%C3%A9r.io", "ghér.io", `ghcr.io\`, `g\hcr.io`, "ghcr.io:", "ghcr.io:/team", "ghcr.io:0443", "ghcr.io:443/team", "ghcr.io:99999",
	"docker.io", "https://index.docker.io/v1/", "index.docker.io", "index.docker.io/v1", "index.docker.io/v2/", "https://index.docker.io/v1/library",
	"registry-1.docker.io", "*.docker.io", "docker.io/library", "docker.io/library/nginx", "Docker.io", "INDEX.docker.io", "https://user@index.docker.io/v1/",
	"registry.example:5000", "registry.example:5000/team", "registry.example", "https://registry.example:5000/v2/", "localhost", "localhost:5000",
	"a_b.example", "a.b.example", "-.example", "", "/", "//", "https://", "http:///team", "https:///", ":5000", "?", "#", "@", "%", "[", "]", "*/team",
}

var images = []string{
	"ghcr.io/team/app", "ghcr.io/team/app:1.2.3", "ghcr.io/teams/app", "ghcr.io/a-b/c", "ghcr.io/a/b", "ghcr.io/app", "GHCR.io/team/app", "Ghcr.IO/team/app:RC1",
	"ghcr.io:443/team/app", "quay.io/team/app", "a.ghcr.io/app", "nginx", "nginx:1.27", "library/nginx", "docker.io/nginx", "index.docker.io/nginx",
	"registry-1.docker.io/library/nginx", "Index.docker.io/library/nginx", "team/app", "registry.example:5000/team/app", "registry.example/team/app",
	"Registry.Example:5000/team/app", "a.b.example/app", "a.b.c.example/app", "x.example:5000/app", "localhost:5000/app", "[::1]:5000/team/app",
	"ghcr.io/v2/team/app", "ghcr/app:1", "ghcr.io/team/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
}

// dockerConfig is a Secret with entries; the user of each is its key.
func dockerConfig(t testing.TB, name string, keys ...string) corev1.Secret {
	t.Helper()
	auths := map[string]any{}
	for _, key := range keys {
		auths[key] = map[string]string{"username": "user of " + key, "password": "password"}
	}
	data, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		t.Fatal(err)
	}
	return secretOf(name, data)
}

func secretOf(name string, data []byte) corev1.Secret {
	return corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Type:       corev1.SecretTypeDockerConfigJson, Data: map[string][]byte{corev1.DockerConfigJsonKey: data},
	}
}

// kubelets are the credentials that the kubelet tries for an image, in its order; those
// it can sign in with.
func kubelets(t testing.TB, all []corev1.Secret, image string) (found []string, refused bool) {
	t.Helper()
	repository, _, _, err := parsers.ParseImageName(image)
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := secrets.MakeDockerKeyring(all, &credentialprovider.BasicDockerKeyring{})
	if err != nil {
		return nil, true
	}
	tried, _ := keyring.Lookup(repository)
	for _, one := range tried {
		credential := auth.Basic(one.Username, one.Password)
		if id := credential.ID(); !credential.Anonymous() && !slices.Contains(found, id) {
			found = append(found, id)
		}
	}
	return found, false
}

// ours are Garboard's.
func ours(t testing.TB, all []corev1.Secret, image string) []string {
	t.Helper()
	var objects []runtime.Object
	var names []string
	for i := range all {
		objects, names = append(objects, &all[i]), append(names, all[i].Name)
	}
	finder := pullsecret.New(pullsecret.Options{Client: fake.NewClientset(objects...).CoreV1()})
	return found(t, finder, names, image)
}

func found(t testing.TB, finder *pullsecret.Finder, names []string, image string) []string {
	t.Helper()
	reference, err := resolver.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	credentials, _ := finder.For(pullsecret.Workload{Namespace: namespace, PullSecrets: names, Image: image}).
		For(t.Context(), reference.Repository) // a Secret that makes no sense is the caller's to know
	var ids []string
	for _, credential := range credentials {
		ids = append(ids, credential.ID())
	}
	return ids
}

func TestKeysMatchAsTheKubeletsDo(t *testing.T) {
	matches := 0
	for i, key := range keys {
		secret := dockerConfig(t, fmt.Sprintf("s%d", i), key)
		finder := pullsecret.New(pullsecret.Options{Client: fake.NewClientset(&secret).CoreV1()})
		for _, image := range images {
			want, _ := kubelets(t, []corev1.Secret{secret}, image)
			if got := found(t, finder, []string{secret.Name}, image); !slices.Equal(got, want) {
				t.Errorf("key %q for image %q: %d credentials, the kubelet has %d", key, image, len(got), len(want))
			}
			matches += len(want)
		}
	}
	if matches < len(keys) {
		t.Errorf("only %d of %d pairs match: the tables say little", matches, len(keys)*len(images))
	}
}

// The one difference: for the kubelet a key of Docker Hub is also for localhost without
// a port.
func TestKeyOfDockerHubIsNotForLocalhost(t *testing.T) {
	hub := []corev1.Secret{dockerConfig(t, "hub", "https://index.docker.io/v1/")}
	if want, _ := kubelets(t, hub, "localhost/app"); len(want) != 1 {
		t.Errorf("the kubelet has %d credentials: docs/registries.md says otherwise", len(want))
	}
	if got := ours(t, hub, "localhost/app"); len(got) != 0 {
		t.Errorf("%d credentials of Docker Hub go to localhost", len(got))
	}
}

// Each Secret has one key: those of one Secret the kubelet takes in the order of a map.
func TestOrderOfKeysIsTheKubelets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) // the same tables each time
	for range 1500 {
		var all []corev1.Secret
		for i := range 1 + random.IntN(8) {
			all = append(all, dockerConfig(t, fmt.Sprintf("s%d", i), keys[random.IntN(len(keys))]))
		}
		image := images[random.IntN(len(images))]
		want, _ := kubelets(t, all, image)
		if got := ours(t, all, image); !slices.Equal(got, want) {
			t.Fatalf("image %q: the order is not the kubelet's among %v", image, all)
		}
	}
}

// FuzzSecret compares what a Secret says. A key with a glob may have several entries
// match, which the kubelet has in any order.
func FuzzSecret(f *testing.F) {
	for _, key := range keys {
		secret := dockerConfig(f, "s", key)
		f.Add(secret.Data[corev1.DockerConfigJsonKey], 0)
	}
	for _, entry := range []string{
		`{"auth":"dTpw"}`, `{"auth":"dTpw "}`, `{"auth":"dTpwcA"}`, `{"auth":"dTpwcA=="}`, `{"auth":"dXA="}`, `{"auth":"!"}`, `{"auth":"OnA="}`,
		`{"username":"u","password":"p","email":5}`, `{"username":5}`, `{"username":"u"}`, `{"USERNAME":"u","PassWord":"p"}`, `{}`, `null`, `[]`, `"x"`,
		`{"username":"u","password":"p","auth":""}`, `{"username":"u","password":"p","auth":"eDp5"}`, `{"username":"u","password":"p","identitytoken":5}`,
	} {
		f.Add([]byte(`{"auths":{"ghcr.io":`+entry+`}}`), 0)
	}
	for _, data := range []string{
		``, `{`, `[]`, `null`, `{"auths":null}`, `{"auths":[]}`, `{"Auths":{"ghcr.io":{"auth":"dTpw"}}}`, `{"HttpHeaders":{"a":5}}`, `{"HttpHeaders":{"a":"b"}}`,
		`{"auths":{"ghcr.io":{"auth":"dTpw"}},"auths":{}}`, `{"auths":{"ghcr.io":{"auth":"dTpw"},"ghcr.io":{"auth":"eDp5"}}} `, `{"auths":{}} x`,
	} {
		f.Add([]byte(data), 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, which int) {
		image := images[max(which, -which, 0)%len(images)]
		all := []corev1.Secret{secretOf("s", data)}
		want, refused := kubelets(t, all, image)
		got := ours(t, all, image)
		slices.Sort(want)
		slices.Sort(got)
		switch {
		case refused && len(got) > 0:
			t.Errorf("%d credentials of a Secret that the kubelet refuses: %q", len(got), data)
		case len(want) > 8 || len(data) > 1<<20: // our bounds
		case !slices.Equal(got, want):
			t.Errorf("image %q: %d credentials, the kubelet has %d of %q", image, len(got), len(want), data)
		}
	})
}
