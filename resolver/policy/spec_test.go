package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		spec  Spec
		field string
		want  string
	}{
		"no policy":                     {Spec{}, "policy", "no policy; allowed: all, major"},
		"an unknown name":               {Spec{Name: "mayor"}, "policy", `unknown policy; did you mean "major"? allowed: all`},
		"a name in upper case":          {Spec{Name: "Minor"}, "policy", `did you mean "minor"?`},
		"a name nothing is like":        {Spec{Name: "everything"}, "policy", "unknown policy; allowed: all"},
		"blanks around a name":          {Spec{Name: " minor"}, "policy", `did you mean "minor"?`},
		"quotes inside quotes":          {Spec{Name: `"minor"`}, "policy", `did you mean "minor"?`},
		"the end of a line":             {Spec{Name: "minor\n"}, "policy", `did you mean "minor"?`},
		"a range and nothing else":      {Spec{Name: ">=1.2 <2"}, "policy", `did you mean "semver:>=1.2 <2"?`},
		"a range of two with a blank":   {Spec{Name: "semver ^1.2"}, "policy", `did you mean "semver:^1.2"?`},
		"a version and nothing else":    {Spec{Name: "1.x"}, "policy", `did you mean "semver:1.x"?`},
		"a pattern behind a sign":       {Spec{Name: "glob=build-*"}, "policy", `did you mean "glob:build-*"?`},
		"a pattern of another name":     {Spec{Name: "RegEx:^v"}, "policy", `did you mean "regexp:^v"?`},
		"a range in quotes":             {Spec{Name: `'semver:~1.4'`}, "policy", `did you mean "semver:~1.4"?`},
		"a strategy of other tools":     {Spec{Name: "newest-build"}, "policy", `did you mean "newest"?`},
		"a digest":                      {Spec{Name: "digest"}, "policy", `did you mean "force"?`},
		"an order of other tools":       {Spec{Name: "alphabetical"}, "policy", `did you mean "glob:*"?`},
		"switched off":                  {Spec{Name: "disabled"}, "policy", `did you mean "never"?`},
		"quotes and nothing else":       {Spec{Name: `""`}, "policy", "unknown policy; allowed: all"},
		"a long one":                    {Spec{Name: "regex:" + strings.Repeat("a", 1<<16)}, "policy", `did you mean "regexp:a`},
		"an argument that none takes":   {Spec{Name: "minor:1"}, "policy", "minor takes no argument"},
		"a range without its colon":     {Spec{Name: "semver"}, "policy", "empty range"},
		"an empty range":                {Spec{Name: "semver: "}, "policy", "empty range"},
		"an empty glob":                 {Spec{Name: "glob:"}, "policy", "empty"},
		"an empty regexp":               {Spec{Name: "regexp:"}, "policy", "empty"},
		"a glob of other tools":         {Spec{Name: "glob:v[0-9]*"}, "policy", `'[' is in no tag`},
		"a bad regexp":                  {Spec{Name: "regexp:("}, "policy", "missing closing )"},
		"a regexp of other engines":     {Spec{Name: "regexp:(?!rc)"}, "policy", "RE2"},
		"a regexp between slashes":      {Spec{Name: "regexp:/^v/"}, "policy", "between slashes"},
		"a filter between slashes":      {Spec{Name: "all", Filter: "/^v/"}, "filter", "between slashes"},
		"a backslash that is escaped":   {Spec{Name: `regexp:^v?\\d+\\.`}, "policy", `without '\\', which is in no tag`},
		"a regexp in quotes":            {Spec{Name: `regexp:"^v"`}, "policy", `without '"', which is in no tag`},
		"a variable in a regexp":        {Spec{Name: "regexp:^main-${sha}-"}, "policy", `without '{', which is in no tag`},
		"a whole reference":             {Spec{Name: "regexp:^(app/web|app/api):v"}, "policy", `without '/', which is in no tag`},
		"white space":                   {Spec{Name: `regexp:^v\s+1`}, "policy", "which is in no tag"},
		"a filter of other tools":       {Spec{Name: "all", Filter: "'^v(.*)'"}, "filter", `without '\'', which is in no tag`},
		"a regexp that costs much":      {Spec{Name: "regexp:(a{40}){25}b{1000}"}, "policy", "too many repetitions"},
		"a long regexp":                 {Spec{Name: "regexp:" + strings.Repeat("a", 513)}, "policy", "513 bytes; allowed: at most 512"},
		"a long range":                  {Spec{Name: "semver:" + strings.Repeat("1 ", 300)}, "policy", "600 bytes"},
		"a long glob":                   {Spec{Name: "glob:" + strings.Repeat("a*", 300)}, "policy", "600 bytes"},
		"newest with an argument":       {Spec{Name: "newest:glob:*"}, "policy", "newest takes no argument"},
		"a bad filter":                  {Spec{Name: "all", Filter: "["}, "filter", "missing closing ]"},
		"extract without filter":        {Spec{Name: "all", Extract: "$1"}, "extract", "together with filter"},
		"a group that is not there":     {Spec{Name: "all", Filter: "(?P<v>.)(.)", Extract: "$w"}, "extract", `"w" is no group of the filter; allowed: $0, ${v}, ${2}`},
		"a group number too high":       {Spec{Name: "all", Filter: "(.)", Extract: "$2"}, "extract", `"2" is no group`},
		"a group with letters after it": {Spec{Name: "all", Filter: "(.)", Extract: "$1x"}, "extract", `"1x" is no group of the filter; allowed: $0, ${1}`},
		"a brace left open":             {Spec{Name: "all", Filter: "(.)", Extract: "${1"}, "extract", "'${' without '}'"},
		"a sign alone":                  {Spec{Name: "all", Filter: "(.)", Extract: "$1-$"}, "extract", "'$' without a group"},
		"many groups":                   {Spec{Name: "all", Filter: "(.)", Extract: strings.Repeat("$1-", 17)}, "extract", "17 groups"},
		"a long template":               {Spec{Name: "all", Filter: "(.)", Extract: strings.Repeat("a", 513)}, "extract", "513 bytes"},
		"an empty exclude":              {Spec{Name: "all", Exclude: []string{""}}, "exclude", "empty"},
		"a bad exclude":                 {Spec{Name: "all", Exclude: []string{"ok", "{a,b}"}}, "exclude", "in no tag"},
		"many excludes":                 {Spec{Name: "all", Exclude: make([]string, 65)}, "exclude", "65 globs"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(test.spec)
			var faults Faults
			if p != nil || !errors.As(err, &faults) || len(faults) != 1 {
				t.Fatalf("got policy %v and error %v, want one fault", p, err)
			}
			if faults[0].Field != test.field || !strings.Contains(faults[0].Allowed, test.want) {
				t.Errorf("got %v, want %s: %s", err, test.field, test.want)
			}
			if text := err.Error(); len(text) > 400 {
				t.Errorf("the text has %d bytes: %s", len(text), text)
			}
		})
	}
}

func TestParseReportsEveryFault(t *testing.T) {
	_, err := Parse(Spec{Name: "mayor", Filter: "(", Extract: "$1", Exclude: []string{"b/", "a/"}})
	want := `policy: "mayor": unknown policy; did you mean "major"? ` + allowedPolicies +
		`; filter: "(": missing closing ) in "("; allowed: an RE2 regular expression` +
		`; exclude: "a/": '/' is in no tag; allowed: letters, digits, '.', '_', '-', and * and ?` +
		`; exclude: "b/": '/' is in no tag; allowed: letters, digits, '.', '_', '-', and * and ?`
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParseTakes(t *testing.T) {
	for name, spec := range map[string]Spec{
		"a blank before the range":       {Name: "semver: >=1.2"},
		"what no tag has, or nothing":    {Name: `regexp:^v1( |\+b)?(x/){0,2}[^a-z]`},
		"what one of two ways needs":     {Name: "regexp:^(a/b|c)$"},
		"a letter that folds to a tag's": {Name: "regexp:(?i)ſ"},
		"any regexp of extracted text":   {Name: "regexp:^a b", Filter: "(.)", Extract: "$1 b"},
		"a colon in a regexp":            {Name: "regexp:^(?:a|b)$"},
		"any glob over extracted text":   {Name: "glob:a b", Filter: "(.)", Extract: "$1 b"},
		"a dollar sign in a template":    {Name: "all", Filter: "(.)", Extract: "$$1$1"},
		"the whole match in a template":  {Name: "all", Filter: ".", Extract: "${0}"},
		"a filter without template":      {Name: "all", Filter: "."},
		"a long list of words":           {Name: "regexp:" + strings.Repeat("word|", 100)},
		"stars in a row":                 {Name: "glob:a***b"},
		"matchTag false without force":   {Name: "minor", MatchTag: new(bool)},
		"a template without any group":   {Name: "all", Filter: ".", Extract: "1.0"},
		"a named group beside a literal": {Name: "all", Filter: "(?P<v>.)", Extract: "${v}x"},
	} {
		t.Run(name, func(t *testing.T) { parsed(t, spec) })
	}
}
