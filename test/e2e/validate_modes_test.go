package e2e

import (
	"strings"
	"testing"
)

// judging makes an opted-in namespace with the mode of its label
// garboard.dev/validate; empty for none.
func judging(t testing.TB, mode string) *space {
	t.Helper()
	labels := map[string]string{"garboard.dev/enabled": "true"}
	if mode != "" {
		labels["garboard.dev/validate"] = mode
	}
	return makeSpace(t, labels)
}

// The mode is about images that a person takes out of the rules, and about
// Keel's keys. A bad setting of ours is refused in each.
func TestValidationModes(t *testing.T) {
	parallel(t)
	const (
		image = "spec.template.spec.containers[0].image"
		pin   = "metadata.annotations[keel.sh/pin]"
	)
	for mode, want := range map[string]struct {
		refused, warned []string
		silent          string
	}{
		"":        {warned: []string{image, pin}},
		"warn":    {warned: []string{image, pin}},
		"off":     {warned: []string{pin}, silent: image},
		"enforce": {refused: []string{image, pin}},
	} {
		t.Run("mode "+mode, func(t *testing.T) {
			s := judging(t, mode)
			s.push("1.2.0")
			// Nothing in the registry is in range, so that the image stays. Keel's
			// bad key leaves all containers alone, and so has a workload of its own.
			manifests := map[string]string{
				image: s.manifest("out", "1.2.0", `garboard.dev/policy: "glob:2.*"`, quiet),
				pin:   s.manifest("keel", "1.2.0", `keel.sh/pin: "sha"`),
			}
			for _, path := range want.refused {
				if _, _, err := s.kubectl(manifests[path], "create", "-f", "-"); err == nil || !strings.Contains(err.Error(), path) {
					t.Errorf("kubectl said %v, want a refusal of %s", err, path)
				}
			}
			for _, path := range want.warned {
				if _, warned := s.must(manifests[path], "create", "-f", "-"); !strings.Contains(warned, path) {
					t.Errorf("kubectl warned %q, want %s", warned, path)
				}
			}
			if want.silent != "" {
				if _, warned := s.must(manifests[want.silent], "create", "-f", "-"); strings.Contains(warned, want.silent) {
					t.Errorf("kubectl warned %q", warned)
				}
			}
			if _, _, err := s.kubectl(s.manifest("ours", "1.2.0", `garboard.dev/pin: "sha"`), "create", "-f", "-"); err == nil {
				t.Error("a bad setting was admitted")
			}
		})
	}
}

func TestAllFaultsInOneMessage(t *testing.T) {
	s := judging(t, "enforce")
	s.push("1.2.0")
	_, _, err := s.kubectl(s.manifest("web", "1.2.0",
		"garboard.dev/polcy: minor", "garboard.dev/pollShedule: \"@hourly\"", "garboard.dev/policy.web: minr", "garboard.dev/pin: diggest",
		`keel.sh/matchTag: "yes"`, `garboard.dev/policy: "semver:>=banana"`), "create", "-f", "-")
	if err == nil {
		t.Fatal("it was admitted")
	}
	for _, want := range []string{
		`metadata.annotations[garboard.dev/polcy]: Invalid value: "minor": unknown key; did you mean "policy"?`,
		`metadata.annotations[garboard.dev/pollShedule]: Invalid value: "@hourly": unknown key; did you mean "pollSchedule"?`,
		`metadata.annotations[garboard.dev/policy.web]: Invalid value: "minr": unknown policy; did you mean "minor"?`,
		`metadata.annotations[garboard.dev/pin]: Invalid value: "diggest": did you mean "digest"? allowed: digest, follow, tag`,
		`metadata.annotations[keel.sh/matchTag]: Invalid value: "yes": allowed: true, false`,
		`metadata.annotations[garboard.dev/policy]: Invalid value: "semver:>=banana"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("kubectl said\n%v\nwant %s", err, want)
		}
	}
	_, warned := s.must(s.manifest("stray", "1.2.0", "garboard.dev/policy.wbe: never"), "create", "--dry-run=server", "-f", "-")
	if want := `metadata.annotations[garboard.dev/policy.wbe]: did you mean "web"?`; !strings.Contains(warned, want) {
		t.Errorf("kubectl warned %q, want %q", warned, want)
	}
}

// What was there before is never in the way: neither of a label nor of an
// object's end, whatever is written meanwhile.
func TestEnforceIsNotInTheWay(t *testing.T) {
	s := makeSpace(t, nil)
	s.push("1.2.0", "1.3.0")
	s.must(s.manifest("web", "1.2.0", `garboard.dev/policy: "glob:2.*"`, "garboard.dev/pin: sha", quiet), "create", "-f", "-")
	s.must(s.manifest("out", "1.2.0", `garboard.dev/policy: "glob:2.*"`, quiet), "create", "-f", "-")
	s.must("", "patch", "deployment/out", "--type=merge", "-p", `{"metadata":{"finalizers":["e2e.garboard.dev/held"]}}`)
	s.must("", "label", "namespace", s.name, "garboard.dev/enabled=true", "garboard.dev/validate=enforce")
	s.awaitOptIn()
	s.must("", "label", "deployment/web", "touched=yes")
	s.must("", "label", "deployment/out", "touched=yes")
	s.must("", "annotate", "deployment/out", `garboard.dev/policy=glob:3.*`, "--overwrite")
	s.must("", "scale", "deployment/out", "--replicas=2")
	if err := s.refused("out", "1.3.0")(t.Context()); err != nil {
		t.Error(err)
	}
	s.must("", "delete", "deployment/out", "--wait=false")
	s.must("", "annotate", "deployment/out", "garboard.dev/pin=sha")
	s.must("", "set", "image", "deployment/out", "web="+s.image+":1.3.0")
	s.must("", "patch", "deployment/out", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	s.must("", "wait", "--for=delete", "deployment/out", "--timeout=60s")
}
