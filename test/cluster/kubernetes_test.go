package cluster

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// An older version is made of what its file says: nothing in it may be of another.
func TestOlderVersionsAreMadeOfTheirOwnModules(t *testing.T) {
	source, err := findModule(olderKubernetes)
	if err != nil {
		t.Fatal(err)
	}
	versions, err := OlderVersions()
	if err != nil || len(versions) == 0 {
		t.Fatalf("versions %q: %v", versions, err)
	}
	for _, version := range versions {
		text, err := os.ReadFile(filepath.Join(source, version+modulesSuffix))
		if err != nil {
			t.Fatal(err)
		}
		if want := "\tk8s.io/kubernetes " + version + "\n"; !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s does not require %q", version, want)
		}
		staging := regexp.MustCompile(`(?m)^\t(k8s\.io/\S+) => (\S+) (\S+)$`).FindAllStringSubmatch(string(text), -1)
		if len(staging) < 30 {
			t.Errorf("%s replaces only %d modules", version, len(staging))
		}
		for _, match := range staging {
			if match[1] != match[2] || match[3] != "v0."+strings.TrimPrefix(version, "v1.") {
				t.Errorf("%s replaces %s by %s %s", version, match[1], match[2], match[3])
			}
		}
	}
}

func TestAnUnknownVersionIsRefused(t *testing.T) {
	for _, version := range []string{"v1.2.3", "1.34.4", "../controlplane/go"} {
		_, err := buildKubernetes(t.Context(), io.Discard, version)
		if err == nil || !strings.Contains(err.Error(), "allowed: v1.") {
			t.Errorf("%q: %v", version, err)
		}
	}
}

func TestAVersionIsBuiltAnewForWhatItIsMadeOf(t *testing.T) {
	for name, want := range map[string]bool{
		"main.go": true, "v1.34.4.mod": true, "v1.34.4.sum": true,
		"main_test.go": false, "go.mod": false, "v1.35.4.mod": false, "v1.34.4.md": false,
	} {
		if got := isSourceOf(name, "v1.34.4"); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
