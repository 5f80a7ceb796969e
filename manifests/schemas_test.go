package manifests_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/test/gomodule"
	"github.com/garboard-dev/garboard/test/schemas"
)

var (
	kubeconform = flag.String("kubeconform", "", "the program that compares manifests with the schemas of Kubernetes; without it, that is not done. make lint-manifests has it")
	releases    = flag.String("kubernetes", "newest", `versions of Kubernetes whose schemas count, as "v1.30.14,v1.34.4"; or "newest", or "all"`)
)

// settingsKinds are files that no API server is sent. The programs that read them judge them
// in other tests.
func settingsKinds() []string {
	return []string{
		"garboard.dev/v1alpha1/ChatConfig", "garboard.dev/v1alpha1/NotificationsConfig", "garboard.dev/v1alpha1/PushConfig", "garboard.dev/v1alpha1/RegistriesConfig",
		"kustomize.config.k8s.io/v1beta1/Kustomization", "apiserver.config.k8s.io/v1/AdmissionConfiguration", "v1/Config",
	}
}

// fault is what kubeconform has against an object, in one of the files that it was given.
type fault struct {
	File, Kind, Name, Message string
}

// excerpt reports whether the object lacks what it needs, and has nothing wrong: the message
// has a clause for each place.
func (f fault) excerpt() bool {
	clauses := strings.Split(f.Message, " - at '")[1:]
	wrong := slices.ContainsFunc(clauses, func(clause string) bool { return !strings.Contains(clause, "': missing propert") })
	return len(clauses) > 0 && !wrong
}

func (f fault) String() string {
	return fmt.Sprintf("%s: %s %q: %s", filepath.Base(f.File), f.Kind, f.Name, f.Message)
}

// All that can be rendered has the fields and types that each version of Kubernetes
// publishes, and so has all that the pages show.
func TestManifestsMeetTheSchemasOfKubernetes(t *testing.T) {
	needsKubeconform(t)
	files := allManifests(t)
	for _, release := range wantedReleases(t) {
		t.Run(release.Version, func(t *testing.T) {
			valid, faults := lint(t, schemasOf(t, release), files)
			for _, f := range faults {
				if f.excerpt() && strings.HasPrefix(filepath.Base(f.File), pagePrefix) {
					continue // a page need not show all of an object
				}
				t.Error(f)
			}
			if valid < len(install(t))*len(combinations()) {
				t.Errorf("%d objects in %d files were judged: some are not found", valid, len(files))
			}
		})
	}
}

// Without this, a check that finds nothing would look like manifests without a fault.
func TestManifestsWithTypingErrorsDoNotMeetTheSchemas(t *testing.T) {
	needsKubeconform(t)
	dir := schemasOf(t, wantedReleases(t)[0])
	text, err := os.ReadFile(installFile)
	must(t, err)
	base, monitoring := string(text), kustomize(t, "testdata/monitoring")
	for name, tt := range map[string]struct{ manifest, right, wrong, want string }{
		"a field of a container":                    {base, "readinessProbe:", "readynessProbe:", "'readynessProbe' not allowed"},
		"a field of a webhook":                      {base, "matchConditions:", "matchCondition:", "'matchCondition' not allowed"},
		"a field of a policy":                       {base, "validationActions:", "validationAction:", "'validationAction' not allowed"},
		"a field of a definition's schema":          {base, "openAPIV3Schema:", "openAPIV3schema:", "'openAPIV3schema' not allowed"},
		"a field of a kind of cert-manager":         {base, "dnsNames:", "dnsName:", "'dnsName' not allowed"},
		"a field of a kind of Prometheus' operator": {monitoring, "podMetricsEndpoints:", "podMetricEndpoints:", "'podMetricEndpoints' not allowed"},
		"a kind":                      {base, "kind: PodDisruptionBudget", "kind: PodDisruptionsBudget", "could not find schema"},
		"a version of an API":         {base, "apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n", "could not find schema"},
		"a text for a number":         {base, "failureThreshold: 2", "failureThreshold: two", "got string"},
		"a field that is given twice": {base, "    type: RollingUpdate\n", "    type: RollingUpdate\n    type: RollingUpdate\n", "already set in map"},
	} {
		t.Run(name, func(t *testing.T) {
			faults := lintChanged(t, dir, tt.manifest, tt.right, tt.wrong)
			if len(faults) != 1 || !strings.Contains(faults[0].Message, tt.want) {
				t.Errorf("got %v, want one fault: %s", faults, tt.want)
			}
		})
	}
}

// Each version has schemas of its own: restartPolicyRules came with 1.34.
func TestManifestsOfNewerVersionsDoNotMeetOlderSchemas(t *testing.T) {
	needsKubeconform(t)
	text, err := os.ReadFile(installFile)
	must(t, err)
	for _, release := range wantedReleases(t) {
		faults := lintChanged(t, schemasOf(t, release), string(text), "        readinessProbe:", "        restartPolicyRules: []\n        readinessProbe:")
		if older := release.Version < "v1.34"; older != (len(faults) == 1) {
			t.Errorf("%s: %v", release.Version, faults)
		}
	}
}

// lintChanged judges a manifest with its first such text replaced.
func lintChanged(t *testing.T, dir, manifest, from, to string) []fault {
	t.Helper()
	changed := strings.Replace(manifest, from, to, 1)
	if changed == manifest {
		t.Fatalf("nothing says %q", from)
	}
	file := filepath.Join(t.TempDir(), "changed.yaml")
	must(t, os.WriteFile(file, []byte(changed), 0o600))
	_, faults := lint(t, dir, []string{file})
	return faults
}

func TestNewestSchemasAreThoseOfTheLocalCluster(t *testing.T) {
	all := schemas.Releases()
	modules, err := os.ReadFile("../test/cluster/controlplane/go.mod")
	must(t, err)
	if newest := all[len(all)-1]; !strings.Contains(string(modules), newest.Path+" "+newest.Version+"\n") {
		t.Errorf("the newest schemas are of %s, and the local cluster is of another version", newest.Version)
	}
	for i, release := range all {
		if want := fmt.Sprintf("v1.%d.", 30+i); !strings.HasPrefix(release.Version, want) {
			t.Errorf("schemas of %s, want of %sx: each minor version from the oldest that Garboard is for", release.Version, want)
		}
	}
}

func needsKubeconform(t *testing.T) {
	t.Helper()
	if *kubeconform == "" {
		t.Skip("-kubeconform names no program: make lint-manifests does")
	}
}

// wantedReleases are those that the flag names.
func wantedReleases(t *testing.T) []gomodule.Module {
	t.Helper()
	all := schemas.Releases()
	switch *releases {
	case "newest":
		return all[len(all)-1:]
	case "all":
		return all
	}
	var wanted []gomodule.Module
	for version := range strings.SplitSeq(*releases, ",") {
		at := slices.IndexFunc(all, func(r gomodule.Module) bool { return r.Version == version })
		if at < 0 {
			t.Fatalf("-kubernetes=%q: there are no schemas of %q", *releases, version)
		}
		wanted = append(wanted, all[at])
	}
	return wanted
}

// schemasOf makes the schemas of a release, with the kinds that are defined by Garboard,
// cert-manager and the Prometheus Operator.
func schemasOf(t *testing.T, release gomodule.Module) string {
	t.Helper()
	set, err := schemas.Of(t.Context(), release)
	must(t, err)
	operator, err := schemas.PrometheusOperator().Dir(t.Context())
	must(t, err)
	certManager, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/cert-manager").Output()
	must(t, err)
	for _, pattern := range []string{
		"base/crds/*.yaml",
		strings.TrimSpace(string(certManager)) + "/deploy/crds/cert-manager.io_*.yaml",
		// Of megabytes, what is rendered.
		operator + "/example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
		operator + "/example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
	} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		if len(files) == 0 {
			t.Fatalf("there are no definitions in %s", pattern)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			must(t, err)
			must(t, set.Define(text))
		}
	}
	dir := t.TempDir()
	must(t, set.Write(dir))
	return dir
}

// lint has kubeconform judge files by the schemas of a folder. It returns how many objects
// are valid, and what is wrong with the others.
func lint(t *testing.T, dir string, files []string) (int, []fault) {
	t.Helper()
	args := []string{"-strict", "-output=json", "-verbose", "-skip=" + strings.Join(settingsKinds(), ","), "-schema-location=" + filepath.Join(dir, schemas.Location)}
	out, err := exec.CommandContext(t.Context(), *kubeconform, append(args, files...)...).Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var report struct {
		Resources []struct{ Filename, Kind, Name, Status, Msg string }
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("reading what kubeconform says: %v\n%s", err, out)
	}
	valid := 0
	var faults []fault
	for _, r := range report.Resources {
		switch r.Status {
		case "statusValid":
			valid++
		case "statusSkipped", "statusEmpty":
		default:
			faults = append(faults, fault{r.Filename, r.Kind, r.Name, r.Msg})
		}
	}
	return valid, faults
}
