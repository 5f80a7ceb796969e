package e2e

import (
	"strings"
	"testing"
)

// Where Garboard itself comes from Git, its manifest is applied again and again.
// The CA that cert-manager wrote into the webhooks stays: the manifest does not
// name that field.
func TestApplyingTheInstallationAgainKeepsTheCA(t *testing.T) {
	s := suiteOf(t)
	for name, flags := range map[string][]string{
		"as Flux does":    {"--server-side", "--force-conflicts", "--field-manager=kustomize-controller"},
		"as Argo CD does": {"--field-manager=argocd-controller"},
	} {
		t.Run(name, func(t *testing.T) {
			// A dry run: the answer is what would be stored.
			args := append([]string{"apply", "-f", "../../manifests/install.yaml", "--dry-run=server",
				`-o=jsonpath={range .items[?(@.webhooks)]}{.kind}{range .webhooks[*]} {.clientConfig.caBundle}{end}{"\n"}{end}`}, flags...)
			out, _, err := s.Kubectl(t.Context(), "", args...)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"} {
				fields := strings.Fields(lineOf(out, want))
				if len(fields) < 2 {
					t.Errorf("no CA in the %s: %q", want, out)
				}
				for _, ca := range fields[min(1, len(fields)):] {
					if !strings.HasPrefix(ca, "LS0tLS1CRUdJTi") { // "-----BEGIN " in base64
						t.Errorf("the CA of a %s is %q", want, ca)
					}
				}
			}
		})
	}
}

// lineOf is the line that begins with a word.
func lineOf(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, word) {
			return line
		}
	}
	return ""
}
