package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

func TestImagePullSecretAndPlatforms(t *testing.T) {
	type rule struct {
		Secret    string
		Platforms string
	}
	tests := map[string]struct {
		annotations, labels, namespace keys
		want                           rule
	}{
		"unsaid":                    {},
		"a Secret":                  {annotations: keys{"garboard.dev/imagePullSecret": "regcred"}, want: rule{Secret: "regcred"}},
		"a Secret in Keel's way":    {labels: keys{"keel.sh/imagePullSecret": "my.reg-cred"}, want: rule{Secret: "my.reg-cred"}},
		"the namespace's":           {namespace: keys{"garboard.dev/imagePullSecret": "regcred", "garboard.dev/platforms": "linux/arm64"}, want: rule{"regcred", "[linux/arm64]"}},
		"none in place of its own":  {annotations: keys{"keel.sh/imagePullSecret": ""}, namespace: keys{"garboard.dev/imagePullSecret": "regcred"}},
		"the workload's goes first": {annotations: keys{"keel.sh/platforms": "linux/amd64"}, namespace: keys{"garboard.dev/platforms": "linux/arm64"}, want: rule{Platforms: "[linux/amd64]"}},
		"platforms in a fixed order, each of them once": {
			annotations: keys{"garboard.dev/platforms": " linux/arm64,linux/amd64, linux/arm/v7 ,linux/arm,linux/arm64"},
			want:        rule{Platforms: "[linux/amd64 linux/arm linux/arm/v7 linux/arm64]"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			annotations := keys{"garboard.dev/policy": "minor"}
			for k, v := range test.annotations {
				annotations[k] = v
			}
			o := workloadtest.Deployment(t, annotations, test.labels)
			settings := settings.ReadSettings(o, workload.Namespace{Annotations: test.namespace})
			r := settings.Rule(o.Slots()[1])
			got := rule{Secret: r.ImagePullSecret}
			if r.Platforms != nil {
				got.Platforms = fmt.Sprint(r.Platforms)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rule (-want +got):\n%s", diff)
			}
			if len(settings.Faults) > 0 || !r.Governed() {
				t.Errorf("got faults %q, governed %v; want none, and governed", texts(settings.Faults), r.Governed())
			}
		})
	}
}

func TestBadImagePullSecretAndPlatforms(t *testing.T) {
	const (
		secret   = "no name of a Secret; allowed: lower-case letters, digits, '-' and '.', at most 253"
		platform = "allowed: os/architecture or os/architecture/variant, comma-separated, such as linux/amd64, linux/arm64"
	)
	many := make([]string, 17)
	for i := range many {
		many[i] = fmt.Sprint("linux/a", i)
	}
	tests := map[string]struct{ key, value, detail string }{
		"no name":                 {"garboard.dev/imagePullSecret", "", secret},
		"a name with a namespace": {"garboard.dev/imagePullSecret", "other/regcred", secret},
		"a path":                  {"garboard.dev/imagePullSecret", "../regcred", secret},
		"capital letters":         {"garboard.dev/imagePullSecret", "RegCred", secret},
		"a name that is too long": {"garboard.dev/imagePullSecret", strings.Repeat("a", 254), secret},
		"no platform":             {"garboard.dev/platforms", "", `bad platform ""; ` + platform},
		"an architecture alone":   {"garboard.dev/platforms", "linux/amd64, arm64", `bad platform "arm64"; ` + platform},
		"a comma at the end":      {"garboard.dev/platforms", "linux/amd64,", `bad platform ""; ` + platform},
		"too many platforms":      {"garboard.dev/platforms", strings.Join(many, ","), "17 platforms; allowed: at most 16"},
		"a list that is too long": {"garboard.dev/platforms", strings.Repeat("linux/amd64,", 100) + "linux/amd64", "1211 bytes; allowed: at most 1024"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, keys{"garboard.dev/policy": "minor", test.key: test.value}, nil)
			settings := settings.ReadSettings(o, workload.Namespace{})
			var got []string
			for _, f := range settings.Faults {
				got = append(got, f.Detail)
			}
			if diff := cmp.Diff([]string{test.detail}, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if governed := policies(o, settings); len(governed) > 0 {
				t.Errorf("got governed %v, want nothing", governed)
			}
		})
	}
}

func inSpec(t *testing.T, spec string) *workload.Object {
	t.Helper()
	kind, _ := workload.StandardKinds().For("apps", "Deployment")
	o, err := workload.Parse(kind, []byte(`{"spec":{"template":{"spec":`+spec+`}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestWhatAPullTakes(t *testing.T) {
	tests := map[string]struct {
		spec    string
		secrets []string
		account string
	}{
		"nothing":                             {spec: `{}`},
		"two Secrets and an account":          {`{"imagePullSecrets":[{"name":"a"},{"name":"b"}],"serviceAccountName":"shop"}`, []string{"a", "b"}, "shop"},
		"the account's older spelling":        {`{"serviceAccount":"shop"}`, nil, "shop"},
		"the account's newer spelling counts": {`{"serviceAccount":"a","serviceAccountName":"b"}`, nil, "b"},
		"a list without a name is a list":     {`{"imagePullSecrets":[{}]}`, []string{""}, ""},
		"an empty list is none":               {spec: `{"imagePullSecrets":[]}`},
		"items of other types":                {`{"imagePullSecrets":[1,null,"x",[],{"name":7},{"name":"a"}]}`, []string{"", "", "", "", "", "a"}, ""},
		"a map for a list":                    {spec: `{"imagePullSecrets":{"name":"a"},"serviceAccountName":["b"]}`},
		"more than are read": {
			`{"imagePullSecrets":[` + strings.Repeat(`{"name":"a"},`, 99) + `{}]}`, strings.Split(strings.Repeat("a", 16), ""), "",
		},
		"a spec of another type": {spec: `"x"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := inSpec(t, test.spec)
			reduced := workloadtest.Parse(t, "apps", "Deployment", inTemplate(o.Kind, map[string]any{"spec": o.ImagesOnly()}))
			for what, o := range map[string]*workload.Object{"whole": o, "reduced": reduced} {
				if diff := cmp.Diff(test.secrets, o.PullSecrets()); diff != "" {
					t.Errorf("%s: pull secrets (-want +got):\n%s", what, diff)
				}
				if got := o.ServiceAccountName(); got != test.account {
					t.Errorf("%s: got account %q, want %q", what, got, test.account)
				}
			}
		})
	}
}

func TestReduceKeepsWhereThePodsMayRun(t *testing.T) {
	o := inSpec(t, `{"nodeSelector":{"kubernetes.io/arch":"arm64"},"tolerations":[{"key":"arch","operator":"Exists"}],
		"affinity":{"podAffinity":{},"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1}],
			"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[]}]}}},
		"hostNetwork":true,"priorityClassName":"x","containers":[{"name":"web","image":"a/b:1","env":[]}]}`)
	want := map[string]any{
		"nodeSelector": map[string]any{"kubernetes.io/arch": "arm64"},
		"tolerations":  []any{map[string]any{"key": "arch", "operator": "Exists"}},
		"affinity": map[string]any{"nodeAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": map[string]any{
			"nodeSelectorTerms": []any{map[string]any{"matchExpressions": []any{}}},
		}}},
		"containers": []any{map[string]any{"name": "web", "image": "a/b:1"}},
	}
	if diff := cmp.Diff(want, o.ImagesOnly()); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}
