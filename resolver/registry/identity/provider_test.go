package identity

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProvidersSet(t *testing.T) {
	tests := map[string]struct {
		text   string
		want   Providers
		string string
	}{
		"all of them":             {"auto", Providers{AWS, GCP, Azure}, "auto"},
		"none":                    {"none", nil, "none"},
		"one":                     {"gcp", Providers{GCP}, "gcp"},
		"two, with a blank":       {"azure, aws", Providers{Azure, AWS}, "azure,aws"},
		"one that is named twice": {"aws,aws", Providers{AWS}, "aws"},
		"three by name":           {"aws,gcp,azure", Providers{AWS, GCP, Azure}, "auto"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := Providers{Azure}
			if err := got.Set(test.text); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Set(%q) (-want +got):\n%s", test.text, diff)
			}
			if got.String() != test.string {
				t.Errorf("String() = %q, want %q", got.String(), test.string)
			}
		})
	}
}

func TestProvidersSetRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                "",
		"an unknown cloud":       "aws,ibm",
		"a cloud in capitals":    "AWS",
		"auto beside another":    "auto,aws",
		"a comma too many":       "aws,",
		"a name with a suffix":   "aws2",
		"none beside another":    "none,gcp",
		"a list with semicolons": "aws;gcp",
	} {
		t.Run(name, func(t *testing.T) {
			got := Providers{Azure}
			if err := got.Set(text); err == nil {
				t.Errorf("Set(%q) took it", text)
			}
			if diff := cmp.Diff(Providers{Azure}, got); diff != "" {
				t.Errorf("Set(%q) changed the value (-want +got):\n%s", text, diff)
			}
		})
	}
}
