package artifact_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/release/artifact"
)

var (
	krew        = flag.String("krew", "", "folder of krew and validate-krew-manifest: make verify-krew")
	krewRelease = flag.String("release", "", "folder of a release that krew judges; by default one is made here, of programs that are none")
)

// krew's own validator accepts the manifest, and krew installs each archive as it would after
// the download: by its checksum, with the program under the plugin's name and the licence.
func TestKrewInstallsThePlugin(t *testing.T) {
	if *krew == "" {
		t.Skip("needs krew: make verify-krew")
	}
	folder, archives := *krewRelease, []artifact.Built(nil)
	if folder == "" {
		folder, archives = released(t)
	} else {
		archives = archivesIn(t, folder)
	}
	manifest := filepath.Join(folder, "krew", "garboard.yaml")
	runKrew(t, nil, "validate-krew-manifest", "-manifest", manifest, "-skip-install")
	for _, built := range archives {
		t.Run(built.OS+"/"+built.Architecture, func(t *testing.T) {
			root := t.TempDir()
			runKrew(t, []string{"KREW_ROOT=" + root, "KREW_OS=" + built.OS, "KREW_ARCH=" + built.Architecture},
				"krew", "install", "--manifest="+manifest, "--archive="+filepath.Join(folder, built.Archive))
			program, link := "garboard", "kubectl-garboard"
			if built.OS == "windows" {
				program, link = program+".exe", link+".exe"
			}
			if diff := cmp.Diff([]string{"LICENSE", program}, names(t, filepath.Join(root, "store", "garboard", "*", "*"))); diff != "" {
				t.Errorf("installed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{link}, names(t, filepath.Join(root, "bin", "*"))); diff != "" {
				t.Errorf("for kubectl (-want +got):\n%s", diff)
			}
		})
	}
}

// archivesIn are those of a release.
func archivesIn(t *testing.T, folder string) []artifact.Built {
	t.Helper()
	var all []artifact.Built
	for _, pattern := range []string{"garboard_v*_*_*.tar.gz", "garboard_v*_*_*.zip"} {
		for _, name := range names(t, filepath.Join(folder, pattern)) {
			parts := strings.Split(strings.TrimSuffix(strings.TrimSuffix(name, ".tar.gz"), ".zip"), "_")
			all = append(all, artifact.Built{OS: parts[len(parts)-2], Architecture: parts[len(parts)-1], Archive: name})
		}
	}
	if len(all) == 0 {
		t.Fatalf("%q has no archive", folder)
	}
	return all
}

// names are those of the files that a pattern matches, sorted.
func names(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	must(t, err)
	var all []string
	for _, path := range paths {
		all = append(all, filepath.Base(path))
	}
	return all
}

// runKrew runs one of krew's programs, which has to go well.
func runKrew(t *testing.T, env []string, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(*krew, program), args...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}
