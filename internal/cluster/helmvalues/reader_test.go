package helmvalues

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/garboard-dev/garboard/internal/workload"
)

func labelsOf(secret *corev1.Secret) labels.Set { return secret.Labels }

func keel(policy string) string {
	return "keel: {policy: '" + policy + "', images: [{repository: image.repository}]}\nimage: {repository: example.com/shop}"
}

// policyBy is the policy of a container that runs the release's image.
func policyBy(t *testing.T, r *Reader, namespace string) (string, error) {
	t.Helper()
	o := workloadOf(t, "example.com/shop:1.2.0")
	release, err := r.Of(t.Context(), namespace, o)
	policies, _ := governed(o, release)
	return policies[0], err
}

// Helm writes a revision before it applies it, and says afterwards whether that
// went well.
func TestNewestRevisionInUseCounts(t *testing.T) {
	of := func(number int, status, policy string) *corev1.Secret {
		return revisionOf(t, number, status, keel(policy), "")
	}
	forged := of(9, "deployed", "all")
	forged.Name = "sh.helm.release.v1.shop.v1"
	elsewhere := of(9, "deployed", "all")
	elsewhere.Namespace = "other"
	numberless := of(9, "deployed", "all")
	numberless.Labels["version"] = "nine"
	for name, test := range map[string]struct {
		secrets []*corev1.Secret
		want    string
	}{
		"a release that is being installed":    {[]*corev1.Secret{of(1, "pending-install", "patch")}, "patch"},
		"one that is installed":                {[]*corev1.Secret{of(1, "deployed", "patch")}, "patch"},
		"the upgrade under way":                {[]*corev1.Secret{of(1, "deployed", "patch"), of(2, "pending-upgrade", "minor")}, "minor"},
		"the rollback under way":               {[]*corev1.Secret{of(2, "deployed", "patch"), of(3, "pending-rollback", "minor")}, "minor"},
		"numbers, not texts":                   {[]*corev1.Secret{of(9, "deployed", "patch"), of(10, "pending-upgrade", "minor")}, "minor"},
		"an upgrade that failed":               {[]*corev1.Secret{of(1, "deployed", "patch"), of(2, "failed", "minor")}, "patch"},
		"history":                              {[]*corev1.Secret{of(1, "superseded", "minor"), of(2, "deployed", "patch")}, "patch"},
		"one that is gone":                     {[]*corev1.Secret{of(1, "uninstalled", "minor")}, "-"},
		"none":                                 {nil, "-"},
		"the Secrets of another namespace":     {[]*corev1.Secret{elsewhere}, "-"},
		"a Secret with another one's labels":   {[]*corev1.Secret{forged}, "-"},
		"a revision whose number is no number": {[]*corev1.Secret{numberless}, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := policyBy(t, New(Options{Live: newServer(test.secrets...)}), "team")
			if got != test.want || err != nil {
				t.Errorf("got %q and %v, want %q", got, err, test.want)
			}
		})
	}
}

// Nothing is read for a workload that is not of Helm's, or of a release of
// another namespace.
func TestOthersCauseNoRead(t *testing.T) {
	server := newServer(revisionOf(t, 1, "deployed", keel("minor"), ""))
	r := New(Options{Live: server})
	if got, err := policyBy(t, r, "other"); got != "-" || err != nil {
		t.Errorf("in another namespace: got %q and %v", got, err)
	}
	if _, err := r.Of(t.Context(), "team", &workload.Object{}); err != nil {
		t.Error(err)
	}
	if server.lists+server.gets > 0 {
		t.Errorf("%d lists and %d reads", server.lists, server.gets)
	}
}

func TestRevisionIsDecodedOnce(t *testing.T) {
	server := newServer(revisionOf(t, 1, "deployed", keel("patch"), ""))
	r := New(Options{Live: server})
	for range 3 {
		if got, err := policyBy(t, r, "team"); got != "patch" || err != nil {
			t.Fatalf("got %q and %v", got, err)
		}
	}
	if server.gets != 1 || server.lists != 3 {
		t.Errorf("%d reads and %d lists, want 1 and 3", server.gets, server.lists)
	}
	server.put(revisionOf(t, 2, "pending-upgrade", keel("minor"), ""))
	if got, _ := policyBy(t, r, "team"); got != "minor" || server.gets != 2 {
		t.Errorf("after an upgrade: got %q by %d reads", got, server.gets)
	}
	// A Secret that was deleted and made anew has the same name.
	anew := revisionOf(t, 2, "deployed", keel("all"), "")
	anew.UID = "another"
	server.put(anew)
	if got, _ := policyBy(t, r, "team"); got != "all" || server.gets != 3 {
		t.Errorf("after another install: got %q by %d reads", got, server.gets)
	}
}

func TestGarbageIsReadOnce(t *testing.T) {
	server := newServer(secretOf(1, "deployed", []byte("garbage")))
	r := New(Options{Live: server})
	for range 3 {
		got, err := policyBy(t, r, "team")
		want := `Helm release "shop": its Secret holds no release of Helm; its keel: values are not used`
		if got != "-" || err == nil || err.Error() != want {
			t.Fatalf("got %q and %v, want %q", got, err, want)
		}
	}
	if server.gets != 1 {
		t.Errorf("%d reads", server.gets)
	}
}

// The workloads of a release come one after the other, or all at once.
func TestWorkloadsOfAReleaseShareARead(t *testing.T) {
	server := newServer(revisionOf(t, 1, "deployed", keel("patch"), ""))
	waiting := make(chan struct{})
	server.onGet = sync.OnceFunc(func() { close(waiting) })
	r := New(Options{Live: server})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := policyBy(t, r, "team"); got != "patch" || err != nil {
				t.Errorf("got %q and %v", got, err)
			}
		})
	}
	<-waiting
	all.Wait()
	if known := len(r.known); known != 1 {
		t.Errorf("%d releases are known", known)
	}
}

func TestFailures(t *testing.T) {
	forbidden := apierrors.NewForbidden(corev1.Resource("secrets"), "", errors.New("at 10.0.0.1"))
	crowd := make([]*corev1.Secret, maxRevisions)
	for i := range crowd {
		crowd[i] = secretOf(i+1, "pending-upgrade", nil)
	}
	for name, test := range map[string]struct {
		server *server
		err    error
		want   string
		kind   Kind
	}{
		"Secrets are off limits":       {newServer(), forbidden, `Helm release "shop": Garboard may not read its Secrets; its keel: values are not used`, Forbidden},
		"no answer":                    {newServer(), errors.New("dial tcp 10.0.0.1: refused"), `Helm release "shop": the API server gave no answer; its keel: values are not used`, Unavailable},
		"more revisions than are real": {newServer(crowd...), nil, `Helm release "shop": more than 31 revisions are in use; its keel: values are not used`, TooMany},
	} {
		t.Run(name, func(t *testing.T) {
			test.server.fail(test.err)
			got, err := policyBy(t, New(Options{Live: test.server}), "team")
			var failed *Error
			if got != "-" || !errors.As(err, &failed) || failed.Kind != test.kind || err.Error() != test.want {
				t.Errorf("got %q and %v, want %q", got, err, test.want)
			}
		})
	}
}

// An outage is no downgrade: a workload that was governed stays so.
func TestLastKnownValuesSurviveAnOutage(t *testing.T) {
	server := newServer(revisionOf(t, 1, "deployed", keel("patch"), ""))
	r := New(Options{Live: server})
	if _, err := policyBy(t, r, "team"); err != nil {
		t.Fatal(err)
	}
	server.fail(errors.New("refused"))
	got, err := policyBy(t, r, "team")
	want := `Helm release "shop": the API server gave no answer; its last known keel: values are used`
	if got != "patch" || err == nil || err.Error() != want {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Of(ctx, "team", workloadOf(t)); err == nil || err.Error() != want {
		t.Errorf("by the end of the request: got %v", err)
	}
	// Whoever takes the right away wants no values any more.
	server.fail(apierrors.NewForbidden(corev1.Resource("secrets"), "", errors.New("no")))
	if got, _ := policyBy(t, r, "team"); got != "-" {
		t.Errorf("without the right: got %q", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	server := newServer()
	now := time.Unix(0, 0)
	r := New(Options{Live: server, MaxReleases: 3, Now: func() time.Time { now = now.Add(time.Second); return now }})
	read := func(name string) int {
		secret := revisionOf(t, 1, "deployed", keel("patch"), "")
		secret.Name, secret.Labels["name"] = strings.Replace(secret.Name, "shop", name, 1), name
		server.put(secret)
		o := workloadOf(t)
		o.Annotations()["meta.helm.sh/release-name"] = name
		before := server.gets
		if _, err := r.Of(t.Context(), "team", o); err != nil {
			t.Fatal(err)
		}
		return server.gets - before
	}
	var reads []int
	for _, name := range []string{"a", "b", "c", "a", "d", "a", "b"} { // d drives b out
		reads = append(reads, read(name))
	}
	if diff := cmp.Diff([]int{1, 1, 1, 0, 1, 0, 1}, reads); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	r.MaxBytes = 1
	read("e")
	if len(r.known) != 1 {
		t.Errorf("%d releases are known, want the last one alone", len(r.known))
	}
}

// What is remembered holds nothing that is of nobody's business.
func TestNothingElseIsKept(t *testing.T) {
	server := newServer(revisionOf(t, 1, "deployed", chartValues, "database: {password: hunter2}"))
	r := New(Options{Live: server})
	if _, err := policyBy(t, r, "team"); err != nil {
		t.Fatal(err)
	}
	for _, v := range r.known {
		if kept := fmt.Sprintf("%+v", *v); strings.Contains(kept, "hunter2") || !strings.Contains(kept, "example.com/shop") {
			t.Errorf("kept %s", kept)
		}
	}
	if got := fmt.Sprintf("%+v %q", r, r); strings.Contains(got, "hunter2") {
		t.Errorf("told %s", got)
	}
}
