package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The README's three commands of kubectl, as they are written. Those of Helm are tried in
// test/install.
func TestInstalledAsTheReadmeSays(t *testing.T) {
	alone(t)
	s := makeSpace(t, nil)
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "or with kubectl, for the same objects:\n\n```sh\n")
	block, _, _ := strings.Cut(after, "\n```")
	commands := strings.Split(strings.NewReplacer("manifests/", "../../manifests/", "my-team", s.name).Replace(block), "\n")
	if len(commands) != 3 {
		t.Fatalf("the README has %q", commands)
	}
	s.push("1.2.0", "1.2.7")
	if _, _, err := s.Kubectl(t.Context(), "", "-n", s.name, "create", "deployment", "shop", "--image="+s.image+":1.2.0"); err != nil {
		t.Fatal(err)
	}
	for _, command := range commands {
		if _, _, err := s.Kubectl(t.Context(), "", strings.Fields(command)[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	s.await("the newest minor version", func(ctx context.Context) error {
		shop, err := s.Client().AppsV1().Deployments(s.name).Get(ctx, "shop", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if image := shop.Spec.Template.Spec.Containers[0].Image; image != s.image+":1.2.7" {
			return fmt.Errorf("the image is %s", image)
		}
		return nil
	})
}
