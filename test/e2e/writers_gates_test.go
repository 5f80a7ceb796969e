package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/webhook"
)

// asUpdater has kubectl act as the updater does, by the administrator's right to
// impersonate.
const asUpdater = "--as=" + webhook.DefaultUpdaterAccount

// bumpAs writes the updater's request into the pod template, as whoever the arguments
// say, and returns what kubectl was warned of.
func (s *space) bumpAs(name, target string, args ...string) (warned string) {
	s.t.Helper()
	patch := fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":%q}}}}}`, "web="+target)
	_, warned = s.must("", append([]string{"patch", "deployment/" + name, "--type=merge", "-p", patch}, args...)...)
	return warned
}

// shut are the gates that bind every writer, each with a value that keeps it closed.
var shut = map[string]string{
	"minAge":    "3d",
	"after":     "elsewhere for 1h",
	"window":    "0 3 29 2 * for 1m",
	"approvals": "1",
}

// A gate that only the updater asks would be open to the next apply.
func TestGatesBindEveryWriter(t *testing.T) {
	parallel(t)
	for gate, value := range shut {
		t.Run(gate, func(t *testing.T) {
			s := newSpace(t)
			s.push("1.2.0", "1.2.5", "1.2.7")
			manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet, fmt.Sprintf("garboard.dev/%s: %q", gate, value))
			s.must(manifest, "apply", "-f", "-")
			s.wantTag("web", "1.2.0")
			revision := s.settled("web")
			s.must(manifest, "apply", "-f", "-")
			s.must("", "annotate", "deployment/web", "note=changed", "--overwrite")
			s.must("", "annotate", "deployment/web", "garboard.dev/policy=minor", "--overwrite")
			s.wantTag("web", "1.2.0")

			warned := s.bumpAs("web", "1.2.7")
			if want := "web: bump ignored: " + gate + " lets only the updater's through"; !strings.Contains(warned, want) {
				t.Errorf("the bump of a person was answered with the warning %q, want %q", warned, want)
			}
			s.wantTag("web", "1.2.0")
			if got := s.settled("web"); got != revision {
				t.Errorf("what moves nothing rolled the Pods: revision %s -> %s", revision, got)
			}

			s.bumpAs("web", "1.2.5", asUpdater)
			s.wantTag("web", "1.2.5") // and not 1.2.7, which is newer
			s.must(manifest, "apply", "-f", "-")
			s.wantTag("web", "1.2.5")
			s.must("", "set", "image", "deployment/web", "web="+s.image+":1.2.7")
			s.wantTag("web", "1.2.7")

			s.push("1.2.8")
			s.must("", "annotate", "deployment/web", "garboard.dev/"+gate+"-")
			s.wantTag("web", "1.2.8")
		})
	}
}

// A release of Helm gets past no gate, whatever of it is upgraded or rolled back.
func TestGatesBindHelm(t *testing.T) {
	parallel(t)
	for gate, value := range shut {
		t.Run(gate, func(t *testing.T) {
			s := newSpace(t)
			s.push("1.2.0", "1.2.7")
			annotation := fmt.Sprintf(`--set-json=annotations={"garboard.dev/%s":%q}`, gate, value)
			for _, write := range []write{
				helm("install", "1.2.0", annotation), helm("upgrade", "1.2.0", annotation),
				helm("upgrade", "1.2.0", annotation, "--set=colour=blue"), rollback(),
			} {
				write(s)
				s.wantTag("web", "1.2.0")
			}
			helm("upgrade", "1.2.0")(s) // without the gate
			s.wantTag("web", "1.2.7")
		})
	}
}

// Who may not act as the updater gets no further by saying so.
func TestActingAsTheUpdaterNeedsTheRight(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet, "garboard.dev/minAge: 3d"), "apply", "-f", "-")
	s.must("", "create", "rolebinding", "editor", "--clusterrole=edit", "--serviceaccount="+s.name+":default")
	editor, err := s.ServiceAccountKubeconfig(t.Context(), s.name, "default")
	if err != nil {
		t.Fatal(err)
	}
	s.await("the right to patch", func(context.Context) error {
		_, _, err := s.kubectl("", "auth", "can-i", "patch", "deployments", "--kubeconfig="+editor)
		return err
	})
	s.bumpAs("web", "1.2.7", "--kubeconfig="+editor, "--field-manager=garboard-updater")
	s.wantTag("web", "1.2.0")
	_, _, err = s.kubectl("", "annotate", "deployment/web", "note=changed", "--overwrite", "--kubeconfig="+editor, asUpdater)
	if err == nil || !strings.Contains(err.Error(), "cannot impersonate") {
		t.Errorf("an editor acts as the updater: %v", err)
	}
}

// The process that runs as the updater is known to the API server as the account
// that the webhook trusts.
func TestUpdatersOwnBumpGoesThroughAGate(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", everySecond, "garboard.dev/minAge: 1s"), "apply", "-f", "-")
	s.awaitTag("web", "1.2.7")
}
