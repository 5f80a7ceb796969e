package document

import "testing"

func TestRuns(t *testing.T) {
	for name, tt := range map[string]struct {
		image []Platform
		node  string
		want  bool
	}{
		"the same":                           {[]Platform{{"linux", "amd64", ""}}, "linux/amd64", true},
		"another architecture":               {[]Platform{{"linux", "amd64", ""}}, "linux/arm64", false},
		"another system":                     {[]Platform{{"windows", "amd64", ""}}, "linux/amd64", false},
		"one of several":                     {[]Platform{{"linux", "amd64", ""}, {"linux", "arm64", ""}}, "linux/arm64", true},
		"no platform at all":                 {nil, "linux/amd64", false},
		"none declared":                      {[]Platform{{}}, "linux/amd64", true},
		"the system alone declared":          {[]Platform{{OS: "linux"}}, "linux/arm/v7", true},
		"a node of arm takes any variant":    {[]Platform{{"linux", "arm", "v6"}}, "linux/arm", true},
		"arm/v7 runs v7":                     {[]Platform{{"linux", "arm", "v7"}}, "linux/arm/v7", true},
		"arm/v7 runs v6":                     {[]Platform{{"linux", "arm", "v6"}}, "linux/arm/v7", true},
		"arm/v7 runs v5":                     {[]Platform{{"linux", "arm", "v5"}}, "linux/arm/v7", true},
		"arm/v6 does not run v7":             {[]Platform{{"linux", "arm", "v7"}}, "linux/arm/v6", false},
		"arm without a variant is v7":        {[]Platform{{"linux", "arm", ""}}, "linux/arm/v7", true},
		"arm without a variant is not v6":    {[]Platform{{"linux", "arm", ""}}, "linux/arm/v6", false},
		"a variant of arm that is no number": {[]Platform{{"linux", "arm", "hard"}}, "linux/arm/v7", false},
		"arm64 is arm64/v8":                  {[]Platform{{"linux", "arm64", "v8"}}, "linux/arm64", true},
		"arm64/v8 is arm64":                  {[]Platform{{"linux", "arm64", ""}}, "linux/arm64/v8", true},
		"arm64/v9 runs what every arm64 has": {[]Platform{{"linux", "arm64", "v8"}}, "linux/arm64/v9", true},
		"arm64 does not count as arm":        {[]Platform{{"linux", "arm", "v7"}}, "linux/arm64", false},
		"amd64 does not count as 386":        {[]Platform{{"linux", "386", ""}}, "linux/amd64", false},
		"amd64/v3 runs v1":                   {[]Platform{{"linux", "amd64", "v1"}}, "linux/amd64/v3", true},
		"amd64/v2 does not run v3":           {[]Platform{{"linux", "amd64", "v3"}}, "linux/amd64/v2", false},
		"an alias":                           {[]Platform{{"Linux", "x86_64", ""}}, "linux/amd64", true},
	} {
		t.Run(name, func(t *testing.T) {
			node, err := ParsePlatform(tt.node)
			if err != nil {
				t.Fatal(err)
			}
			if got := (Image{Platforms: tt.image}).Runs(node); got != tt.want {
				t.Errorf("%v on %s: got %t, want %t", tt.image, node, got, tt.want)
			}
		})
	}
}

func TestDeclaredPlatforms(t *testing.T) {
	for given, want := range map[Platform]Platform{
		{"linux", "amd64", ""}:       {"linux", "amd64", ""},
		{"Linux", "AMD64", "V1"}:     {"linux", "amd64", ""},
		{"linux", "x86_64", ""}:      {"linux", "amd64", ""},
		{"linux", "x86-64", "v2"}:    {"linux", "amd64", "v2"},
		{"linux", "i386", "x"}:       {"linux", "386", ""},
		{"linux", "aarch64", "8"}:    {"linux", "arm64", ""},
		{"linux", "arm64", "v8.0"}:   {"linux", "arm64", ""},
		{"linux", "arm64", "v9"}:     {"linux", "arm64", "v9"},
		{"linux", "arm", "7"}:        {"linux", "arm", "v7"},
		{"linux", "armhf", ""}:       {"linux", "arm", "v7"},
		{"linux", "armel", ""}:       {"linux", "arm", "v6"},
		{"macos", "arm64", ""}:       {"darwin", "arm64", ""},
		{"linux", "ppc64le", "POW9"}: {"linux", "ppc64le", "pow9"},
		{}:                           {},
	} {
		got, ok := declaredPlatform(given.OS, given.Architecture, given.Variant)
		if !ok || got != want {
			t.Errorf("%+v: got %+v, %t, want %+v", given, got, ok, want)
		}
	}
	for _, given := range []Platform{{"unknown", "unknown", ""}, {"linux", "unknown", ""}, {"lin ux", "amd64", ""}, {"linux", "amd64/../x", ""}} {
		if got, ok := declaredPlatform(given.OS, given.Architecture, given.Variant); ok {
			t.Errorf("%+v: got %+v, want it to count for nothing", given, got)
		}
	}
}

func TestParsePlatform(t *testing.T) {
	for text, want := range map[string]string{
		"linux/amd64": "linux/amd64", "linux/arm/v7": "linux/arm/v7", "linux/arm64/v8": "linux/arm64",
		"linux/aarch64": "linux/arm64", "linux/x86_64": "linux/amd64", "linux/x86-64/v2": "linux/amd64/v2", "windows/amd64": "windows/amd64",
	} {
		if got, err := ParsePlatform(text); err != nil || got.String() != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "linux", "linux/", "/amd64", "linux/amd64/", "Linux/amd64", "linux/arm/7", "linux/arm/v7/x", " linux/amd64"} {
		if got, err := ParsePlatform(text); err == nil {
			t.Errorf("%q: got %q, want an error", text, got)
		}
	}
}
