package doctor

import "testing"

func TestImagesAreTooFarApartBeyondOneMinorVersion(t *testing.T) {
	for name, test := range map[string]struct {
		webhook, updater string
		want             bool
	}{
		"one version":                        {"garboard:v0.1.0", "garboard:v0.1.0", false},
		"one minor version":                  {"garboard:v0.1.9", "garboard:v0.2.0", false},
		"one minor version back":             {"garboard:v0.2.0", "garboard:v0.1.0", false},
		"two minor versions":                 {"garboard:v0.1.0", "garboard:v0.3.0", true},
		"two minor versions back":            {"garboard:v0.3.0", "garboard:v0.1.0", true},
		"another major version":              {"garboard:v1.0.0", "garboard:v0.9.0", true},
		"a branch, which tells no version":   {"garboard:main", "garboard:v0.3.0", false},
		"a digest without a tag":             {"garboard:v0.1.0", "garboard@sha256:" + zeroes, false},
		"a tag and a digest":                 {"garboard:v0.1.0@sha256:" + zeroes, "garboard:v0.3.0@sha256:" + zeroes, true},
		"what is no reference to any image":  {"garboard:v0.1.0", "Garboard:v0.3.0", false},
		"another registry, of equal version": {"corp.example/garboard:v0.1.0", "garboard:v0.1.0", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tooFarApart(test.webhook, test.updater); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

const zeroes = "0000000000000000000000000000000000000000000000000000000000000000"
