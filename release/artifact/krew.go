package artifact

import (
	"fmt"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// Built is a program's archive.
type Built struct{ OS, Architecture, Archive string }

type krewPlugin struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   map[string]string `json:"metadata"`
	Spec       krewSpec          `json:"spec"`
}

type krewSpec struct {
	Version          string         `json:"version"`
	Homepage         string         `json:"homepage"`
	ShortDescription string         `json:"shortDescription"`
	Description      string         `json:"description"`
	Platforms        []krewPlatform `json:"platforms"`
}

type krewPlatform struct {
	Selector map[string]map[string]string `json:"selector"`
	URI      string                       `json:"uri"`
	SHA256   string                       `json:"sha256"`
	Bin      string                       `json:"bin"`
	Files    []map[string]string          `json:"files"`
}

// Krew writes the manifest by which krew installs the program as kubectl's plugin. The file
// is named after the plugin, as krew's index wants it.
func (w *Writer) Krew(archives []Built) error {
	plugin := krewPlugin{
		APIVersion: "krew.googlecontainertools.github.com/v1alpha2", Kind: "Plugin",
		Metadata: map[string]string{"name": "garboard"},
		Spec: krewSpec{
			Version: w.Version, Homepage: Home,
			ShortDescription: "Show and steer automatic image updates",
			Description: "Garboard keeps the images of workloads at the newest version that their policy\n" +
				"allows. The plugin shows what each workload runs and what keeps it from a newer\n" +
				"image, its history, and what is wrong with an installation; it holds versions,\n" +
				"and resolves manifests without a cluster.\n",
		},
	}
	for _, built := range archives {
		sum, err := checksum(filepath.Join(w.Folder, built.Archive))
		if err != nil {
			return err
		}
		bin := "garboard"
		if built.OS == "windows" {
			bin += ".exe"
		}
		plugin.Spec.Platforms = append(plugin.Spec.Platforms, krewPlatform{
			Selector: map[string]map[string]string{"matchLabels": {"os": built.OS, "arch": built.Architecture}},
			URI:      Downloads + w.Version + "/" + built.Archive, SHA256: sum, Bin: bin,
			Files: []map[string]string{{"from": bin, "to": "."}, {"from": "LICENSE", "to": "."}},
		})
	}
	text, err := yaml.Marshal(plugin)
	if err != nil {
		return fmt.Errorf("writing krew's manifest: %w", err)
	}
	return w.Write(filepath.Join("krew", "garboard.yaml"), []byte(strings.TrimSpace(string(text))+"\n"))
}
