package printable_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/garboard-dev/garboard/internal/printable"
)

func TestEscape(t *testing.T) {
	tests := map[string]struct {
		text string
		n    int
		want string
	}{
		"short enough":               {"web", 3, "web"},
		"too long":                   {"webs", 3, "we…"},
		"wide letters":               {"ééé", 3, "ééé"},
		"too many wide letters":      {"éééé", 3, "éé…"},
		"control characters":         {"a\nb", 9, `a\nb`},
		"escapes count":              {"\n\n\n", 4, `\n\…`},
		"a change of direction":      {"a\u202eb", 20, `a\u202eb`},
		"no UTF-8":                   {"\xff", 9, "\ufffd"},
		"a megabyte of wide letters": {strings.Repeat("\U0001f600", 1<<18), 2, "\U0001f600…"},
		"nothing":                    {"", 1, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := printable.Escape(test.text, test.n); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A text that is cut in the middle of a character is no UTF-8 any more: a log or an
// Event with it is refused or garbled.
func TestNoCharacterIsCutInTwo(t *testing.T) {
	for name, shorten := range map[string]func(string, int) string{
		"Cut": printable.Cut, "Escape": printable.Escape, "Replace": printable.Replace, "OneLine": printable.OneLine,
	} {
		for _, text := range []string{strings.Repeat("é", 300), "a" + strings.Repeat("é", 300), strings.Repeat("\U0001f600", 300)} {
			for n := 1; n <= 250; n++ {
				got := shorten(text, n)
				if !utf8.ValidString(got) || utf8.RuneCountInString(got) != n || !strings.HasSuffix(got, "…") {
					t.Errorf("%s: %d characters of %q… are %q", name, n, text[:5], got)
				}
			}
		}
	}
}

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"two\nlines\tof it": "two lines of it", "no \x1b[31mcolour": "no [31mcolour", "not\xff UTF-8": "not UTF-8", "": "",
	} {
		if got := printable.OneLine(text, 40); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestDigest(t *testing.T) {
	for digest, want := range map[string]string{
		"sha256:0123456789abcdef": "sha256:0123456789ab", "sha512:0123456789abcdef": "sha512:0123456789ab",
		"sha256:0123": "sha256:0123", "0123456789abcdef": "0123456789abcdef", "": "",
	} {
		if got := printable.Digest(digest, 12); got != want {
			t.Errorf("%q: got %q, want %q", digest, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 votes", 1: "1 vote", 2: "2 votes", 12345: "12345 votes"} {
		if got := printable.Count(n, "vote"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
