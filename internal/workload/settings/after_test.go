package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

// after reads what a Deployment "shop" in the namespace prod comes after.
func after(t *testing.T, own, namespace string) (read []string, faults []string) {
	t.Helper()
	annotations, defaults := keys{"garboard.dev/policy": "minor"}, keys{}
	if own != "" {
		annotations["garboard.dev/after"] = own
	}
	if namespace != "" {
		defaults["garboard.dev/after"] = namespace
	}
	o := workloadtest.Deployment(t, annotations, nil)
	s := settings.ReadSettings(o, workload.Namespace{Name: "prod", Annotations: defaults})
	for _, a := range s.After() {
		read = append(read, a.String()+" for "+a.Length())
	}
	return read, texts(s.Faults)
}

func TestAfter(t *testing.T) {
	for name, test := range map[string]struct {
		own, namespace string
		want           []string
	}{
		"one workload":                       {own: "staging/deployment/shop for 24h", want: []string{"staging/deployment/shop for 1d"}},
		"the same name and kind elsewhere":   {own: "staging for 90m", want: []string{"staging/deployment/shop for 90m"}},
		"a namespace's default":              {namespace: "staging for 24h", want: []string{"staging/deployment/shop for 1d"}},
		"the workload's own before that":     {own: "dev for 1h", namespace: "staging for 24h", want: []string{"dev/deployment/shop for 1h"}},
		"several, with spaces":               {own: " dev/statefulset/db for 1h ,  qa/daemonset/agent for 2d", want: []string{"dev/statefulset/db for 1h", "qa/daemonset/agent for 2d"}},
		"kinds in the plural, in other case": {own: "dev/Deployments/shop for 1h", want: []string{"dev/deployment/shop for 1h"}},
		"kinds with their group":             {own: "dev/deployment.apps/shop for 1h", want: []string{"dev/deployment/shop for 1h"}},
		"a custom kind":                      {own: "dev/Rollout.argoproj.io/shop for 1h", want: []string{"dev/rollout.argoproj.io/shop for 1h"}},
		"another workload of its namespace":  {own: "prod/deployment/canary for 0s", want: []string{"prod/deployment/canary for 0h"}},
		"none":                               {},
	} {
		t.Run(name, func(t *testing.T) {
			got, faults := after(t, test.own, test.namespace)
			if diff := cmp.Diff(test.want, got); diff != "" || len(faults) > 0 {
				t.Errorf("(-want +got)\n%s\nfaults %q", diff, faults)
			}
		})
	}
}

const afterForm = `"NAMESPACE/KIND/NAME for DURATION", such as "staging/deployment/shop for 24h", at most 8 of them, comma-separated; NAMESPACE alone means the same kind and name there; a duration is at most 366d`

// Each is refused by one sentence: where, what was given, and what is allowed.
func TestBadAfterIsTold(t *testing.T) {
	many := strings.Repeat("dev/deployment/a for 1h,", 8) + "dev/deployment/a for 1h"
	for name, test := range map[string]struct{ given, want string }{
		"an empty one":                {" ", "an empty name; allowed: " + afterForm},
		"a comma too many":            {"dev for 1h,", "an empty name; allowed: " + afterForm},
		"no duration":                 {"staging/deployment/shop", `"staging/deployment/shop" is not of that form; allowed: ` + afterForm},
		"other words":                 {"staging since 24h", `"staging since 24h" is not of that form; allowed: ` + afterForm},
		"a duration without its unit": {"staging for 48", `"48" is no duration of 0s to 366d; allowed: ` + afterForm},
		"one before now":              {"staging for -1h", `"-1h" is no duration of 0s to 366d; allowed: ` + afterForm},
		"one of many years":           {"staging for 9999d", `"9999d" is no duration of 0s to 366d; allowed: ` + afterForm},
		"one that no number holds":    {"staging for 99999999999999h", `"99999999999999h" is no duration of 0s to 366d; allowed: ` + afterForm},
		"a kind without a name":       {"staging/shop for 1h", `"staging/shop" is neither a namespace nor NAMESPACE/KIND/NAME; allowed: ` + afterForm},
		"a bad namespace":             {"Staging for 1h", `"Staging" is no name of a namespace; allowed: ` + afterForm},
		"a bad name":                  {"staging/deployment/Shop for 1h", `"Shop" is no name of a workload; allowed: ` + afterForm},
		"a kind with a slip":          {"staging/deploymnet/shop for 1h", `unknown kind "deploymnet"; did you mean "deployment"? known: deployment, statefulset, daemonset, cronjob, and KIND.GROUP of those of --custom-kinds; allowed: ` + afterForm},
		"a kind that never rolls":     {"staging/pod/shop for 1h", `unknown kind "pod"; known: deployment, statefulset, daemonset, cronjob, and KIND.GROUP of those of --custom-kinds; allowed: ` + afterForm},
		"one workload twice":          {"dev/deployment/a for 1h, dev/deployments/a for 2h", `"dev/deployment/a" stands there twice; allowed: ` + afterForm},
		"nine workloads":              {many, "9 workloads; allowed: " + afterForm},
		"the workload itself":         {"dev for 1h, prod/deployment/shop for 1h", `"prod/deployment/shop" is the workload itself; allowed: other workloads that run a version before it`},
		"its own namespace":           {"prod for 1h", `"prod/deployment/shop" is the workload itself; allowed: other workloads that run a version before it`},
		"a text without end":          {strings.Repeat("a", 2000), "longer than 1024 bytes; allowed: " + afterForm},
	} {
		t.Run(name, func(t *testing.T) {
			for _, namespace := range []bool{false, true} {
				given := []string{test.given, ""}
				if namespace {
					given = []string{"", test.given}
				}
				read, faults := after(t, given[0], given[1])
				if len(faults) != 1 || !strings.HasPrefix(faults[0], "metadata.annotations[garboard.dev/after]: Invalid value: ") || !strings.HasSuffix(faults[0], `": `+test.want) {
					t.Errorf("on the namespace %t: faults %q\nwant %s", namespace, faults, test.want)
				}
				if len(read) > 0 {
					t.Errorf("on the namespace %t: it is read as %q", namespace, read)
				}
			}
		})
	}
}

// A namespace whose default names the namespace itself leaves its workloads alone, and is
// told when it is written.
func TestNamespaceThatComesAfterItselfIsTold(t *testing.T) {
	faults := texts(settings.NamespaceFaults(workload.Namespace{Name: "prod", Annotations: keys{"garboard.dev/after": "prod for 1h"}}))
	if len(faults) != 1 || !strings.Contains(faults[0], `"prod" is the workload itself`) {
		t.Errorf("got %q", faults)
	}
	if faults := settings.NamespaceFaults(workload.Namespace{Name: "prod", Annotations: keys{"garboard.dev/after": "staging for 1h"}}); len(faults) > 0 {
		t.Errorf("got %q", texts(faults))
	}
}

// A gate that Keel's spelling cannot read is not an open one.
func TestBadAfterInKeelsSpellingLeavesTheWorkloadAlone(t *testing.T) {
	o := workloadtest.Deployment(t, keys{"keel.sh/policy": "minor", "keel.sh/after": "staging"}, nil)
	s := settings.ReadSettings(o, workload.Namespace{Name: "prod"})
	if got := policies(o, s); len(got) > 0 {
		t.Errorf("governed: %v", got)
	}
}

func TestCircle(t *testing.T) {
	parse := func(text string) []settings.After {
		o := workloadtest.Deployment(t, keys{"garboard.dev/policy": "minor", "garboard.dev/after": text}, nil)
		return settings.ReadSettings(o, workload.Namespace{Name: "elsewhere"}).After()
	}
	prod := settings.UpstreamOf(workload.StandardKinds().All()[0].GroupKind(), "prod", "shop")
	chain := map[string]string{}
	for i := range 50 {
		chain["n"+strings.Repeat("x", i)+"/deployment/shop"] = "n" + strings.Repeat("x", i+1) + "/deployment/shop for 1h"
	}
	for name, test := range map[string]struct {
		first string
		of    map[string]string
		want  string
	}{
		"a chain":                             {"staging for 1h", map[string]string{"staging/deployment/shop": "dev for 1h"}, ""},
		"two":                                 {"staging for 1h", map[string]string{"staging/deployment/shop": "prod for 1h"}, "prod/deployment/shop after staging/deployment/shop after prod/deployment/shop"},
		"three":                               {"staging for 1h", map[string]string{"staging/deployment/shop": "dev for 1h", "dev/deployment/shop": "prod for 1h"}, "prod/deployment/shop after staging/deployment/shop after dev/deployment/shop after prod/deployment/shop"},
		"by the second of two":                {"qa for 1h, staging for 1h", map[string]string{"staging/deployment/shop": "prod for 1h"}, "prod/deployment/shop after staging/deployment/shop after prod/deployment/shop"},
		"one that it is not part of":          {"staging for 1h", map[string]string{"staging/deployment/shop": "dev for 1h", "dev/deployment/shop": "staging for 1h"}, ""},
		"more workloads than are looked at":   {"n/deployment/shop for 1h", chain, ""},
		"two ways to one workload, no circle": {"a for 1h, b for 1h", map[string]string{"a/deployment/shop": "dev for 1h", "b/deployment/shop": "dev for 1h"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			got := settings.Circle(prod, parse(test.first), func(u settings.Upstream) []settings.After {
				asked++
				if next, ok := test.of[u.String()]; ok {
					return parse(next)
				}
				return nil
			})
			text := ""
			if got != nil {
				text = settings.CircleText(got)
			}
			if text != test.want || asked > 32 {
				t.Errorf("got %q after %d questions, want %q", text, asked, test.want)
			}
		})
	}
}
