package settings_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

// mostSteps is what the settings of both objects of one request may make us compile.
const mostSteps = 20_000

// dear are settings that make reading them dear, for as many containers as there is room
// for. Each is written under one of the prefixes.
var dear = map[string]func(prefix string, n int) keys{
	"one filter for all policies": func(prefix string, n int) keys {
		all := keys{prefix + "filter": "a{999}b{999}c{999}d{999}"}
		for i := range n {
			all[fmt.Sprint(prefix, "policy.c", i)] = "patch"
		}
		return all
	},
	"a filter within the bound, and policies beside it": func(prefix string, n int) keys {
		all := keys{prefix + "filter": "(a{30}){30}"}
		for i := range n {
			all[fmt.Sprint(prefix, "policy.c", i)] = fmt.Sprintf("regexp:(a{30}){29}b{%d}", i%100)
		}
		return all
	},
	"patterns of their own, refused": func(prefix string, n int) keys {
		all := keys{}
		for i := range n {
			all[fmt.Sprint(prefix, "policy.c", i)] = fmt.Sprintf("regexp:a{999}b{999}c{999}%d", i)
		}
		return all
	},
	"patterns of their own, each within the bound": func(prefix string, n int) keys {
		all := keys{}
		for i := range n {
			all[fmt.Sprint(prefix, "policy.c", i)] = fmt.Sprintf("regexp:(a{30}){30}%d", i)
		}
		return all
	},
	"classes of many letters": func(prefix string, n int) keys {
		all := keys{}
		for i := range n {
			all[fmt.Sprint(prefix, "policy.c", i)] = fmt.Sprintf("regexp:%s%d", strings.Repeat(`(?i)\pL`, 70), i)
		}
		return all
	},
	"patterns that are none": func(prefix string, n int) keys {
		all := keys{}
		for i := range n {
			all[fmt.Sprint(prefix, "policy.c", i)] = fmt.Sprintf("regexp:%s%d(", strings.Repeat(`\pL`, 160), i)
		}
		return all
	},
	"a choice of containers": func(prefix string, n int) keys {
		all := keys{prefix + "monitorContainers": "(a{30}){30}", prefix + "policy": "regexp:(a{30}){30}c"}
		for i := range n {
			all[fmt.Sprint(prefix, "policy.c", i)] = fmt.Sprintf("regexp:(a{30}){30}%d", i)
		}
		return all
	},
	"a choice of containers in every case": func(prefix string, n int) keys {
		all := keys{prefix + "policy": "minor"}
		for i := range n {
			key := []byte("monitorContainers")
			for bit := range key {
				if i>>bit&1 == 1 {
					key[bit] ^= 'a' - 'A'
				}
			}
			all[prefix+string(key)] = fmt.Sprintf("a{999}b{999}c{999}%d", i)
		}
		return all
	},
}

func TestReadingSettingsIsBounded(t *testing.T) {
	for name, read := range dear {
		for _, prefix := range []string{"garboard.dev/", "keel.sh/"} {
			for _, on := range []string{"annotations", "labels", "namespace"} {
				for _, n := range []int{250, 2000} {
					t.Run(fmt.Sprintf("%s/%s/%s/%d", name, prefix, on, n), func(t *testing.T) {
						reader := settings.NewReader()
						for object, n := range []int{n, n - 1} { // an update has two, which differ
							o, namespace := placed(t, on, read(prefix, n))
							s, err := reader.Settings(t.Context(), o, namespace)
							if err != nil {
								t.Fatal(err)
							}
							if len(s.Faults) == 0 {
								t.Fatalf("object %d: no fault", object)
							}
							if len(policies(o, s)) > 0 {
								t.Errorf("object %d: governed %v", object, policies(o, s))
							}
						}
						if got := reader.Steps(); got > mostSteps {
							t.Errorf("compiled %d steps, want at most %d", got, mostSteps)
						}
					})
				}
			}
		}
	}
}

// placed is a Deployment with the settings, or its namespace's.
func placed(t testing.TB, on string, settings keys) (*workload.Object, workload.Namespace) {
	t.Helper()
	switch on {
	case "annotations":
		return workloadtest.Deployment(t, settings, nil), workload.Namespace{}
	case "labels":
		return workloadtest.Deployment(t, nil, settings), workload.Namespace{}
	default:
		return workloadtest.Deployment(t, nil, nil), workload.Namespace{Annotations: settings}
	}
}

// The text is one for everybody: where, what was given, what is allowed.
func TestOverTheBudget(t *testing.T) {
	patterns := func(prefix string) keys {
		all := keys{}
		for i := range 20 {
			all[fmt.Sprintf("%spolicy.c%02d", prefix, i)] = fmt.Sprintf("regexp:(a{30}){30}%d", i)
		}
		return all
	}
	many := keys{}
	for i := range 1025 {
		many[fmt.Sprint("keel.sh/k", i)] = "x"
	}
	const tooMuch = `: too much; allowed: regular expressions of at most 10000 steps in all settings together`
	for name, test := range map[string]struct {
		annotations, namespace keys
		want                   string
		keel, namespaces       bool
	}{
		"of patterns":                   {annotations: patterns("garboard.dev/"), want: `metadata.annotations[garboard.dev/policy.c10]: Invalid value: "regexp:(a{30}){30}10"` + tooMuch},
		"of patterns, in Keel's way":    {annotations: patterns("keel.sh/"), want: `metadata.annotations[keel.sh/policy.c10]: Invalid value: "regexp:(a{30}){30}10"` + tooMuch, keel: true},
		"of patterns, on a namespace":   {namespace: patterns("garboard.dev/"), want: `metadata.annotations[garboard.dev/policy.c10]: Invalid value: "regexp:(a{30}){30}10"` + tooMuch, namespaces: true},
		"of keys, though they are none": {annotations: many, want: `metadata.annotations: Invalid value: "1025 settings": too many; allowed: at most 1024`, keel: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, test.annotations, keys{"garboard.dev/policy": "minor"})
			s := settings.ReadSettings(o, workload.Namespace{Annotations: test.namespace})
			if len(s.Faults) != 1 || s.Faults[0].Error().Error() != test.want {
				t.Fatalf("got %q, want %q alone", texts(s.Faults), test.want)
			}
			if f := s.Faults[0]; f.Keel != test.keel || f.Namespace != test.namespaces || f.PassedOver {
				t.Errorf("got %+v", f)
			}
			if len(policies(o, s)) > 0 {
				t.Errorf("governed %v", policies(o, s))
			}
		})
	}
}

// ending is a context that ends when it has been asked so many times.
type ending struct {
	context.Context
	left int
}

func (e *ending) Err() error {
	if e.left--; e.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// Whoever asked has left: what is not compiled by then is not compiled.
func TestReadingEndsWithTheRequest(t *testing.T) {
	read := keys{}
	for i := range 200 {
		read[fmt.Sprintf("garboard.dev/policy.c%03d", i)] = fmt.Sprintf("regexp:a{20}%d", i)
	}
	o := workloadtest.Deployment(t, read, nil)
	whole := settings.NewReader()
	if _, err := whole.Settings(t.Context(), o, workload.Namespace{}); err != nil {
		t.Fatal(err)
	}
	var before int
	for _, checks := range []int{0, 201, 250, 300} {
		reader := settings.NewReader()
		s, err := reader.Settings(&ending{t.Context(), checks}, o, workload.Namespace{})
		if s != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %d checks: got %v, %v", checks, s, err)
		}
		if n := reader.Steps(); n > whole.Steps()/2 || n < before {
			t.Errorf("after %d checks: %d steps of %d were compiled", checks, n, whole.Steps())
		} else {
			before = n
		}
	}
	if before == 0 {
		t.Error("no reading came as far as to compile anything")
	}
}

// FuzzReadingSettingsIsBounded looks for the dearest object: any text as any setting,
// and as the policies of as many containers as there is room for.
func FuzzReadingSettingsIsBounded(f *testing.F) {
	f.Add("filter", "a{999}b{999}", "patch", 256)
	f.Add("monitorContainers", `(?i)\pL{30}`, "regexp:(a{30}){30}", 1000)
	f.Add("exclude", strings.Repeat("*a", 60), "glob:*", 300)
	f.Add("extract", "$1", "semver:>=1 || <2", 40)
	f.Add("variant", "a*,b*", "regexp:(?P<compare>[a-z]+)$", 1500)
	f.Fuzz(func(t *testing.T, name, text, policy string, n int) {
		n = min(max(n, 0), 2000)
		for _, prefix := range []string{"garboard.dev/", "keel.sh/"} {
			reader := settings.NewReader()
			for object := range 2 {
				settings := keys{prefix + name: text}
				for i := range n {
					settings[fmt.Sprint(prefix, "policy.c", i)] = fmt.Sprint(policy, object*n+i)
				}
				o, namespace := placed(t, "annotations", settings)
				if _, err := reader.Settings(t.Context(), o, namespace); err != nil {
					t.Fatal(err)
				}
			}
			if got := reader.Steps(); got > mostSteps {
				t.Fatalf("compiled %d steps, want at most %d", got, mostSteps)
			}
		}
	})
}
