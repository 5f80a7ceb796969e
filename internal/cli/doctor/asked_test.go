package doctor

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	core "k8s.io/client-go/testing"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

const secretPassword = "a-password-that-nobody-may-read"

// pullSecret is one of the namespace team, with a password for a registry.
func pullSecret(name, server string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "team"}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: fmt.Appendf(nil, `{"auths": {%q: {"username": "robot", "password": %q}}}`, server, secretPassword)},
	}
}

// ask has the updater follow Deployments of the namespace team, each with an image and what its
// registry was asked with.
func (w *world) ask(repository string, asked ...*status.Asked) {
	checked := metav1.NewTime(w.now)
	w.status.items = nil
	for i, a := range asked {
		w.status.items = append(w.status.items, status.Item{
			Namespace: "team", Kind: "Deployment", Name: fmt.Sprintf("shop-%d", i), Repository: repository, Running: "1.2.0",
			State: report.StateCurrent, LastCheck: &checked, Asked: a,
		})
	}
}

func TestDoctorTellsWhatRegistriesWereAskedWith(t *testing.T) {
	bySecret := &status.Asked{Credential: "user and password (redacted)", Source: `Secret "team/regcred"`}
	byCloud := &status.Asked{Credential: "user and password (redacted)", Source: "AWS identity"}
	anonymous := &status.Asked{Credential: "anonymous", Anonymous: true}
	mirrored := &status.Asked{Credential: "anonymous", Anonymous: true, Mirrored: true}
	for name, tt := range map[string]struct {
		asked []*status.Asked
		want  string
	}{
		"one Secret": {[]*status.Asked{bySecret, bySecret}, `answers for the images of 2 containers; asked with user and password (redacted) of Secret "team/regcred"`},
		"several, most first": {
			[]*status.Asked{anonymous, byCloud, bySecret, bySecret},
			`; asked with user and password (redacted) of Secret "team/regcred" (2), no credential (1), user and password (redacted) of AWS identity (1)`,
		},
		"none":                      {[]*status.Asked{anonymous}, "answers for the images of 1 container; asked with no credential"},
		"mirrors":                   {[]*status.Asked{mirrored}, "; asked with mirrors, with credentials of their own"},
		"an updater that tells not": {[]*status.Asked{nil}, "answers for the images of 1 container"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.ask("registry.corp/shop", tt.asked...)
			for _, f := range w.examine(t, "garboard").Findings {
				if f.Check == "registries" && f.Object == "registry.corp" && f.Severity == OK {
					if !strings.HasSuffix(f.Message, tt.want) {
						t.Errorf("got %q, want %q", f.Message, tt.want)
					}
					return
				}
			}
			t.Error("nothing is said of the registry")
		})
	}
}

// Where a registry is asked without a credential, the doctor looks for one.
func TestDoctorLooksAtAnonymousUse(t *testing.T) {
	anonymous := &status.Asked{Credential: "anonymous", Anonymous: true}
	const forShop = "is asked without a credential for deployment/shop-0 of team, and secret/regcred there has one for it"
	const annotate = "kubectl -n team annotate deployment/shop-0 garboard.dev/imagePullSecret=regcred"
	remaining := func(host string, left int) Counter {
		return fleet{series("gauge", "garboard_registry_rate_limit_remaining", fmt.Sprintf("{host=%q} %d", host, left))}
	}
	for name, tt := range map[string]struct {
		breaks func(w *world)
		want   []found
	}{
		"a pull Secret that nothing names": {
			func(w *world) {
				w.ask("registry.corp/shop", anonymous)
				w.more = append(w.more, pullSecret("regcred", "https://registry.corp/v2/"))
			},
			[]found{{Warning, "registries", "registry.corp", forShop, annotate}},
		},
		"a pull Secret for a part of the registry": {
			func(w *world) {
				w.ask("registry.corp/shop", anonymous)
				w.more = append(w.more, pullSecret("other", "registry.corp/blog"), pullSecret("regcred", "*.corp/shop"))
			},
			[]found{{Warning, "registries", "registry.corp", forShop, annotate}},
		},
		"of the older type, for Docker Hub": {
			func(w *world) {
				w.ask("docker.io/library/nginx", anonymous)
				w.more = append(w.more, &corev1.Secret{
					ObjectMeta: metav1.ObjectMeta{Name: "regcred", Namespace: "team"}, Type: corev1.SecretTypeDockercfg,
					Data: map[string][]byte{corev1.DockerConfigKey: []byte(`{"https://index.docker.io/v1/": {"username": "robot", "password": "` + secretPassword + `"}}`)},
				})
			},
			[]found{{Warning, "registries", "docker.io", forShop, annotate}},
		},
		"many workloads": {
			func(w *world) {
				w.ask("registry.corp/shop", anonymous, anonymous, anonymous, anonymous, anonymous, anonymous, anonymous)
				w.more = append(w.more, pullSecret("regcred", "registry.corp"))
			},
			[]found{
				{Warning, "registries", "registry.corp", "deployment/shop-0 of team", annotate},
				{Warning, "registries", "registry.corp", "deployment/shop-1 of team", ""},
				{Warning, "registries", "registry.corp", "deployment/shop-2 of team", ""},
				{Warning, "registries", "registry.corp", "deployment/shop-3 of team", ""},
				{Warning, "registries", "registry.corp", "so it is with 2 containers more", ""},
			},
		},
		"pull Secrets for others, of others, without a password and of no sense": {
			func(w *world) {
				w.ask("registry.corp/shop", anonymous)
				elsewhere := pullSecret("regcred", "registry.corp")
				elsewhere.Namespace = "garboard"
				bad, empty := pullSecret("bad", "registry.corp"), pullSecret("empty", "registry.corp")
				bad.Data[corev1.DockerConfigJsonKey] = []byte("{")
				empty.Data[corev1.DockerConfigJsonKey] = []byte(`{"auths": {"registry.corp": {}}}`)
				w.more = append(w.more, elsewhere, bad, empty, pullSecret("hub", "https://index.docker.io/v1/"), pullSecret("port", "registry.corp:5000"))
			},
			nil,
		},
		"a credential that is used": {
			func(w *world) {
				w.ask("registry.corp/shop", &status.Asked{Credential: "user and password (redacted)", Source: `Secret "team/other"`})
				w.more = append(w.more, pullSecret("regcred", "registry.corp"))
				w.metrics = remaining("registry.corp", 1)
			},
			nil,
		},
		"mirrors": {
			func(w *world) {
				w.ask("registry.corp/shop", &status.Asked{Credential: "anonymous", Anonymous: true, Mirrored: true})
				w.more = append(w.more, pullSecret("regcred", "registry.corp"))
				w.metrics = remaining("registry.corp", 1)
			},
			nil,
		},
		"a limit that is near": {
			func(w *world) {
				w.ask("docker.io/library/nginx", anonymous, anonymous)
				w.metrics = remaining("registry-1.docker.io", 7) // as the metric has it
			},
			[]found{{Warning, "registries", "docker.io", "its limit leaves 7 requests, and it is asked without a credential for 2 containers", "kubectl -n team create secret docker-registry NAME --docker-server=https://index.docker.io/v1/"}},
		},
		"a limit that is far": {
			func(w *world) {
				w.ask("docker.io/library/nginx", anonymous)
				w.metrics = remaining("docker.io", 20)
			},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.breaks(w)
			report := w.examine(t, "garboard")
			compare(t, tt.want, report)
			if text := reportText(report, false); strings.Contains(text, secretPassword) || strings.Contains(text, "robot") {
				t.Errorf("it tells a secret:\n%s", text)
			}
		})
	}
}

// A caller that may not list Secrets is told what was not looked at, and no more.
func TestDoctorMayNotListSecrets(t *testing.T) {
	w := newWorld(t)
	w.ask("registry.corp/shop", &status.Asked{Credential: "anonymous", Anonymous: true})
	w.react = func(action core.Action) (bool, runtime.Object, error) {
		return action.Matches("list", "secrets"), nil, forbidden("secrets")
	}
	report := w.examine(t, "garboard")
	compare(t, nil, report)
	if text := reportText(report, false); !strings.Contains(text, "without a credential for containers in team (Forbidden), whose Secrets were not listed") {
		t.Errorf("nothing tells it:\n%s", text)
	}
}

// Of very many namespaces the doctor looks into as many as it has time for.
func TestDoctorListsSecretsOfSomeNamespaces(t *testing.T) {
	w := newWorld(t)
	for i := range 130 {
		item := w.status.items[0]
		item.Namespace, item.Asked = fmt.Sprintf("team-%03d", i), &status.Asked{Credential: "anonymous", Anonymous: true}
		w.status.items = append(w.status.items, item)
	}
	lists := 0
	w.react = func(action core.Action) (bool, runtime.Object, error) {
		if action.Matches("list", "secrets") {
			lists++
		}
		return false, nil, nil
	}
	report := w.examine(t, "garboard")
	compare(t, nil, report)
	if want := 2 * maxSecretNamespaces; lists != want {
		t.Errorf("%d lists of Secrets, want %d", lists, want)
	}
	if text := reportText(report, false); !strings.Contains(text, "team-100 (one of more than 100)") || !strings.Contains(text, "and 25 more, whose Secrets were not listed") {
		t.Errorf("nothing tells it:\n%s", text)
	}
}
