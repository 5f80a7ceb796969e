package installation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// environment is what install.yaml sets in the environment of a subcommand's
// container, as far as it is not the cluster's to say: memory is measured as it is
// used there.
func environment(source, subcommand string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(source, "manifests", "install.yaml"))
	if err != nil {
		return nil, err
	}
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var d appsv1.Deployment
		switch err := documents.Decode(&d); {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("reading manifests/install.yaml: no Deployment %q", "garboard-"+subcommand)
		case err != nil:
			return nil, fmt.Errorf("reading manifests/install.yaml: %w", err)
		}
		if d.Kind != "Deployment" || d.Name != "garboard-"+subcommand {
			continue
		}
		var env []string
		for _, e := range d.Spec.Template.Spec.Containers[0].Env {
			if e.ValueFrom == nil {
				env = append(env, e.Name+"="+e.Value)
			}
		}
		return env, nil
	}
}
