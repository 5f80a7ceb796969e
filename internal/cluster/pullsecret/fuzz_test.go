package pullsecret

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What is in a Secret is written by whoever may create one. An error never
// quotes it, and a key of one host never gives a credential to another.
func FuzzSecret(f *testing.F) {
	for _, seed := range []string{
		`{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"}}}`,
		`{"auths":{"ghcr.io/org":{"username":"u","password":"p"},"*.example.com:5000":{"auth":"!"}}}`,
		`{"auths":{"[::1]:5000":{"auth":"dTpw"},"a.[b":{},"":{}}}`, `{"auths":null}`, `{`, `[]`, "",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, legacy bool) {
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "s"},
			Type:       corev1.SecretTypeDockerConfigJson, Data: map[string][]byte{corev1.DockerConfigJsonKey: data},
		}
		if legacy {
			secret.Type, secret.Data = corev1.SecretTypeDockercfg, map[string][]byte{corev1.DockerConfigKey: data}
		}
		ring, weight, failed := parseSecret(secret)
		if failed != nil {
			if told := []string{tooLarge, tooMany, noConfig, noUserPair}; !slices.Contains(told, failed.detail) {
				t.Errorf("%q is told of %q", failed.detail, data)
			}
			return
		}
		if len(ring) > maxEntries || len(ring) > 0 && weight < entryWeight {
			t.Errorf("%d entries weigh %d", len(ring), weight)
		}
		for _, l := range ring {
			if strings.ContainsAny(l.key, `*?[\`) || l.key == dockerHubIndex {
				continue // more hosts than the one that is written
			}
			host, _, _ := strings.Cut(l.key, "/")
			if found := lookupCredentials([]keyring{{l}}, "not-"+host+"/app"); len(found) > 0 {
				t.Errorf("the key %q gives a credential to not-%s", l.key, host)
			}
		}
	})
}
