package manifests_test

import (
	"slices"
	"strings"
	"testing"
)

// What Helm prints after an installation says what is left to do, and nothing else.
func TestChartsNotesSayWhatIsLeftToDo(t *testing.T) {
	t.Parallel()
	const policies, noStatus = "networkPolicy: {enabled: true, controlPlane: [10.0.0.0/28]", "let no one ask the updater"
	optional := []string{"Votes in a chat", "The page answers", "page.people names no one", noStatus, "let no push notification in", "Push notifications: the Secret", "The certificate is yours", "writes pass with the tag"}
	for name, tt := range map[string]struct {
		values string
		want   []string // of the optional parts; no others are there
	}{
		"the values of the chart":                  {},
		"a chat":                                   {chatValues, []string{"Votes in a chat"}},
		"push notifications":                       {pushValues, []string{"Push notifications: the Secret"}},
		"a page":                                   {pageValues, []string{"The page answers"}},
		"a page for no one":                        {"page: {enabled: true, hosts: [a.example.com], args: [--oidc-pass-token]}", []string{"The page answers", "page.people names no one"}},
		"closed ports":                             {policies + "}", []string{noStatus}},
		"closed ports, but for the status":         {policies + ", status: true}", nil},
		"push notifications, and closed ports":     {pushValues + policies + ", status: true}", []string{"let no push notification in", "Push notifications: the Secret"}},
		"push notifications from somewhere":        {pushValues + policies + ", status: true, push: [{podSelector: {}}]}", []string{"Push notifications: the Secret"}},
		"writes that never wait, and certificates": {"admission: {failurePolicy: Ignore}\ncertificates: {source: files, caBundle: \"-----BEGIN CERTIFICATE-----\"}", []string{"The certificate is yours", "writes pass with the tag"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, stderr, err := helm(t.Context(), tt.values, "install", "garboard", chart, "--namespace=garboard", "--dry-run=client", "--values=-")
			if err != nil {
				t.Fatal(err, stderr)
			}
			_, notes, ok := strings.Cut(out, "\nNOTES:\n")
			if !ok {
				t.Fatalf("it has no notes:\n%s", out)
			}
			for _, part := range optional {
				if got, want := strings.Contains(notes, part), slices.Contains(tt.want, part); got != want {
					t.Errorf("that %q is said is %v, want %v:\n%s", part, got, want, notes)
				}
			}
			for line := range strings.Lines(notes) {
				if len(line) > 121 || strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
					t.Errorf("a line that is long, or ends in a space: %q", line)
				}
			}
		})
	}
}
