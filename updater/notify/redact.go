package notify

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/garboard-dev/garboard/internal/printable"
)

const (
	redacted = "[redacted]"
	// minSecret is the shortest part of a URL that is taken out of other texts:
	// shorter ones are in every sentence.
	minSecret = 4
	maxReason = 300
)

// anyURL is a URL within a sentence. Services are spoken to by other URLs than
// the ones that are given, with the same secrets.
var anyURL = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)

// ownWords stand in all URLs, and in what shoutrrr says of them.
var ownWords = []string{"hook", "webhook", "telegram"} //nolint:gochecknoglobals // a table

// redact takes everything of the URL out of an error, but for the service's
// name. What remains is bounded and on one line: services repeat what servers
// say.
func (u URL) redact(err error) error {
	if err == nil {
		return nil
	}
	text := anyURL.ReplaceAllString(err.Error(), redacted)
	for _, part := range u.parts() {
		text = strings.ReplaceAll(text, part, redacted)
	}
	return errors.New(printable.OneLine(text, maxReason))
}

// parts are what a URL is made of, as it is written and as it reads decoded, the
// longest first.
func (u URL) parts() []string {
	parts := []string{u.text}
	split := func(text string) {
		parts = append(parts, text)
		// Services join tokens in another way: T/B/X of T-B-X.
		parts = append(parts, strings.FieldsFunc(text, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})...)
	}
	rest, query, _ := strings.Cut(u.text, "?")
	if _, after, ok := strings.Cut(rest, "://"); ok {
		rest = after
	}
	pieces := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/@:#", r) })
	for pair := range strings.SplitSeq(query, "&") {
		_, value, _ := strings.Cut(pair, "=")
		pieces = append(pieces, value)
	}
	for _, piece := range pieces {
		if slices.Contains(ownWords, piece) {
			continue
		}
		split(piece)
		if decoded, err := url.QueryUnescape(piece); err == nil {
			split(decoded)
		}
		if decoded, err := url.PathUnescape(piece); err == nil {
			split(decoded)
		}
	}
	parts = slices.DeleteFunc(parts, func(part string) bool { return len(part) < minSecret })
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(parts)
}
