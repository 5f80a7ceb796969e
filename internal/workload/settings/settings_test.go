package settings_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

func TestWhereAPolicyStands(t *testing.T) {
	tests := map[string]struct {
		annotations, labels, namespace keys
		want                           map[string]string
	}{
		"without a policy nothing is governed": {want: map[string]string{}},
		"the workload's annotation counts":     {annotations: keys{"garboard.dev/policy": "minor"}, want: allMinor()},
		"the workload's label counts":          {labels: keys{"garboard.dev/policy": "minor"}, want: allMinor()},
		"the namespace's annotation counts":    {namespace: keys{"garboard.dev/policy": "minor"}, want: allMinor()},
		"Keel's key counts":                    {annotations: keys{"keel.sh/policy": "minor"}, want: allMinor()},
		"Keel's first key counts":              {labels: keys{"keel.observer/policy": "minor"}, want: allMinor()},
		"an annotation goes before a label": {
			annotations: keys{"garboard.dev/policy": "minor"}, labels: keys{"garboard.dev/policy": "all"}, want: allMinor(),
		},
		"our key on a label goes before Keel's on an annotation": {
			annotations: keys{"keel.sh/policy": "all"}, labels: keys{"garboard.dev/policy": "minor"}, want: allMinor(),
		},
		"Keel's key on a workload goes before ours on the namespace": {
			labels: keys{"keel.sh/policy": "minor"}, namespace: keys{"garboard.dev/policy": "all"}, want: allMinor(),
		},
		"our key goes before Keel's on a namespace": {
			namespace: keys{"keel.sh/policy": "all", "garboard.dev/policy": "minor"}, want: allMinor(),
		},
		"Keel's key of today goes before its first one": {
			annotations: keys{"keel.observer/policy": "all", "keel.sh/policy": "minor"}, want: allMinor(),
		},
		"Keel's first key on an annotation goes before a label": {
			annotations: keys{"keel.observer/policy": "minor"}, labels: keys{"keel.sh/policy": "all"}, want: allMinor(),
		},
		"never on the workload overrules the namespace": {
			annotations: keys{"garboard.dev/policy": "never"}, namespace: keys{"garboard.dev/policy": "all"}, want: map[string]string{},
		},
		"one container has its own policy": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/policy.web": "patch"},
			want:        map[string]string{"setup": "minor", "web": "patch", "job": "minor", "volume/models": "minor"},
		},
		"one container alone has a policy": {
			annotations: keys{"keel.sh/policy.web": "patch"}, want: map[string]string{"web": "patch"},
		},
		"one container is left alone": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/policy.job": "never"},
			want:        map[string]string{"setup": "minor", "web": "minor", "volume/models": "minor"},
		},
		"an image volume has its own policy": {
			annotations: keys{"garboard.dev/policy.models": "all"}, want: map[string]string{"volume/models": "all"},
		},
		"an init container has its own policy": {
			annotations: keys{"garboard.dev/policy.setup": "all"}, want: map[string]string{"setup": "all"},
		},
		"a namespace's policy for a container goes before the workload's for all": {
			annotations: keys{"garboard.dev/policy": "minor"}, namespace: keys{"garboard.dev/policy.job": "never"},
			want: map[string]string{"setup": "minor", "web": "minor", "volume/models": "minor"},
		},
		"a policy for a container that may come later is fine": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/policy.mesh": "never"}, want: allMinor(),
		},
		"init containers can be left out": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/initContainers": "false"},
			want:        map[string]string{"web": "minor", "job": "minor", "volume/models": "minor"},
		},
		"image volumes can be left out, as Keel spells it": {
			annotations: keys{"garboard.dev/policy": "minor", "keel.sh/imageVolumes": "False"},
			want:        map[string]string{"setup": "minor", "web": "minor", "job": "minor"},
		},
		"containers can be chosen by a part of their names": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/monitorContainers": "^w|del"},
			want:        map[string]string{"web": "minor", "volume/models": "minor"},
		},
		"an empty choice of containers takes all": {
			annotations: keys{"garboard.dev/policy": "minor", "keel.sh/monitorContainers": ""}, want: allMinor(),
		},
		"keys that programs write are no settings": {
			annotations: keys{
				"garboard.dev/policy": "minor", "garboard.dev/state": "{}", "garboard.dev/resolved": "web=1", "garboard.dev/bump": "web=1",
				"keel.sh/digest": "sha256:a", "keel.sh/update-time": "now",
			},
			want: allMinor(),
		},
		"keys of others are not looked at": {
			annotations: keys{"garboard.dev/policy": "minor", "x.garboard.dev/policy": "mayor", "keel.shop/a": "b", "policy": "mayor"},
			want:        allMinor(),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, test.annotations, test.labels)
			settings := settings.ReadSettings(o, workload.Namespace{Annotations: test.namespace})
			if diff := cmp.Diff(test.want, policies(o, settings)); diff != "" {
				t.Errorf("policies (-want +got):\n%s", diff)
			}
			if len(settings.Faults) > 0 {
				t.Errorf("got faults %q, want none", texts(settings.Faults))
			}
		})
	}
}

func TestRuleOfASlot(t *testing.T) {
	type rule struct{ Pin, Trigger, Schedule, ResolveOn, OnUnresolvable string }
	standard := rule{"", "poll", "@every 10m", "apply", "keep"}
	tests := map[string]struct {
		annotations, namespace keys
		want                   rule
	}{
		"the defaults": {want: standard},
		"everything said": {
			annotations: keys{
				"garboard.dev/pin": "digest", "garboard.dev/trigger": "push", "garboard.dev/pollSchedule": "*/5 * * * *",
				"garboard.dev/resolveOn": "change", "garboard.dev/onUnresolvable": "deny",
			},
			want: rule{"digest", "push", "*/5 * * * *", "change", "deny"},
		},
		"the namespace says some, the workload the rest": {
			annotations: keys{"garboard.dev/pin": "tag", "keel.sh/pollSchedule": "0 */5 * * * *"},
			namespace:   keys{"garboard.dev/pin": "digest", "garboard.dev/trigger": "push"},
			want:        rule{"tag", "push", "0 */5 * * * *", "apply", "keep"},
		},
		"Keel's trigger by approval means the default":  {annotations: keys{"keel.sh/trigger": "approval"}, want: standard},
		"Keel's trigger overrules a namespace's push":   {annotations: keys{"keel.sh/trigger": "default"}, namespace: keys{"garboard.dev/trigger": "push"}, want: standard},
		"push is known under Keel's prefix, too":        {annotations: keys{"keel.sh/trigger": "push"}, want: rule{"", "push", "@every 10m", "apply", "keep"}},
		"settings of coming versions leave the default": {annotations: keys{"garboard.dev/order": "1"}, want: standard},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, test.annotations, nil)
			r := settings.ReadSettings(o, workload.Namespace{Annotations: test.namespace}).Rule(o.Slots()[0])
			got := rule{r.Pin, r.Trigger, r.ScheduleText, r.ResolveOn, r.OnUnresolvable}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rule (-want +got):\n%s", diff)
			}
			if r.Schedule == nil {
				t.Error("got no schedule")
			}
		})
	}
}

func ruleOf(t *testing.T, annotations keys) settings.Rule {
	t.Helper()
	o := workloadtest.Deployment(t, annotations, nil)
	return settings.ReadSettings(o, workload.Namespace{}).Rule(o.Slots()[1])
}

func TestMatchTagInItsSpellings(t *testing.T) {
	tests := map[string]struct {
		annotations keys
		follows     bool // the digest of a version tag
	}{
		"unsaid":                              {keys{}, false},
		"our key":                             {keys{"garboard.dev/matchTag": "true"}, true},
		"Keel's key":                          {keys{"keel.sh/matchTag": "true"}, true},
		"Keel's old key":                      {keys{"keel.sh/match-tag": "true"}, true},
		"Keel's key goes before its old one":  {keys{"keel.sh/match-tag": "false", "keel.sh/matchTag": "true"}, true},
		"our key goes before Keel's":          {keys{"garboard.dev/matchTag": "true", "keel.sh/matchTag": "false"}, true},
		"our prefix with the old key is none": {keys{"garboard.dev/match-tag": "true"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.annotations["garboard.dev/policy"] = "force"
			rule := ruleOf(t, test.annotations)
			if got := rule.Governed() && rule.Policy.FollowsSameTag("1.0.0"); got != test.follows {
				t.Errorf("got follows the digest %v, want %v", got, test.follows)
			}
		})
	}
}

func TestSameAnswer(t *testing.T) {
	tests := map[string]struct {
		a, b keys
		want bool
	}{
		"nothing on both":                    {keys{}, keys{}, true},
		"a policy and none":                  {keys{"garboard.dev/policy": "minor"}, keys{}, false},
		"the same policy from another place": {keys{"garboard.dev/policy": "minor"}, keys{"keel.sh/policy": "minor"}, true},
		"another policy":                     {keys{"garboard.dev/policy": "minor"}, keys{"garboard.dev/policy": "patch"}, false},
		"another filter":                     {keys{"garboard.dev/policy": "minor"}, keys{"garboard.dev/policy": "minor", "garboard.dev/filter": "^1"}, false},
		"globs in another order":             {keys{"garboard.dev/policy": "all", "garboard.dev/exclude": "a*,b*"}, keys{"garboard.dev/policy": "all", "garboard.dev/exclude": "b*, a*"}, true},
		"another variant":                    {keys{"garboard.dev/policy": "minor"}, keys{"garboard.dev/policy": "minor", "garboard.dev/variant": "alpine*"}, false},
		"another pin":                        {keys{"garboard.dev/policy": "minor"}, keys{"garboard.dev/policy": "minor", "garboard.dev/pin": "digest"}, false},
		"another pin of what is not governed": {
			keys{"garboard.dev/policy": "never"}, keys{"garboard.dev/pin": "digest"}, true,
		},
		"another platform":           {keys{"garboard.dev/policy": "minor"}, keys{"garboard.dev/policy": "minor", "garboard.dev/platforms": "linux/arm64"}, false},
		"platforms in another order": {keys{"garboard.dev/policy": "all", "garboard.dev/platforms": "linux/arm64,linux/amd64"}, keys{"garboard.dev/policy": "all", "garboard.dev/platforms": "linux/amd64, linux/arm64"}, true},
		"another pull secret":        {keys{"garboard.dev/policy": "minor"}, keys{"garboard.dev/policy": "minor", "garboard.dev/imagePullSecret": "a"}, true},
		"another schedule":           {keys{"garboard.dev/policy": "minor"}, keys{"garboard.dev/policy": "minor", "garboard.dev/pollSchedule": "@hourly"}, true},
		"no longer watched":          {keys{"garboard.dev/policy": "minor"}, keys{"garboard.dev/policy": "minor", "garboard.dev/monitorContainers": "job"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := ruleOf(t, test.a), ruleOf(t, test.b)
			if got := a.SameAnswer(b); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if got := b.SameAnswer(a); got != test.want {
				t.Errorf("got %v the other way, want %v", got, test.want)
			}
		})
	}
}

func TestPins(t *testing.T) {
	tests := map[string]struct {
		annotations       keys
		submitted, pinned bool
	}{
		"a level policy": {keys{"garboard.dev/policy": "minor"}, false, false},
		"a level policy, submitted with a digest": {keys{"garboard.dev/policy": "minor"}, true, true},
		"pin: tag overrules a submitted digest":   {keys{"garboard.dev/policy": "minor", "garboard.dev/pin": "tag"}, true, false},
		"pin: digest":                             {keys{"garboard.dev/policy": "minor", "garboard.dev/pin": "digest"}, false, true},
		"force":                                   {keys{"garboard.dev/policy": "force"}, false, true},
		"newest":                                  {keys{"garboard.dev/policy": "newest"}, false, true},
		"force with pin: tag":                     {keys{"garboard.dev/policy": "force", "garboard.dev/pin": "tag"}, false, false},
		"not governed":                            {keys{}, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ruleOf(t, test.annotations).Pins(test.submitted); got != test.pinned {
				t.Errorf("got %v, want %v", got, test.pinned)
			}
		})
	}
}

func TestPolicyOnTheTemplateAlone(t *testing.T) {
	tests := map[string]struct {
		kind                                 string
		annotations, onTemplate, labelsThere keys
		want                                 string
		only                                 bool
	}{
		"nowhere":                           {},
		"on the template's labels":          {labelsThere: keys{"keel.sh/policy": "minor"}, want: "keel.sh/policy", only: true},
		"on the template's annotations":     {onTemplate: keys{"garboard.dev/policy": "minor"}, want: "garboard.dev/policy", only: true},
		"for one container":                 {onTemplate: keys{"garboard.dev/policy.web": "minor"}, want: "garboard.dev/policy.web", only: true},
		"on both":                           {annotations: keys{"keel.sh/policy": "all"}, onTemplate: keys{"garboard.dev/policy": "minor"}, want: "garboard.dev/policy"},
		"on the object alone":               {annotations: keys{"garboard.dev/policy": "all"}},
		"a Pod is its own template":         {kind: "Pod", annotations: keys{"garboard.dev/policy": "all"}, want: "garboard.dev/policy"},
		"another setting is not worth it":   {onTemplate: keys{"garboard.dev/pin": "tag"}},
		"the record there is no setting":    {onTemplate: keys{"garboard.dev/resolved": "web=1"}},
		"two spellings: the first by order": {onTemplate: keys{"garboard.dev/policy": "a", "keel.sh/policy": "b"}, want: "garboard.dev/policy", only: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			group, kind := "apps", "Deployment"
			if test.kind != "" {
				group, kind = "", test.kind
			}
			o := workloadtest.Parse(t, group, kind, map[string]any{
				"metadata": map[string]any{"annotations": test.annotations},
				"spec":     map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": test.onTemplate, "labels": test.labelsThere}}},
			})
			key, template, only := settings.TemplateOnlyPolicy(o)
			if key != test.want || only != test.only || template != "pod" {
				t.Errorf("got %q of the %s template, %v; want %q, %v", key, template, only, test.want, test.only)
			}
		})
	}
}
