package settings_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

// Manifests that Keel obeys are obeyed: what it passes over leaves nothing alone.
func TestWhatKeelPassesOver(t *testing.T) {
	for name, test := range map[string]struct {
		key, value string
		warns      string // its beginning; empty for silence
		stops      bool
	}{
		"a key that Keel does not know":     {"keel.sh/approved", "true", "unknown key; did you mean", false},
		"another one":                       {"keel.sh/container", "web", "unknown key; allowed: ", false},
		"a key with a slip":                 {"keel.sh/pollShedule", "@hourly", `unknown key; did you mean "pollSchedule"? `, false},
		"a key with another's words":        {"keel.sh/updateScheduleCronTabs", "0 0 * * *", "unknown key; allowed: ", false},
		"a key in another case":             {"keel.sh/MonitorContainers", "web", "", false},
		"a bad schedule":                    {"keel.sh/pollSchedule", "soon", "bad schedule (", false},
		"an empty schedule":                 {"keel.sh/pollSchedule", "", "bad schedule (", false},
		"an empty trigger":                  {"keel.sh/trigger", "", "empty", false},
		"a trigger of Keel's":               {"keel.sh/trigger", "default", "", false},
		"no true and no false":              {"keel.sh/matchTag", "yes", "allowed: true, false", false},
		"no pre-release and no release":     {"keel.sh/matchPreRelease", "", "allowed: true, false", false},
		"a choice of containers that isn't": {"keel.sh/monitorContainers", "(", "missing closing )", false},
		"no choice of containers":           {"keel.sh/monitorContainers", "", "", false},
		"no votes":                          {"keel.sh/approvals", "0", "", false},
		"a deadline without votes":          {"keel.sh/approvalDeadline", "24", "", false},
		"a deadline that is none":           {"keel.sh/approvalDeadline", "soon", `allowed: hours such as "24"`, false},
		"no channels":                       {"keel.sh/notify", "", "", false},
		"channels that are none":            {"keel.sh/notify", "a,,b", "allowed: names of channels", false},
		"release notes":                     {"keel.sh/releaseNotes", "https://example.com/notes", "", false},
		"release notes of another kind":     {"keel.sh/releaseNotes", "see the wiki", "allowed: an http or https URL", false},
		"no Secret":                         {"keel.sh/imagePullSecret", "", "", false},
		"a Secret with a bad name":          {"keel.sh/imagePullSecret", "A B", "no name of a Secret", false},
		"a setting of ours with a slip":     {"keel.sh/pin", "digets", `did you mean "digest"?`, false},
		"an order, which is not built":      {"keel.sh/order", "desc", `setting "order" is not`, false},
		"votes":                             {"keel.sh/approvals", "1", "", false},
		"votes that cannot be counted":      {"keel.sh/approvals", "two", "allowed: the number of votes", true},
		"fewer votes than none":             {"keel.sh/approvals", "-1", "allowed: the number of votes", true},
		"a window that cannot be read":      {"keel.sh/window", "at night", "bad window (", true},
		"an age that cannot be read":        {"keel.sh/minAge", "old", "allowed: a duration", true},
		"a filter that cannot be read":      {"keel.sh/filter", "(", "missing closing )", true},
		"variants that are none":            {"keel.sh/variant", "[a]", "'[' is in no", true},
		"a policy that cannot be read":      {"keel.sh/policy", "mayor", "unknown policy; did you mean", true},
		"an empty policy":                   {"keel.sh/policy", "", "no policy; ", true},
		"a hold, which is ours alone":       {"keel.sh/hold", "web=1.2.3", "allowed: as the annotation", true},
	} {
		t.Run(name, func(t *testing.T) {
			for place, read := range map[string]func() (*workload.Object, workload.Namespace){
				"annotations": func() (*workload.Object, workload.Namespace) {
					return workloadtest.Deployment(t, with(test.key, test.value), nil), workload.Namespace{}
				},
				"labels": func() (*workload.Object, workload.Namespace) {
					return workloadtest.Deployment(t, nil, with(test.key, test.value)), workload.Namespace{}
				},
				"the namespace": func() (*workload.Object, workload.Namespace) {
					return workloadtest.Deployment(t, nil, nil), workload.Namespace{Annotations: with(test.key, test.value)}
				},
			} {
				o, namespace := read()
				s := settings.ReadSettings(o, namespace)
				if governs := len(policies(o, s)) > 0; governs == test.stops {
					t.Errorf("on %s: governed %v, want %v", place, governs, !test.stops)
				}
				if len(s.Faults) == 0 && test.warns == "" {
					continue
				}
				if len(s.Faults) != 1 || test.warns == "" || !startsWith(s.Faults[0].Detail, test.warns) {
					t.Errorf("on %s: got %q, want %q", place, texts(s.Faults), test.warns)
					continue
				}
				if s.Faults[0].PassedOver == test.stops {
					t.Errorf("on %s: passed over %v", place, s.Faults[0].PassedOver)
				}
			}
		})
	}
}

func with(key, value string) keys {
	all := keys{"keel.sh/policy": "minor"}
	all[key] = value
	return all
}

func startsWith(text, start string) bool {
	return len(text) >= len(start) && text[:len(start)] == start
}

// What is passed over counts as not there: what stands elsewhere has its turn.
func TestWhatIsPassedOverOverrulesNothing(t *testing.T) {
	namespace := workload.Namespace{Annotations: keys{"garboard.dev/pollSchedule": "@hourly", "garboard.dev/pin": "digest", "garboard.dev/initContainers": "true"}}
	o := workloadtest.Deployment(t, keys{"keel.sh/policy": "minor", "keel.sh/pollSchedule": "soon", "keel.sh/pin": "", "keel.sh/initContainers": "yes"}, nil)
	s := settings.ReadSettings(o, namespace)
	rule := s.Rule(o.Slots()[1])
	if rule.ScheduleText != "@hourly" || rule.Pin != "digest" {
		t.Errorf("got schedule %q and pin %q, want the namespace's", rule.ScheduleText, rule.Pin)
	}
	// To Keel, whatever is not "true" is "false".
	want := map[string]string{"web": "minor", "job": "minor", "volume/models": "minor"}
	if diff := cmp.Diff(want, policies(o, s)); diff != "" {
		t.Errorf("governed (-want +got):\n%s", diff)
	}
	if len(s.Faults) != 3 {
		t.Errorf("got %q, want three", texts(s.Faults))
	}
}

// Many keys that are passed over must not keep a gate that cannot be read from being
// told, or from leaving the containers alone.
func TestWhatIsPassedOverHidesNoGate(t *testing.T) {
	all := keys{"keel.sh/policy": "minor", "keel.sh/window": "at night"}
	for i := range 500 {
		all["keel.sh/a"+string(rune('a'+i%26))+string(rune('a'+i/26))] = "x"
	}
	o := workloadtest.Deployment(t, all, nil)
	s := settings.ReadSettings(o, workload.Namespace{})
	if len(policies(o, s)) > 0 {
		t.Error("governed")
	}
	told := false
	for _, f := range s.Faults {
		told = told || f.Key == "keel.sh/window"
	}
	if !told || len(s.Faults) > 64 {
		t.Errorf("got %d faults, the window's among them %v", len(s.Faults), told)
	}
}

func TestReleaseNotes(t *testing.T) {
	for name, test := range map[string]struct{ value, want string }{
		"an address":             {"https://example.com/shop/releases", "https://example.com/shop/releases"},
		"one without encryption": {"http://example.com", "http://example.com"},
		"a word":                 {"none", ""},
		"a path":                 {"/releases", ""},
		"another scheme":         {"javascript:alert(1)", ""},
		"a password":             {"https://user:hunter2@example.com", ""},
		"two lines":              {"https://example.com/\nx", ""},
		"text behind it":         {"https://example.com/ @here", ""},
	} {
		t.Run(name, func(t *testing.T) {
			rule := ruleOf(t, keys{"keel.sh/policy": "minor", "keel.sh/releaseNotes": test.value})
			if rule.ReleaseNotes != test.want || !rule.Governed() {
				t.Errorf("got %q, governed %v; want %q", rule.ReleaseNotes, rule.Governed(), test.want)
			}
		})
	}
}
