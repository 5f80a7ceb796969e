package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

func FuzzParse(f *testing.F) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile("testdata/" + file.Name())
		if err != nil {
			continue // a folder of the fuzzer's
		}
		if strings.HasSuffix(file.Name(), ".yaml") {
			f.Add(string(data))
		}
	}
	f.Add("registries: [{credentials: {password: &hunter2-secret x}}]")
	f.Add("registries: [{credentials: {? {token: hunter2-secret} : !!binary password}}]")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("f", []byte(text), nil)
		if err == nil {
			if c == nil {
				t.Fatal("got neither settings nor faults")
			}
			c.For("docker.io", "library/nginx")
			return
		}
		var faults config.Faults
		if !errors.As(err, &faults) || len(faults) > 101 {
			t.Fatalf("got error %v, want at most 101 Faults", err)
		}
		for _, fault := range faults {
			if said := fault.Error(); fault.Line < 1 || fault.Line > 1+strings.Count(text, "\n") ||
				len(said) > 1000 || strings.ContainsAny(said, "\n\r\x1b") {
				t.Errorf("got %q", said)
			}
		}
		for _, secret := range secrets(text) {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("got the secret %q in %q", secret, err)
			}
		}
	})
}

// secrets are the values that stand under the keys of secrets and nowhere else.
func secrets(text string) []string {
	var root yaml.Node
	if yaml.Unmarshal([]byte(text), &root) != nil {
		return nil
	}
	var found []string
	var walk func(*yaml.Node)
	walk = func(node *yaml.Node) {
		for i, inner := range node.Content {
			walk(inner)
			if node.Kind != yaml.MappingNode || i%2 == 0 || len(inner.Value) < 8 || strings.Count(text, inner.Value) != 1 {
				continue
			}
			switch node.Content[i-1].Value {
			case "password", "token", "identityToken":
				found = append(found, inner.Value)
			}
		}
	}
	walk(&root)
	return found
}
