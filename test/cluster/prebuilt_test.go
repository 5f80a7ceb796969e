package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fake puts a program into a folder that prints the text.
func fake(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\ncat <<'END'\n%s\nEND\n", text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// required is the version of a module that the control plane is built of.
func required(t *testing.T, source, module string) string {
	t.Helper()
	version, err := goList(t.Context(), source, "-m", "-f", "{{.Version}}", module)
	if err != nil {
		t.Fatal(err)
	}
	return version[1:]
}

func TestProgramsOfTheMachineAreUsedIfTheyFit(t *testing.T) {
	source, err := findSource()
	if err != nil {
		t.Fatal(err)
	}
	etcd, kubernetes := required(t, source, "go.etcd.io/etcd/server/v3"), required(t, source, kubernetesModule)
	const other = "1.2.3"
	tests := map[string]struct {
		assets, path map[string]string // name -> what its version is said to be
		off          string
		want         []string // name, folder, version
	}{
		"an empty machine has none": {},
		"envtest's folder has both": {
			assets: map[string]string{"etcd": "etcd Version: " + etcd + "\nGit SHA: 1", "kubectl": "Client Version: v" + kubernetes},
			want:   []string{"etcd assets " + etcd, "kubectl assets " + kubernetes},
		},
		"another patch fits": {
			assets: map[string]string{"kubectl": "Client Version: v" + minorVersion(kubernetes) + ".99"},
			want:   []string{"kubectl assets " + minorVersion(kubernetes) + ".99"},
		},
		"another minor version does not": {
			assets: map[string]string{"etcd": "etcd Version: " + other, "kubectl": "Client Version: v" + other},
		},
		"etcd in PATH is used":                  {path: map[string]string{"etcd": "etcd Version: " + etcd}, want: []string{"etcd path " + etcd}},
		"envtest's etcd goes before PATH's":     {assets: map[string]string{"etcd": etcd}, path: map[string]string{"etcd": etcd}, want: []string{"etcd assets " + etcd}},
		"PATH's etcd is there if that is old":   {assets: map[string]string{"etcd": other}, path: map[string]string{"etcd": etcd}, want: []string{"etcd path " + etcd}},
		"kubectl in PATH is the user's own":     {path: map[string]string{"kubectl": "Client Version: v" + kubernetes}},
		"a program without a version is none":   {assets: map[string]string{"etcd": "help"}},
		"nothing is used where it is all built": {assets: map[string]string{"etcd": etcd}, off: "off"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folders := map[string]string{"assets": t.TempDir(), "path": t.TempDir()}
			for program, text := range test.assets {
				fake(t, folders["assets"], program, text)
			}
			for program, text := range test.path {
				fake(t, folders["path"], program, text)
			}
			// The go command and the shell's cat stay in PATH, an etcd of this machine
			// comes after the test's.
			t.Setenv("PATH", folders["path"]+string(os.PathListSeparator)+os.Getenv("PATH"))
			t.Setenv(assetsVariable, folders["assets"])
			t.Setenv(prebuiltVariable, test.off)
			var got []string
			for _, p := range findPrebuilt(t.Context(), source) {
				for folder, dir := range folders {
					if filepath.Dir(p.path) == dir {
						got = append(got, fmt.Sprintf("%s %s %s", p.name, folder, p.version))
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
