package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pushFor pushes a tag that is an index with an image for each platform.
func (s *space) pushFor(tag string, platforms ...string) {
	s.t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, platform := range platforms {
		image, err := random.Image(64, 1)
		if err != nil {
			s.t.Fatal(err)
		}
		os, architecture, _ := strings.Cut(platform, "/")
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: os, Architecture: architecture}},
		})
	}
	ref, err := name.NewTag(s.image + ":" + tag)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index, remote.WithContext(s.t.Context())); err != nil {
		s.t.Fatal(err)
	}
}

// The cluster's nodes are linux/amd64. The newest tag that runs there is the
// answer; a newer one that does not is named.
func TestPlatformsOfTheNodes(t *testing.T) {
	s := newSpace(t)
	s.pushFor("1.2.0", "linux/amd64", "linux/arm64")
	s.pushFor("1.3.0", "linux/amd64", "linux/arm64")
	s.pushFor("1.4.0", "linux/amd64")
	s.pushFor("1.5.0", "linux/arm64")
	s.pushFor("2.0.0", "linux/arm64")
	for name, test := range map[string]struct{ annotation, pod, tag, warning string }{
		"a newer tag for another platform is passed over": {
			"", "", "1.4.0", s.moves("1.4.0", "minor; 1.5.0: not built for linux/amd64"),
		},
		"a selector leads to nodes that are not there yet": {
			"", "nodeSelector: {kubernetes.io/arch: arm64}", "1.5.0", s.moves("1.5.0", "minor"),
		},
		"the setting goes before the nodes": {
			`garboard.dev/platforms: "linux/arm64"`, "", "1.5.0", s.moves("1.5.0", "minor"),
		},
		"all that the setting names are needed": {
			`garboard.dev/platforms: "linux/amd64,linux/arm64"`, "", "1.3.0",
			s.moves("1.3.0", "minor; 1.5.0: not built for linux/amd64"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.of(t)
			manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: minor", quiet, test.annotation)
			if test.pod != "" {
				manifest = withPod(manifest, test.pod)
			}
			s.wantAnswer(manifest, test.tag, test.warning)
		})
	}
	// Nothing newer runs there: it stays, and is told why.
	s.wantAnswer(s.manifest("web", "1.4.0", "garboard.dev/policy: minor", quiet), "1.4.0",
		"web: stays at 1.4.0: 1.5.0: not built for linux/amd64")
}

// Once there are nodes of a second platform, Pods without a selector may be put
// there, so that both are needed; and no more once they are gone.
func TestPlatformsFollowTheNodes(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.pushFor("1.2.0", "linux/amd64", "linux/arm64")
	s.pushFor("1.3.0", "linux/amd64", "linux/arm64")
	anywhere := s.manifest("web", "1.2.0", "garboard.dev/policy: minor", quiet)
	here := withPod(anywhere, "nodeSelector: {kubernetes.io/arch: amd64}")
	if tag, _ := s.answer(s.manifest("polled", "1.2.0", "garboard.dev/policy: minor", quiet)); tag != "1.3.0" {
		t.Fatalf("created with %s", tag)
	}

	remove := s.node("arm64")
	s.pushFor("1.4.0", "linux/amd64")
	s.awaitAnswer(anywhere, "1.3.0", s.moves("1.3.0", "minor; 1.4.0: not built for linux/arm64"))
	s.awaitAnswer(here, "1.4.0", s.moves("1.4.0", "minor"))
	// Polled from now on: by now the updater, too, has heard of the node.
	s.must("", "annotate", "deployment/polled", "garboard.dev/trigger-", "garboard.dev/pollSchedule=@every 1s")
	s.event("polled", "ImageStayed", "stays: 1.4.0: not built for linux/arm64")
	s.wantTag("polled", "1.3.0")

	remove()
	s.awaitAnswer(anywhere, "1.4.0", s.moves("1.4.0", "minor"))
	s.awaitTag("polled", "1.4.0")
}

// node adds a node until remove, or the test's end. It is cordoned, which says
// nothing about its platform and keeps the Pods of other tests away.
func (s *space) node(architecture string) (remove func()) {
	s.t.Helper()
	s.needAlone()
	nodes, ctx := s.Client().CoreV1().Nodes(), context.WithoutCancel(s.t.Context())
	node, err := nodes.Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "other-",
			Labels:       map[string]string{corev1.LabelOSStable: "linux", corev1.LabelArchStable: architecture},
		},
		Spec: corev1.NodeSpec{Unschedulable: true},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	removed := false
	remove = func() {
		if removed {
			return
		}
		removed = true
		if err := nodes.Delete(ctx, node.Name, metav1.DeleteOptions{}); err != nil {
			s.t.Error(err)
		}
	}
	s.t.Cleanup(remove)
	return remove
}
