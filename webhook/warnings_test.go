package webhook_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/webhook"
)

// The API server cuts warnings to 256 characters, and drops the rest of them,
// once they are many: those of other webhooks too.
func TestWarningsOfValidationAreBounded(t *testing.T) {
	w := newWorld(t)
	var all []string
	for i := range 30 {
		all = append(all, fmt.Sprintf(`%q:%q`, "keel.sh/"+strings.Repeat("k", 40)+strconv.Itoa(i), strings.Repeat("v", 10_000)))
	}
	object := strings.Replace(w.deployment("patch", "1.2.0"), `{"garboard.dev/policy"`, "{"+strings.Join(all, ",")+`,"garboard.dev/policy"`, 1)
	response := w.post(webhook.ValidatePath, write{object: object}.review())
	if !response.Allowed || len(response.Warnings) != 10 {
		t.Fatalf("allowed %v with %d warnings, want 10", response.Allowed, len(response.Warnings))
	}
	for _, warning := range response.Warnings {
		if n := len([]rune(warning)); n > 120 || strings.ContainsAny(warning, "\n\r") {
			t.Errorf("%d characters: %q", n, warning)
		}
	}
}

// A repository's name may be as long as the API server lets an image be.
func TestLongWarningsAreCut(t *testing.T) {
	got := webhook.Bound([]string{"web: example.com/" + strings.Repeat("ä", 300) + ":1.2.0 -> 1.2.7"})
	if n := len([]rune(got[0])); n != 120 {
		t.Errorf("%d characters: %s", n, got[0])
	}
}
