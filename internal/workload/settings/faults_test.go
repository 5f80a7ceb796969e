package settings_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

const knownKeys = "after, approvalCarry, approvalDeadline, approvals, canary, exclude, extract, filter, healthTimeout, hold, imagePullSecret, imageVolumes, initContainers, matchPreRelease, matchTag, minAge, monitorContainers, notify, " +
	"onUnresolvable, pin, platforms, policy, pollSchedule, releaseNotes, resolveOn, rollback, trigger, variant, window, policy.<container>"

func TestFaultsAreToldInFull(t *testing.T) {
	tests := map[string]struct {
		annotations, labels, namespace keys
		faults                         []string
		governed                       map[string]string
	}{
		"an unknown policy": {
			annotations: keys{"garboard.dev/policy": "mayor"},
			faults:      []string{`metadata.annotations[garboard.dev/policy]: Invalid value: "mayor": unknown policy; did you mean "major"? allowed: all, major, minor, patch, semver:RANGE, glob:PATTERN, regexp:RE, force, newest, never`},
		},
		"an unknown key": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/colour": "red"},
			faults:      []string{`metadata.annotations[garboard.dev/colour]: Invalid value: "red": unknown key; allowed: ` + knownKeys},
		},
		"a key that is almost known": {
			labels: keys{"garboard.dev/policy": "minor", "garboard.dev/poll-schedule": "hourly"},
			faults: []string{`metadata.labels[garboard.dev/poll-schedule]: Invalid value: "hourly": unknown key; did you mean "pollSchedule"? allowed: ` + knownKeys},
		},
		"keys with a slip or two": {
			annotations: keys{
				"garboard.dev/polcy": "minor", "garboard.dev/pollShedule": "@hourly", "garboard.dev/polices": "minor",
				"garboard.dev/polcy.web": "minor", "garboard.dev/match.tag": "true",
			},
			faults: []string{
				`metadata.annotations[garboard.dev/match.tag]: Invalid value: "true": unknown key; allowed: ` + knownKeys,
				`metadata.annotations[garboard.dev/polcy]: Invalid value: "minor": unknown key; did you mean "policy"? allowed: ` + knownKeys,
				`metadata.annotations[garboard.dev/polcy.web]: Invalid value: "minor": unknown key; did you mean "policy.web"? allowed: ` + knownKeys,
				`metadata.annotations[garboard.dev/polices]: Invalid value: "minor": unknown key; did you mean "policy"? allowed: ` + knownKeys,
				`metadata.annotations[garboard.dev/pollShedule]: Invalid value: "@hourly": unknown key; did you mean "pollSchedule"? allowed: ` + knownKeys,
			},
		},
		"a value with a slip": {
			annotations: keys{"garboard.dev/policy": "minr", "garboard.dev/resolveOn": "chnage", "garboard.dev/pin": "digets"},
			faults: []string{
				`metadata.annotations[garboard.dev/pin]: Invalid value: "digets": did you mean "digest"? allowed: digest, follow, tag`,
				`metadata.annotations[garboard.dev/resolveOn]: Invalid value: "chnage": did you mean "change"? allowed: apply, change`,
				`metadata.annotations[garboard.dev/policy]: Invalid value: "minr": unknown policy; did you mean "minor"? allowed: all, major, minor, patch, semver:RANGE, glob:PATTERN, regexp:RE, force, newest, never`,
			},
		},
		"a namespace's label in the wrong place": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/enabled": "true"},
			faults:      []string{`metadata.annotations[garboard.dev/enabled]: Invalid value: "true": unknown key; allowed: as a label of a namespace`},
		},
		"the label that leaves a workload alone": {
			annotations: keys{"garboard.dev/policy": "minor"}, labels: keys{"garboard.dev/skip": "true"},
		},
		"the same with the value that does not": {
			annotations: keys{"garboard.dev/policy": "minor"}, labels: keys{"garboard.dev/skip": "false"},
			governed: allMinor(),
		},
		"the same with any other value": {
			annotations: keys{"garboard.dev/policy": "minor"}, labels: keys{"garboard.dev/skip": "yes"},
			faults: []string{`metadata.labels[garboard.dev/skip]: Invalid value: "yes": allowed: true, false`},
		},
		"the same as an annotation, which no webhook configuration sees": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/skip": "true"},
			faults:      []string{`metadata.annotations[garboard.dev/skip]: Invalid value: "true": unknown key; allowed: as a label of a workload`},
		},
		"a container's policy without a container": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/policy.": "never"},
			faults:      []string{`metadata.annotations[garboard.dev/policy.]: Invalid value: "never": unknown key; allowed: ` + knownKeys},
		},
		"a setting that is not built yet": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/order": "desc"},
			faults:      []string{`metadata.annotations[garboard.dev/order]: Invalid value: "desc": setting "order" is not supported by this version`},
		},
		"a setting that is not built yet, on the namespace": {
			annotations: keys{"garboard.dev/policy": "minor"}, namespace: keys{"garboard.dev/order": "desc"},
			faults: []string{`metadata.annotations[garboard.dev/order]: Invalid value: "desc": setting "order" is not supported by this version`},
		},
		"all bad values at once, annotations first and by key": {
			annotations: keys{
				"garboard.dev/policy": "minor", "garboard.dev/trigger": "approval", "garboard.dev/pin": "sha", "garboard.dev/matchTag": "1",
				"garboard.dev/resolveOn": "always", "garboard.dev/pollSchedule": "5m", "garboard.dev/monitorContainers": "(",
			},
			labels: keys{"garboard.dev/onUnresolvable": "Deny", "garboard.dev/imageVolumes": "True"},
			faults: []string{
				`metadata.annotations[garboard.dev/matchTag]: Invalid value: "1": allowed: true, false`,
				"metadata.annotations[garboard.dev/monitorContainers]: Invalid value: \"(\": missing closing ) in \"(\"; allowed: an RE2 regular expression",
				`metadata.annotations[garboard.dev/pin]: Invalid value: "sha": allowed: digest, follow, tag`,
				`metadata.annotations[garboard.dev/pollSchedule]: Invalid value: "5m": bad schedule (parsing schedule: expected 5 to 6 fields, found 1: [5m]); allowed: "@every DURATION" of at least 1s, "@hourly" and the like, or cron with 5 fields, or 6 with seconds first`,
				`metadata.annotations[garboard.dev/resolveOn]: Invalid value: "always": allowed: apply, change`,
				`metadata.annotations[garboard.dev/trigger]: Invalid value: "approval": allowed: poll, push`,
				`metadata.labels[garboard.dev/imageVolumes]: Invalid value: "True": did you mean "true"? allowed: true, false`,
				`metadata.labels[garboard.dev/onUnresolvable]: Invalid value: "Deny": did you mean "deny"? allowed: keep, deny`,
			},
		},
		"a bad policy of one container leaves the others": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/policy.web": "semver:"},
			faults:      []string{`metadata.annotations[garboard.dev/policy.web]: Invalid value: "semver:": empty range; allowed: >=1.2 <2, ^1.2, ~1.2, 1.x, 1.2 - 1.4, !1.3.1, joined by "||"`},
			governed:    map[string]string{"setup": "minor", "job": "minor", "volume/models": "minor"},
		},
		"a bad policy of one image volume leaves the others": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/policy.models": ""},
			faults:      []string{`metadata.annotations[garboard.dev/policy.models]: Invalid value: "": no policy; allowed: all, major, minor, patch, semver:RANGE, glob:PATTERN, regexp:RE, force, newest, never`},
			governed:    map[string]string{"setup": "minor", "web": "minor", "job": "minor"},
		},
		"a bad policy for all leaves the containers with their own": {
			annotations: keys{"garboard.dev/policy": "", "garboard.dev/policy.web": "patch"},
			faults:      []string{`metadata.annotations[garboard.dev/policy]: Invalid value: "": no policy; allowed: all, major, minor, patch, semver:RANGE, glob:PATTERN, regexp:RE, force, newest, never`},
			governed:    map[string]string{"web": "patch"},
		},
		"a bad companion is told once, where it stands, and bears on all": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/policy.web": "patch", "garboard.dev/policy.job": "all"},
			namespace:   keys{"garboard.dev/extract": "$1"},
			faults:      []string{`metadata.annotations[garboard.dev/extract]: Invalid value: "$1": nothing to extract from; allowed: together with filter`},
		},
		"two bad globs are both told": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/exclude": "ok*, a[b],c{d}"},
			faults: []string{
				`metadata.annotations[garboard.dev/exclude]: Invalid value: "a[b]": '[' is in no tag; allowed: letters, digits, '.', '_', '-', and * and ?`,
				`metadata.annotations[garboard.dev/exclude]: Invalid value: "c{d}": '{' is in no tag; allowed: letters, digits, '.', '_', '-', and * and ?`,
			},
		},
		"bad companions without a policy": {
			annotations: keys{"garboard.dev/filter": "(", "garboard.dev/exclude": "a[b]", "garboard.dev/extract": "$1"},
			faults: []string{
				`metadata.annotations[garboard.dev/filter]: Invalid value: "(": missing closing ) in "("; allowed: an RE2 regular expression`,
				`metadata.annotations[garboard.dev/exclude]: Invalid value: "a[b]": '[' is in no tag; allowed: letters, digits, '.', '_', '-', and * and ?`,
			},
		},
		"a bad value that another overrules is not looked at": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/pollSchedule": "@hourly"},
			labels:      keys{"keel.sh/pollSchedule": "whenever", "keel.sh/policy": "mayor"},
			namespace:   keys{"garboard.dev/pollSchedule": "whenever", "garboard.dev/policy": "mayor"},
			governed:    allMinor(),
		},
		"an unknown key is told wherever it stands": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/a": "1"}, namespace: keys{"garboard.dev/a": "2"},
			faults: []string{
				`metadata.annotations[garboard.dev/a]: Invalid value: "1": unknown key; allowed: ` + knownKeys,
				`metadata.annotations[garboard.dev/a]: Invalid value: "2": unknown key; allowed: ` + knownKeys,
			},
		},
		"a value without quotes, as YAML takes it": {
			annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/matchTag": true},
			faults:      []string{`metadata.annotations[garboard.dev/matchTag]: Invalid value: "true": not a string; allowed: text, in quotes`},
		},
		"a value of another shape": {
			annotations: keys{"garboard.dev/policy": keys{"web": "minor"}, "garboard.dev/policy.web": []string{"minor"}},
			faults: []string{
				`metadata.annotations[garboard.dev/policy]: Invalid value: "": not a string; allowed: text, in quotes`,
				`metadata.annotations[garboard.dev/policy.web]: Invalid value: "": not a string; allowed: text, in quotes`,
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, test.annotations, test.labels)
			settings := settings.ReadSettings(o, workload.Namespace{Annotations: test.namespace})
			if diff := cmp.Diff(test.faults, texts(settings.Faults)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if test.governed == nil {
				test.governed = map[string]string{}
			}
			if diff := cmp.Diff(test.governed, policies(o, settings)); diff != "" {
				t.Errorf("governed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFaultsSayWhoseTheyAre(t *testing.T) {
	o := workloadtest.Deployment(t,
		keys{"garboard.dev/policy.web": "a", "keel.sh/policy.job": "b"}, keys{"keel.observer/policy": "c"})
	settings := settings.ReadSettings(o, workload.Namespace{Annotations: keys{"keel.sh/pin": "d"}})
	type whose struct {
		Key, Value, Container string
		Keel, Namespace       bool
	}
	var got []whose
	for _, f := range settings.Faults {
		got = append(got, whose{f.Key, f.Value, f.Container, f.Keel, f.Namespace})
	}
	want := []whose{
		{"keel.sh/pin", "d", "", true, true},
		{"keel.sh/policy.job", "b", "job", true, false},
		{"garboard.dev/policy.web", "a", "web", false, false},
		{"keel.observer/policy", "c", "", true, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestSameFault(t *testing.T) {
	fault := func(annotations, labels, namespace keys) settings.Fault {
		faults := settings.ReadSettings(workloadtest.Deployment(t, annotations, labels), workload.Namespace{Annotations: namespace}).Faults
		if len(faults) != 1 {
			t.Fatalf("got faults %q, want one", texts(faults))
		}
		return faults[0]
	}
	bad := keys{"garboard.dev/policy": "mayor"}
	tests := map[string]struct {
		a, b settings.Fault
		want bool
	}{
		"the same key and value":       {fault(bad, nil, nil), fault(bad, nil, nil), true},
		"another value":                {fault(bad, nil, nil), fault(keys{"garboard.dev/policy": "major1"}, nil, nil), false},
		"another key":                  {fault(bad, nil, nil), fault(keys{"keel.sh/policy": "mayor"}, nil, nil), false},
		"on labels, not annotations":   {fault(bad, nil, nil), fault(nil, bad, nil), false},
		"on the namespace":             {fault(bad, nil, nil), fault(nil, nil, bad), false},
		"a key too long to be told":    {fault(keys{"keel.sh/" + strings.Repeat("a", 200): "x"}, nil, nil), fault(keys{"keel.sh/" + strings.Repeat("a", 201): "x"}, nil, nil), false},
		"a value too long to be told":  {fault(keys{"keel.sh/pin": strings.Repeat("a", 200)}, nil, nil), fault(keys{"keel.sh/pin": strings.Repeat("a", 201)}, nil, nil), false},
		"one of a policy's companions": {fault(keys{"keel.sh/policy": "all", "keel.sh/filter": "("}, nil, nil), fault(keys{"keel.sh/policy": "patch", "keel.sh/filter": "("}, nil, nil), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.a.Same(test.b); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// oneLine fails unless a text can be shown as one line of a bounded length.
func oneLine(t *testing.T, text string) {
	t.Helper()
	if n := utf8.RuneCountInString(text); n > 1500 {
		t.Errorf("got %d characters", n)
	}
	if !utf8.ValidString(text) {
		t.Errorf("got invalid UTF-8: %q", text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }); i >= 0 {
		t.Errorf("got an unprintable character at %d of %q", i, text)
	}
}

func TestFaultsStayOnOneBoundedLine(t *testing.T) {
	values := map[string]string{
		"control characters": "a\nb\x1b[2J\x00\u202e\u2028\r", "no UTF-8": "\xff\xfe(", "no text": "",
		"very long": strings.Repeat("(x", 100_000), "long in wide letters": strings.Repeat("\U000e0001", 50_000),
		"a long range": "semver:" + strings.Repeat(">=1\n ", 100), "a long regexp": "regexp:" + strings.Repeat("(\x1b", 200),
	}
	names := []string{
		"policy", "policy.web", "matchTag", "filter", "extract", "exclude", "trigger", "pollSchedule", "monitorContainers",
		"pin", "hold", "unknown", "un\nknown", "policy.a\x1bb", strings.Repeat("k", 10_000),
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			for _, setting := range names {
				annotations := keys{"keel.sh/policy": "all", "keel.sh/policy.job": "force"}
				annotations["keel.sh/"+setting] = value
				root := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"annotations": map[string]any(annotations)}}
				o, _ := workload.StandardKinds().FromMap(root)
				for _, text := range texts(settings.ReadSettings(o, workload.Namespace{}).Faults) {
					oneLine(t, text)
				}
			}
		})
	}
}

func TestFaultsAreBoundedInNumber(t *testing.T) {
	tests := map[string]func(i int) (key, value string){
		// Comparing each of them with all the others took 15 seconds.
		"bad policies of containers":  func(i int) (string, string) { return fmt.Sprintf("keel.sh/policy.c%d", i), "x" },
		"good policies of containers": func(i int) (string, string) { return fmt.Sprintf("keel.sh/policy.c%d", i), "all" },
		"unknown keys":                func(i int) (string, string) { return fmt.Sprintf("garboard.dev/k%d", i), "x" },
	}
	for name, entry := range tests {
		t.Run(name, func(t *testing.T) {
			annotations, labels := keys{"garboard.dev/policy": "minor"}, map[string]string{}
			for i := range 9000 {
				key, value := entry(i)
				annotations[key], labels[key] = value, value
			}
			o := workloadtest.Deployment(t, annotations, nil)
			read := settings.ReadSettings(o, workload.Namespace{})
			if n := len(read.Faults); n == 0 || n > 64 {
				t.Errorf("got %d faults, want 1 to 64", n)
			}
			if got := policies(o, read); len(got) > 0 {
				t.Errorf("got governed %v, want nothing", got)
			}
			if n := len(settings.NamespaceFaults(workload.NamespaceOf("team", labels, labels))); n == 0 || n > 64 {
				t.Errorf("got %d faults of a namespace, want 1 to 64", n)
			}
		})
	}
}

// A pattern of 500 bytes can make a program of fifty thousand steps, and each
// name of each container is matched with it.
func TestMonitorContainersIsBounded(t *testing.T) {
	tests := map[string]string{
		"too long":             strings.Repeat("a", 513),
		"too many repetitions": strings.Repeat("(.?){1000}", 50),
		"nested repetitions":   "((a{10}){10}){10}b{900}",
	}
	for name, pattern := range tests {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, keys{"garboard.dev/policy": "minor", "garboard.dev/monitorContainers": pattern}, nil)
			settings := settings.ReadSettings(o, workload.Namespace{})
			if len(settings.Faults) != 1 || len(policies(o, settings)) > 0 {
				t.Errorf("got %q and %v, want one fault and nothing governed", texts(settings.Faults), policies(o, settings))
			}
		})
	}
}
