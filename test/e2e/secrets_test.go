package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// watched is shorter than the half minute for which what was read of the API
// server holds where nothing watches it.
const watched = 20 * time.Second

// A password is changed in the registry and then in the Secret. Nothing is
// restarted: the watch on the Secret brings the new one.
func TestChangedPasswordCountsAtOnce(t *testing.T) {
	s := newPrivateSpace(t)
	user := s.name // no other test's
	if err := s.private.set(user, firstPassword); err != nil {
		t.Fatal(err)
	}
	s.pushPrivate("1.2.0", "1.2.7")
	s.secret("pull", user, firstPassword)
	pod := "imagePullSecrets: [{name: pull}]"
	again := withPod(s.manifest("again", "1.2.0", "garboard.dev/policy: patch", quiet), pod)
	polled := withPod(s.manifest("polled", "1.2.0", "garboard.dev/policy: patch", everySecond), pod)
	if tag, _ := s.answer(polled); tag != "1.2.7" {
		t.Fatalf("created with %s", tag)
	}

	if err := s.private.set(user, secondPassword); err != nil {
		t.Fatal(err)
	}
	s.secret("pull", user, secondPassword)
	s.pushPrivate("1.2.8")
	s.awaitAnswerWithin(watched, again, "1.2.8", s.moves("1.2.8", "patch"))
	s.awaitTag("polled", "1.2.8")
}

// The ServiceAccount of a namespace gets its pull secret after the first
// workload, and the Secret goes again.
func TestServiceAccountIsFollowed(t *testing.T) {
	s := newPrivateSpace(t)
	s.pushPrivate("1.2.0", "1.2.7")
	s.secret("pull", robot, firstPassword)
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	s.wantAnswer(manifest, "1.2.0", kept)
	patch := []byte(`{"imagePullSecrets":[{"name":"pull"}]}`)
	if _, err := s.Client().CoreV1().ServiceAccounts(s.name).Patch(t.Context(), "default", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	s.awaitAnswerWithin(watched, manifest, "1.2.7", s.moves("1.2.7", "patch"))
	if err := s.Client().CoreV1().Secrets(s.name).Delete(t.Context(), "pull", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.awaitAnswerWithin(watched, manifest, "1.2.0", `web: kept at 1.2.0: not readable; Secret "pull": there is none in this namespace`)
}

// An operator who does not want Garboard to read Secrets takes one binding away.
// Public repositories go on as before, and of private ones it is said why not.
func TestSecretsMayBeOffLimits(t *testing.T) {
	alone(t)
	s := newPrivateSpace(t)
	s.pushPrivate("1.2.0", "1.2.7")
	for _, name := range []string{"my-registry-credentials", "other"} {
		s.secret(name, robot, firstPassword)
	}
	manifest := func(secret string) string {
		return withPod(s.manifest(secret, "1.2.0", "garboard.dev/policy: patch", everySecond), "imagePullSecrets: [{name: "+secret+"}]")
	}
	restore := s.unbind("garboard-pull-secrets")
	s.awaitAccess("garboard-webhook", false)
	s.awaitAccess("garboard-updater", false)
	const refused = `not readable; Secret "my-registry-credentials": Garboard may not read Secrets in this namespace`
	if tag, warned := s.answer(manifest("my-registry-credentials")); tag != "1.2.0" || warned != "web: kept at 1.2.0: "+refused {
		t.Errorf("created with %s and the warning %q", tag, warned)
	}
	s.event("my-registry-credentials", "RegistryUnavailable", refused)

	open := newSpace(t)
	open.push("1.2.0", "1.2.7")
	open.wantAnswer(open.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "1.2.7", open.moves("1.2.7", "patch"))

	// A refusal is remembered for half a minute; the other Secret was not asked
	// for.
	restore()
	s.awaitAccess("garboard-webhook", true)
	s.wantAnswer(manifest("other"), "1.2.7", s.moves("1.2.7", "patch"))
}

// unbind takes a ClusterRoleBinding away, until restore, or the test's end.
func (s *space) unbind(name string) (restore func()) {
	s.t.Helper()
	s.needAlone()
	bindings, ctx := s.Client().RbacV1().ClusterRoleBindings(), context.WithoutCancel(s.t.Context())
	binding, err := bindings.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	binding.ObjectMeta = metav1.ObjectMeta{Name: name, Labels: binding.Labels, Annotations: binding.Annotations}
	if err := bindings.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		s.t.Fatal(err)
	}
	restored := false
	restore = func() {
		if restored {
			return
		}
		restored = true
		if _, err := bindings.Create(ctx, binding, metav1.CreateOptions{}); err != nil {
			s.t.Error(err)
		}
	}
	s.t.Cleanup(restore)
	return restore
}

// awaitAccess waits until the API server lets a ServiceAccount of Garboard read
// the space's Secrets, or does not any more.
func (s *space) awaitAccess(account string, want bool) {
	s.t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: "system:serviceaccount:garboard:" + account, Groups: []string{"system:serviceaccounts", "system:authenticated"},
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: s.name, Verb: "get", Resource: string(corev1.ResourceSecrets)},
	}}
	s.await(fmt.Sprintf("access to Secrets to be %t", want), func(ctx context.Context) error {
		answer, err := s.Client().AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err == nil && answer.Status.Allowed != want {
			err = errors.New("it is not")
		}
		return err
	})
}
