package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

// values are the texts of a release's values by their paths.
type values map[string]string

func (v values) at(path string) (string, bool) {
	text, ok := v[path]
	return text, ok
}

// released is a release with a block keel: as a chart has it.
func released(t testing.TB, keel string, v values) settings.Release {
	t.Helper()
	block := map[string]any{}
	if err := yaml.Unmarshal([]byte(keel), &block); err != nil {
		t.Fatal(err)
	}
	return settings.NewRelease(block, v.at)
}

const webAlone = `
policy: minor
images: [{repository: image.repository, tag: image.tag}]
`

// The Deployment runs a/web, a/job, a/setup and a/models; see deployment.
func TestReleaseGovernsItsImagesAlone(t *testing.T) {
	shop := values{"image.repository": "a/web", "job.repository": "docker.io/a/job", "full": "a/setup:1.0.0", "other": "b/web", "secret": "no image, and no business of anybody's"}
	for name, test := range map[string]struct {
		keel string
		own  keys
		want map[string]string
		// fault is what is told; empty for nothing.
		fault string
	}{
		"one image": {keel: webAlone, want: map[string]string{"web": "minor"}},
		"several, however they are spelt": {
			keel: "policy: patch\nimages: [{repository: image.repository}, {repository: job.repository}, {repository: full}, {repository: other}]",
			want: map[string]string{"web": "patch", "job": "patch", "setup": "patch"},
		},
		"the workload's own policy comes first, and holds for all": {keel: webAlone, own: keys{"garboard.dev/policy": "minor"}, want: allMinor()},
		"never on the workload comes first, too":                   {keel: webAlone, own: keys{"keel.sh/policy": "never"}, want: map[string]string{}},
		"a container's own policy comes first": {
			keel: webAlone, own: keys{"garboard.dev/policy.web": "patch"}, want: map[string]string{"web": "patch"},
		},
		"no policy, as in Keel":    {keel: "approvals: 1\nimages: [{repository: image.repository}]", want: map[string]string{}},
		"no images, as in Keel":    {keel: "policy: minor", want: map[string]string{}},
		"unknown keys, as in Keel": {keel: webAlone + "enabled: true\nchannel: x", want: map[string]string{"web": "minor"}},
		"a slip in a key": {
			keel: webAlone + "pollShedule: '@every 1m'", want: map[string]string{"web": "minor"},
			fault: `keel.pollShedule: Invalid value: "@every 1m": unknown key; did you mean "pollSchedule"?`,
		},
		"Keel's empty values are nothing": {keel: webAlone + "trigger: ''\napprovals: 0\nnotificationChannels: []", want: map[string]string{"web": "minor"}},
		"booleans as YAML has them":       {keel: webAlone + "matchTag: true\nmatchPreRelease: false", want: map[string]string{"web": "minor"}},
		"a bad policy": {
			keel: "policy: mayor\nimages: [{repository: image.repository}]", want: map[string]string{},
			fault: `keel.policy: Invalid value: "mayor": unknown policy; did you mean "major"?`,
		},
		"a policy that is no text": {
			keel: "policy: 5\nimages: [{repository: image.repository}]", want: map[string]string{}, fault: `keel.policy: Invalid value: "5": not a string`,
		},
		"a bad schedule": {keel: webAlone + "pollSchedule: soon", want: map[string]string{"web": "minor"}, fault: `keel.pollSchedule: Invalid value: "soon": bad schedule`},
		"votes":          {keel: webAlone + "approvals: 1\napprovalDeadline: 5", want: map[string]string{"web": "minor"}},
		"a gate that cannot be read is no open door": {
			keel: webAlone + "approvals: 1.5", want: map[string]string{}, fault: `keel.approvals: Invalid value: "1.5": allowed: the number of votes`,
		},
		"a deadline for nothing": {keel: webAlone + "approvalDeadline: 24", want: map[string]string{"web": "minor"}},
		"no votes, as text":      {keel: webAlone + "approvals: '0'", want: map[string]string{"web": "minor"}},
		"channels":               {keel: webAlone + "notificationChannels: [a, b]", want: map[string]string{"web": "minor"}},
		"no channels at all":     {keel: webAlone + "notificationChannels: [a, 5]", want: map[string]string{"web": "minor"}, fault: `keel.notificationChannels: Invalid value: "a,": allowed: names of channels`},
		"notes of an image":      {keel: "policy: minor\nimages: [{repository: image.repository, releaseNotes: x}, {repository: job.repository}]", want: map[string]string{"web": "minor", "job": "minor"}, fault: "keel.images[0].releaseNotes"},
		"a bad secret's name":    {keel: "policy: minor\nimages: [{repository: image.repository, imagePullSecret: A B}]", want: map[string]string{"web": "minor"}, fault: `keel.images[0].imagePullSecret: Invalid value: "A B": no name of a Secret`},
		"a fault of images that the workload does not run": {
			keel: "policy: mayor\nimages: [{repository: other}]", want: map[string]string{},
		},
		"a fault does not take the workload's own policy for other containers away": {
			keel: webAlone + "approvals: -1", own: keys{"garboard.dev/policy": "minor"},
			want:  map[string]string{"setup": "minor", "job": "minor", "volume/models": "minor"},
			fault: "keel.approvals",
		},
		"a path that leads nowhere": {
			keel: "policy: minor\nimages: [{repository: image.repo}, {repository: image.repository}]", want: map[string]string{"web": "minor"},
			fault: `keel.images[0].repository: Invalid value: "image.repo": no text there`,
		},
		"an image without a path": {keel: "policy: minor\nimages: [5, {}]", want: map[string]string{}, fault: `keel.images[0].repository: Invalid value: "": no text there`},
		"a path that leads to something else is told without it": {
			keel: "policy: minor\nimages: [{repository: secret}]", want: map[string]string{}, fault: `keel.images[0].repository: Invalid value: "secret": the value there is no image`,
		},
		"more images than are read": {
			keel: "policy: minor\nimages: [" + strings.Repeat("{repository: other}, ", 32) + "{repository: image.repository}]", want: map[string]string{},
			fault: `keel.images: Invalid value: "33 images": too many, the last 1 of them are not read; allowed: at most 32`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, test.own, nil).WithRelease(released(t, test.keel, shop))
			settings := settings.ReadSettings(o, workload.Namespace{})
			if diff := cmp.Diff(test.want, policies(o, settings)); diff != "" {
				t.Errorf("governed (-want +got):\n%s", diff)
			}
			told := strings.Join(texts(settings.Faults), "\n")
			if !strings.Contains(told, test.fault) || test.fault == "" && told != "" {
				t.Errorf("told %q, want %q", told, test.fault)
			}
			if strings.Contains(told, shop["secret"]) {
				t.Errorf("told what a value holds: %q", told)
			}
			for _, f := range settings.Faults {
				if !f.Release || !f.Keel || f.Namespace {
					t.Errorf("%s is no fault of a release, which is never refused", f.Error())
				}
			}
		})
	}
}

// Workload, namespace, release: for each setting by itself.
func TestReleaseIsAskedLast(t *testing.T) {
	keel := webAlone + "trigger: poll\npollSchedule: '@every 3m'\nmatchPreRelease: false"
	image := "images: [{repository: image.repository, imagePullSecret: from-release}]"
	release := released(t, strings.Replace(keel, "images: [{repository: image.repository, tag: image.tag}]", image, 1), values{"image.repository": "a/web"})
	namespace := workload.Namespace{Annotations: keys{"keel.sh/pollSchedule": "@every 2m", "garboard.dev/imagePullSecret": "from-namespace"}}
	for name, test := range map[string]struct {
		own              keys
		namespace        workload.Namespace
		schedule, secret string
	}{
		"the release alone":       {schedule: "@every 3m", secret: "from-release"},
		"the namespace before it": {namespace: namespace, schedule: "@every 2m", secret: "from-namespace"},
		"the workload before both": {
			own: keys{"keel.sh/pollSchedule": "@every 1m"}, namespace: namespace, schedule: "@every 1m", secret: "from-namespace",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, test.own, nil).WithRelease(release)
			settings := settings.ReadSettings(o, test.namespace)
			for _, slot := range o.Slots() {
				rule := settings.Rule(slot)
				if slot.Name != "web" {
					if rule.Governed() || rule.ImagePullSecret == "from-release" || rule.ScheduleText == "@every 3m" {
						t.Errorf("%s: got %+v, want nothing of the release", slot, rule)
					}
					continue
				}
				if !rule.Governed() || rule.ScheduleText != test.schedule || rule.ImagePullSecret != test.secret {
					t.Errorf("got %q and %q, want %q and %q", rule.ScheduleText, rule.ImagePullSecret, test.schedule, test.secret)
				}
			}
		})
	}
}

// Whoever may write a workload names a release. That must lead to no Secret of
// another namespace, and to no name that is none.
func TestHelmRelease(t *testing.T) {
	for name, test := range map[string]struct {
		name, namespace, managed string
		ok                       bool
	}{
		"as Helm writes it":        {"shop", "team", "Helm", true},
		"with dots":                {"shop.v1", "team", "Helm", true},
		"of another namespace":     {"shop", "other", "Helm", false},
		"of no namespace":          {"shop", "", "Helm", false},
		"managed by somebody else": {"shop", "team", "Tiller", false},
		"without a name":           {"", "team", "Helm", false},
		"a name that is none":      {"shop,owner=x", "team", "Helm", false},
		"a name with a slash":      {"../shop", "team", "Helm", false},
		"a name that is too long":  {strings.Repeat("a", 54), "team", "Helm", false},
	} {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, keys{"meta.helm.sh/release-name": test.name, "meta.helm.sh/release-namespace": test.namespace},
				keys{"app.kubernetes.io/managed-by": test.managed})
			got, ok := o.HelmRelease("team")
			if ok != test.ok || ok && got != test.name {
				t.Errorf("got %q, %t", got, ok)
			}
			kept := workload.OurKeys(o.Annotations())
			if kept["meta.helm.sh/release-name"] != test.name || workload.OurKeys(o.Labels())["app.kubernetes.io/managed-by"] != test.managed {
				t.Errorf("the updater's cache keeps %v", kept)
			}
		})
	}
}

// Who remembers releases needs to know how much that is.
func TestReleaseIsBounded(t *testing.T) {
	images := make([]any, 1000)
	for i := range images {
		images[i] = map[string]any{"repository": fmt.Sprint("a", i)}
	}
	keel := map[string]any{"policy": "glob:" + strings.Repeat("a", 4<<10), "images": images}
	for name, value := range map[string]string{
		"repositories": "example.com/" + strings.Repeat("a/", 100) + "a", "long texts": strings.Repeat("a", 1<<20), "no images": "A B",
	} {
		r := settings.NewRelease(keel, func(string) (string, bool) { return value, true })
		if got := r.Weight(); got < 8<<10 || got > 20<<10 {
			t.Errorf("%s: weighs %d", name, got)
		}
	}
	if got := (settings.Release{}).Weight(); got != 0 {
		t.Errorf("nothing weighs %d", got)
	}
}
