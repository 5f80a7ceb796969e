package e2e

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/updater/status"
)

// kept is the warning of an image that the registry does not show.
const kept = "web: kept at 1.2.0: not found, or the credentials may not read it"

// Wherever a pull secret is named, admission resolves with it, and the updater
// polls with it.
func TestPullSecrets(t *testing.T) {
	s := newPrivateSpace(t)
	s.pushPrivate("1.2.0", "1.2.7")
	s.secret("pull", robot, firstPassword)
	s.secret("stale", robot, stalePassword)
	s.account("puller", "pull")
	names := map[string]string{}
	for name, test := range map[string]struct{ annotation, pod string }{
		"the template's": {pod: "imagePullSecrets: [{name: pull}]"},
		"the ServiceAccount's, where the template lists none": {pod: "serviceAccountName: puller"},
		"the setting's":                        {annotation: "garboard.dev/imagePullSecret: pull"},
		"that of Keel's setting":               {annotation: "keel.sh/imagePullSecret: pull"},
		"a stale one before a good one":        {pod: "imagePullSecrets: [{name: stale}, {name: pull}]"},
		"a missing one before a good one":      {pod: "imagePullSecrets: [{name: nowhere}, {name: pull}]"},
		"the setting's, before a stale one":    {annotation: "garboard.dev/imagePullSecret: pull", pod: "imagePullSecrets: [{name: stale}]"},
		"a stale setting's, before a good one": {annotation: "garboard.dev/imagePullSecret: stale", pod: "imagePullSecrets: [{name: pull}]"},
	} {
		id := fmt.Sprintf("web-%d", len(names))
		names[id] = name
		manifest := s.manifest(id, "1.2.0", "garboard.dev/policy: patch", everySecond, test.annotation)
		if test.pod != "" {
			manifest = withPod(manifest, test.pod)
		}
		if tag, warned := s.answer(manifest); tag != "1.2.7" || warned != s.moves("1.2.7", "patch") {
			t.Errorf("%s: the answer is %s with the warning %q", name, tag, warned)
		}
	}
	s.pushPrivate("1.2.8")
	for id, name := range names {
		s.t.Logf("%s is %s", id, name)
		s.awaitTag(id, "1.2.8")
	}
	s.wantAskedWith("pull", len(names))
}

// wantAskedWith compares what the updater tells of the Secret that the registry was asked with.
func (s *space) wantAskedWith(secret string, containers int) {
	s.t.Helper()
	items, err := s.standings(s.t.Context())
	if err != nil || len(items) != containers {
		s.t.Fatalf("%d containers are known of, want %d: %v", len(items), containers, err)
	}
	want := &status.Asked{Credential: "user and password (redacted)", Source: fmt.Sprintf("Secret %q", s.name+"/"+secret)}
	for _, item := range items {
		if diff := cmp.Diff(want, item.Asked); diff != "" {
			s.t.Errorf("%s (-want +got):\n%s", item.Name, diff)
		}
	}
}

// What is wrong is told in full, also where the Secret's name is long: it is all
// that the writer of the workload sees.
func TestWithoutPullSecretItIsSaidWhy(t *testing.T) {
	s := newPrivateSpace(t)
	s.pushPrivate("1.2.0", "1.2.7")
	s.secret("stale", robot, stalePassword)
	s.write(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "broken"}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths": "` + firstPassword + `"}`)},
	})
	for name, test := range map[string]struct{ pod, warning string }{
		"no Secret":                     {"restartPolicy: Always", kept},
		"a Secret with an old password": {"imagePullSecrets: [{name: stale}]", kept},
		"a Secret that is not there": {
			"imagePullSecrets: [{name: my-registry-credentials}]",
			`web: kept at 1.2.0: not readable; Secret "my-registry-credentials": there is none in this namespace`,
		},
		"a Secret that makes no sense": {
			"imagePullSecrets: [{name: broken}]",
			`web: kept at 1.2.0: not readable; Secret "broken": its data is no Docker configuration`,
		},
		"a ServiceAccount that is not there": {
			"serviceAccountName: nobody",
			`web: kept at 1.2.0: not readable; ServiceAccount "nobody": there is none in this namespace`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.of(t)
			s.wantAnswer(withPod(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), test.pod), "1.2.0", test.warning)
		})
	}
}

// Two namespaces name one repository, and one of them may read it. Neither gets
// the other's answer, whoever asks first.
func TestNamespacesDoNotShareAnswers(t *testing.T) {
	good, bad, none := newPrivateSpace(t), newPrivateSpace(t), newPrivateSpace(t)
	bad.image, none.image = good.image, good.image
	good.pushPrivate("1.2.0", "1.2.7")
	good.secret("pull", robot, firstPassword)
	bad.secret("pull", robot, stalePassword)
	manifest := withPod(good.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "imagePullSecrets: [{name: pull}]")
	for range 3 {
		bad.wantAnswer(manifest, "1.2.0", kept)
		none.wantAnswer(manifest, "1.2.0", `web: kept at 1.2.0: not readable; Secret "pull": there is none in this namespace`)
		good.wantAnswer(manifest, "1.2.7", good.moves("1.2.7", "patch"))
	}
}
