package e2e

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
)

// User-Agents of programs that give no field manager: k9s, a browser at the console of a
// cluster, and a provisioner.
const (
	k9s         = "k9s/v0.50.12 (linux/amd64) kubernetes/$Format"
	browser     = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	provisioner = "HashiCorp/1.0 Terraform/1.14.0"
)

// Programs in which people choose an image, and give no field manager.
func TestEveryWriterOfPrograms(t *testing.T) {
	parallel(t)
	applied := []write{send("1.2.0", "apply")}
	server := send("1.2.0", "apply", "--server-side", "--force-conflicts")
	for name, w := range map[string]writer{
		"k9s sets a lower image, which is held": {
			before: applied, write: patchBy(k9s, "1.2.6"), again: true,
			want: written{Tag: "1.2.6", Revisions: 2, Owners: "k9s Update", Warned: "web: APP:1.2.7 -> 1.2.6 as written; 1.2.7 is held"},
		},
		"k9s sets a higher image, which is resolved": {
			before: applied, write: patchBy(k9s, "1.3.0"), again: true,
			want: written{Tag: "1.3.4", Revisions: 2, Owners: "k9s Update", Warned: "web: APP:1.3.0 -> 1.3.4 (policy patch)"},
		},
		"the loop's manifest is the source after k9s went up": {
			before: []write{server, pushes("1.2.8"), patchBy(k9s, "1.2.8")}, write: server, again: true,
			want: written{Tag: "1.2.8", Revisions: 2, Owners: "kubectl Apply"},
		},
		"a console's editor puts a lower image, which is held": {
			before: applied, write: putBy(browser, "1.2.6"), again: true,
			want: written{Tag: "1.2.6", Revisions: 2, Owners: "Mozilla Update", Warned: "web: APP:1.2.7 -> 1.2.6 as written; 1.2.7 is held"},
		},
		"a provisioner's image is its manifest's": {
			before: applied, write: patchBy(provisioner, "1.2.6"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: "HashiCorp Update", Warned: "web: APP:1.2.6 -> 1.2.7 (policy patch)"},
		},
	} {
		t.Run(name, func(t *testing.T) { w.run(newSpace(t)) })
	}
}

// patchBy sets the image as a program does that sends a User-Agent alone.
func patchBy(agent, tag string) write {
	return func(s *space) string {
		s.t.Helper()
		patch := `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"` + s.image + ":" + tag + `"}]}}}}`
		return s.as(agent, func(ctx context.Context, d appsv1client.DeploymentInterface) error {
			_, err := d.Patch(ctx, "web", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
			return err
		})
	}
}

// putBy reads the object and puts it back with another image.
func putBy(agent, tag string) write {
	return func(s *space) string {
		s.t.Helper()
		return s.as(agent, func(ctx context.Context, d appsv1client.DeploymentInterface) error {
			object, err := d.Get(ctx, "web", metav1.GetOptions{})
			if err != nil {
				return err
			}
			object.Spec.Template.Spec.Containers[0].Image = s.image + ":" + tag
			_, err = d.Update(ctx, object, metav1.UpdateOptions{})
			return err
		})
	}
}

// as writes with a User-Agent, and returns what the writer was warned of.
func (s *space) as(agent string, write func(ctx context.Context, d appsv1client.DeploymentInterface) error) string {
	s.t.Helper()
	var heard warnings
	config := s.RESTConfig()
	config.UserAgent, config.WarningHandler = agent, &heard
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := write(s.t.Context(), client.AppsV1().Deployments(s.name)); err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(heard.texts, "\n")
}
