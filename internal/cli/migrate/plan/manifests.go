package plan

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/yaml"
)

// Manifests is what can be applied, as YAML: the settings files as ConfigMaps, then the
// namespaces. Nothing of a Secret is in it.
func (p *Plan) Manifests() ([]byte, error) {
	var out bytes.Buffer
	for _, f := range p.Settings {
		if err := write(&out, map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": map[string]any{"name": f.ConfigMap, "namespace": garboardNamespace},
			"data":     map[string]string{f.Name: f.Text},
		}); err != nil {
			return nil, err
		}
	}
	for _, n := range p.Namespaces {
		metadata := map[string]any{"name": n.Name, "labels": n.Labels}
		if len(n.Annotations) > 0 {
			metadata["annotations"] = n.Annotations
		}
		if err := write(&out, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func write(out *bytes.Buffer, object map[string]any) error {
	text, err := yaml.Marshal(object)
	if err != nil {
		return fmt.Errorf("writing a manifest: %w", err)
	}
	if out.Len() > 0 {
		out.WriteString("---\n")
	}
	out.Write(text)
	return nil
}
