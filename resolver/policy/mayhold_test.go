package policy

import "testing"

func TestMayHold(t *testing.T) {
	for name, test := range map[string]struct {
		spec          Spec
		running, held string
		want          bool
	}{
		"a higher version":                        {Spec{Name: "minor"}, "1.2.0", "1.3.0", true},
		"one beyond what the policy leads to":     {Spec{Name: "minor"}, "1.2.0", "2.0.0", true},
		"what runs":                               {Spec{Name: "minor"}, "1.2.0", "1.2.0", true},
		"with a v":                                {Spec{Name: "minor"}, "1.2.0", "v1.3.0", true},
		"a pre-release of it":                     {Spec{Name: "minor"}, "1.2.0", "1.3.0-rc.1", true},
		"without the variant that runs":           {Spec{Name: "minor"}, "1.2.0-alpine", "1.3.0", false},
		"of another variant":                      {Spec{Name: "minor"}, "1.2.0-alpine", "1.3.0-slim", false},
		"of a variant that counts as one":         {Spec{Name: "minor", Variant: []string{"alpine*"}}, "1.2.0-alpine3.19", "1.3.0-alpine3.20", true},
		"of fewer parts":                          {Spec{Name: "minor"}, "1.2.0", "1.3", false},
		"no version":                              {Spec{Name: "semver:^1"}, "1.2.0", "1.3.x", false},
		"a version, where none runs":              {Spec{Name: "semver:^1"}, "latest", "1.3.0", true},
		"no version, where none runs":             {Spec{Name: "semver:^1"}, "latest", "main", false},
		"what the pattern does not match":         {Spec{Name: "glob:main-*"}, "main-1", "1.2.0", false},
		"what it matches":                         {Spec{Name: "glob:main-*"}, "main-1", "main-7", true},
		"what it matches, where another tag runs": {Spec{Name: "regexp:^main-(.*)$"}, "latest", "main-7", true},
		"anything, by build date":                 {Spec{Name: "newest"}, "1.2.0", "main", true},
		"anything, by digest":                     {Spec{Name: "force"}, "latest", "main", true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(test.spec)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.MayHold(test.running, test.held); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
