package webhook_test

import (
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
)

// A floating tag under a level policy gets its rebuilds and the next step, and what an
// undo leaves is held: the one build, and no later one.
func TestPinFollow(t *testing.T) {
	w := newWorld(t, "1.2.0")
	s := &tale{t: t, w: w, user: updater}
	var response *admissionv1.AdmissionResponse
	first := w.digest("1.2.0")
	s.stored, response = w.mutate(write{object: w.gated("minor", "1.2.0", "garboard.dev/pin", "follow"), manager: "kubectl-create", user: s.user})
	if got := w.images(s.stored); got != "1.2.0@"+first {
		t.Fatalf("created with %s, and the warnings %q", got, response.Warnings)
	}
	short := func(digest string) string { return "1.2.0@" + digest[:19] }
	w.push("1.2.0")
	second := w.digest("1.2.0")
	s.write("a bump to the rebuilt tag", "garboard-updater", bump("1.2.0@"+second), "1.2.0@"+second, "", "c0: app:"+short(first)+" -> "+short(second)+" (policy minor)")
	s.write("a person going back", "kubectl-set", s.image("1.2.0@"+first), "1.2.0@"+first, "c0=1.2.0@"+second, "")
	s.write("a bump to what was left", "garboard-updater", bump("1.2.0@"+second), "1.2.0@"+first, "c0=1.2.0@"+second, "")
	w.push("1.2.0")
	third := w.digest("1.2.0")
	s.write("a bump to a later build", "garboard-updater", bump("1.2.0@"+third), "1.2.0@"+third, "", "c0: app:"+short(first)+" -> "+short(third)+" (policy minor; hold on 1.2.0 ended)")
	w.push("1.3.0")
	fourth := w.digest("1.3.0")
	s.write("a bump to the next version", "garboard-updater", bump("1.3.0@"+fourth), "1.3.0@"+fourth, "", "c0: app:"+short(third)+" -> 1.3.0@"+fourth[:19]+" (policy minor)")
	if strings.Contains(s.stored, "garboard.dev/bump") {
		t.Error("a bump is stored")
	}
}
