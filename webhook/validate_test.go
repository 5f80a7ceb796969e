package webhook_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// judged is a Deployment with the containers web and job.
type judged struct {
	annotations, labels map[string]string
	web, job            string // tags
	gone, owned         bool
}

func (j judged) String() string {
	metadata := map[string]any{"name": "shop", "namespace": "on", "annotations": j.annotations, "labels": j.labels}
	if j.gone {
		metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	}
	if j.owned {
		metadata["ownerReferences"] = []any{map[string]any{"kind": "App", "name": "shop", "uid": "1", "controller": true}}
	}
	containers := []any{map[string]any{"name": "web", "image": "a.example/web:" + j.web}}
	if j.job != "" {
		containers = append(containers, map[string]any{"name": "job", "image": "a.example/job:" + j.job})
	}
	data, err := json.Marshal(map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": containers}}},
	})
	if err != nil {
		panic(err)
	}
	return string(data)
}

// verdict is an answer of the validating webhook: refused has a line a fault.
type verdict struct{ refused, warned string }

func (w *world) judge(namespace string, now judged, stored *judged) verdict {
	w.t.Helper()
	in := write{namespace: namespace, object: now.String()}
	if stored != nil {
		in.old = stored.String()
	}
	response := w.post("/validate", in.review())
	got := verdict{warned: strings.Join(response.Warnings, "\n")}
	if !response.Allowed {
		var faults []string
		for _, cause := range response.Result.Details.Causes {
			faults = append(faults, cause.Field+": "+cause.Message)
		}
		got.refused = strings.Join(faults, "\n")
	}
	return got
}

type annotations = map[string]string

// inRange is the policy of which 1.x is out.
func inRange(more ...string) annotations {
	all := annotations{"garboard.dev/policy": "semver:>=2"}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

const outOfRange = `spec.template.spec.containers[0].image: Invalid value: "a.example/web:1.0.0": policy semver:>=2: outside the range`

func TestModes(t *testing.T) {
	w := newWorld(t)
	onNamespace := `namespace default metadata.annotations[garboard.dev/pin]: Invalid value: "maybe": allowed: digest, follow, tag`
	tests := map[string]struct {
		namespace string
		object    judged
		want      verdict
	}{
		"warn tells of an image out of range":    {"on", judged{annotations: inRange(), web: "1.0.0"}, verdict{warned: outOfRange}},
		"enforce refuses it":                     {"enforce", judged{annotations: inRange(), web: "1.0.0"}, verdict{refused: outOfRange}},
		"enforce admits an image in range":       {"enforce", judged{annotations: inRange(), web: "2.0.0"}, verdict{}},
		"off says nothing":                       {"unjudged", judged{annotations: annotations{"garboard.dev/policy": "glob:v*", "garboard.dev/pin": "tag"}, web: "1.0.0"}, verdict{}},
		"a level policy bounds nobody, enforced": {"enforce", judged{annotations: annotations{"garboard.dev/policy": "patch"}, web: "latest"}, verdict{}},
		"newest bounds nobody, enforced":         {"enforce", judged{annotations: annotations{"garboard.dev/policy": "newest"}, web: "1.0.0"}, verdict{}},
		"an exclusion binds all, enforced": {
			"enforce", judged{annotations: annotations{"garboard.dev/policy": "patch", "garboard.dev/exclude": "*-rc*"}, web: "1.0.0-rc1"},
			verdict{refused: `spec.template.spec.containers[0].image: Invalid value: "a.example/web:1.0.0-rc1": policy patch: excluded`},
		},
		"a container without a policy is not judged": {
			"enforce", judged{annotations: inRange("garboard.dev/policy.web", "never"), web: "1.0.0"}, verdict{},
		},
		"off refuses a bad setting": {
			"unjudged", judged{annotations: annotations{"garboard.dev/pin": "sha"}, web: "1.0.0"},
			verdict{
				refused: `metadata.annotations[garboard.dev/pin]: Invalid value: "sha": allowed: digest, follow, tag`,
				warned:  "",
			},
		},
		"a bad default of the namespace is told to its workloads": {
			"unjudged", judged{annotations: annotations{"garboard.dev/policy": "minor"}, web: "1.0.0"}, verdict{warned: onNamespace},
		},
		"warn tells of a bad setting in Keel's spelling": {
			"on", judged{annotations: annotations{"keel.sh/pin": "sha"}, web: "1.0.0"},
			verdict{warned: `metadata.annotations[keel.sh/pin]: Invalid value: "sha": allowed: digest, follow, tag`},
		},
		"enforce refuses it there": {
			"enforce", judged{annotations: annotations{"keel.sh/pin": "sha"}, web: "1.0.0"},
			verdict{refused: `metadata.annotations[keel.sh/pin]: Invalid value: "sha": allowed: digest, follow, tag`},
		},
		"keys that Keel writes are known, enforced": {
			"enforce", judged{annotations: annotations{"keel.sh/update-time": "now", "keel.sh/digest": "sha256:0"}, web: "1.0.0"}, verdict{},
		},
		"a reference to an owner excuses nothing": {
			"enforce", judged{annotations: inRange(), web: "1.0.0", owned: true}, verdict{refused: outOfRange},
		},
		"what is on its way out is never refused": {
			"enforce", judged{annotations: inRange("garboard.dev/pin", "sha"), web: "1.0.0", gone: true},
			verdict{warned: `metadata.annotations[garboard.dev/pin]: Invalid value: "sha": allowed: digest, follow, tag`},
		},
		"a hold that keeps nothing back is told": {
			"enforce", judged{annotations: annotations{"garboard.dev/policy": "minor", "garboard.dev/hold": "web=2.x"}, web: "1.0.0"},
			verdict{warned: `metadata.annotations[garboard.dev/hold]: web=2.x keeps nothing back where 1.0.0 runs (policy minor)`},
		},
		"a policy of no container is told": {
			"enforce", judged{annotations: inRange("garboard.dev/policy.wbe", "all"), web: "2.0.0"},
			verdict{warned: `metadata.annotations[garboard.dev/policy.wbe]: did you mean "web"? nothing here is named "wbe"`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, w.judge(test.namespace, test.object, nil), cmp.AllowUnexported(verdict{})); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
	if n := w.requests.Load(); n > 0 {
		t.Errorf("validation made %d requests to the registry", n)
	}
}

func TestEveryFaultIsToldAtOnce(t *testing.T) {
	w := newWorld(t)
	got := w.judge("enforce", judged{
		annotations: inRange("garboard.dev/policy.job", "glob:v*", "garboard.dev/resolveOn", "chnage", "keel.sh/trigger", "poll", "keel.sh/polcy", "x"),
		web:         "1.0.0", job: "1.0.0",
	}, nil)
	for _, want := range []string{"[garboard.dev/resolveOn]", `did you mean "change"`, "[keel.sh/polcy]", `did you mean "policy"`} {
		if !strings.Contains(got.refused, want) {
			t.Errorf("refused:\n%s\nwant %q too", got.refused, want)
		}
	}
	// Without those two, whose faults leave all containers alone.
	got = w.judge("enforce", judged{
		annotations: inRange("garboard.dev/policy.job", "glob:v*", "garboard.dev/policy.sidecar", "mayor"), web: "1.0.0", job: "1.0.0",
	}, nil)
	for _, want := range []string{"[garboard.dev/policy.sidecar]", outOfRange, "containers[1].image", "glob:v*"} {
		if !strings.Contains(got.refused, want) {
			t.Errorf("refused:\n%s\nwant %q too", got.refused, want)
		}
	}
}

// A fault that is stored must not stop a label, a finalizer, or the write that
// puts another fault right.
func TestOnlyWhatChangesIsRefused(t *testing.T) {
	w := newWorld(t)
	mistaken := func(n int) annotations {
		all := annotations{}
		for i := range n {
			all[fmt.Sprintf("garboard.dev/wrong%03d", i)] = "x"
		}
		return all
	}
	bad := inRange("garboard.dev/pin", "sha")
	tests := map[string]struct {
		stored, now judged
		refused     string // in part; empty where it is admitted
	}{
		"a label beside old faults":       {judged{annotations: bad, web: "1.0.0"}, judged{annotations: bad, labels: annotations{"a": "b"}, web: "1.0.0"}, ""},
		"another bad value":               {judged{annotations: bad, web: "1.0.0"}, judged{annotations: inRange("garboard.dev/pin", "none"), web: "1.0.0"}, `"none"`},
		"the old bad value as a label":    {judged{annotations: bad, web: "1.0.0"}, judged{annotations: inRange(), labels: annotations{"garboard.dev/pin": "sha"}, web: "1.0.0"}, "metadata.labels"},
		"a new bad key":                   {judged{annotations: bad, web: "1.0.0"}, judged{annotations: inRange("garboard.dev/pin", "sha", "garboard.dev/a", "b"), web: "1.0.0"}, "garboard.dev/a"},
		"a fault put right":               {judged{annotations: bad, web: "1.0.0"}, judged{annotations: inRange(), web: "1.0.0"}, ""},
		"an old image out of range":       {judged{annotations: inRange(), web: "1.0.0"}, judged{annotations: inRange(), labels: annotations{"a": "b"}, web: "1.0.0"}, ""},
		"another pin of it":               {judged{annotations: inRange(), web: "1.0.0"}, judged{annotations: inRange("garboard.dev/pin", "tag"), web: "1.0.0"}, ""},
		"the range that it is out of":     {judged{web: "1.0.0"}, judged{annotations: inRange(), web: "1.0.0"}, ""},
		"another image out of range":      {judged{annotations: inRange(), web: "1.0.0"}, judged{annotations: inRange(), web: "1.0.1"}, "web:1.0.1"},
		"a new container out of range":    {judged{annotations: inRange(), web: "1.0.0"}, judged{annotations: inRange(), web: "1.0.0", job: "1.0.0"}, "containers[1].image"},
		"its neighbour's image":           {judged{annotations: inRange(), web: "1.0.0", job: "2.0.0"}, judged{annotations: inRange(), web: "1.0.0", job: "2.1.0"}, ""},
		"one fault of more than are told": {judged{annotations: mistaken(100), web: "1.0.0"}, judged{annotations: mistaken(99), web: "1.0.0"}, ""},
		"the first of more than are told": {judged{annotations: without(mistaken(100), "garboard.dev/wrong000"), web: "1.0.0"}, judged{annotations: mistaken(100), web: "1.0.0"}, "wrong000"},
		"out of sight, then told":         {judged{annotations: mistaken(100), web: "1.0.0"}, judged{annotations: without(mistaken(100), "garboard.dev/wrong000"), web: "1.0.0"}, ""},
		"the same label, out of sight":    {judged{labels: mistaken(100), web: "1.0.0"}, judged{labels: without(mistaken(100), "garboard.dev/wrong000"), web: "1.0.0"}, ""},
		"an annotation taken to a label":  {judged{annotations: mistaken(100), web: "1.0.0"}, judged{labels: mistaken(1), web: "1.0.0"}, "wrong000"},
		"a filter that goes before extract": {
			judged{annotations: inRange("garboard.dev/filter", "^(.*)$", "garboard.dev/extract", "$1"), web: "2.0.0"},
			judged{annotations: inRange("garboard.dev/extract", "$1"), web: "2.0.0"}, "garboard.dev/extract",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := w.judge("enforce", test.now, &test.stored).refused
			if (got == "") != (test.refused == "") || !strings.Contains(got, test.refused) {
				t.Errorf("refused %q, want %q in it", got, test.refused)
			}
		})
	}
}

func without(all annotations, key string) annotations {
	delete(all, key)
	return all
}

// What an owner writes is the owner's: only the top of a chain is changed.
func TestOwnedObjectsAreNeverChanged(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	owned := strings.Replace(w.deployment("patch", "1.2.0"), `"name":"web"`,
		`"name":"web","ownerReferences":[{"kind":"App","name":"shop","uid":"1","controller":true}]`, 1)
	stored, response := w.mutate(write{object: owned})
	if stored != owned || len(response.Warnings) > 0 {
		t.Errorf("patch %s, warnings %q", response.Patch, response.Warnings)
	}
}
