package document

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// maxQuery is longer than any cursor seen.
const maxQuery = 8 << 10

// NextQuery finds the Link with rel="next" (RFC 8288) and returns the query of
// its target; "" where there is none.
func NextQuery(header http.Header) (string, error) {
	for _, value := range header.Values("Link") {
		for value != "" {
			var target string
			var next bool
			target, next, value = cutLink(value)
			if next {
				return queryOf(target)
			}
		}
	}
	return "", nil
}

// cutLink reads the first link of a header value. Targets without the angle
// brackets are seen, too.
func cutLink(text string) (target string, next bool, rest string) {
	text = strings.TrimLeft(text, " \t,")
	if after, ok := strings.CutPrefix(text, "<"); ok {
		target, rest, _ = strings.Cut(after, ">")
	} else {
		end := strings.IndexAny(text, ";,")
		if end < 0 {
			end = len(text)
		}
		target, rest = strings.TrimSpace(text[:end]), text[end:]
	}
	for {
		rest = strings.TrimLeft(rest, " \t")
		if !strings.HasPrefix(rest, ";") {
			break
		}
		var word, value string
		word, rest = cutToken(strings.TrimLeft(rest[1:], " \t;"))
		value, rest, _ = readParameter(rest)
		if strings.EqualFold(word, "rel") {
			next = slices.ContainsFunc(strings.Fields(value), func(relation string) bool {
				return strings.EqualFold(relation, "next")
			})
		}
	}
	// What cannot be read ends at the next comma.
	if comma := strings.IndexByte(rest, ','); comma >= 0 {
		return target, next, rest[comma+1:]
	}
	return target, next, ""
}

// queryOf is all that is taken of a target. zot leaves the cursor unescaped, so
// what may not stand in a URL is escaped here.
func queryOf(target string) (string, error) {
	_, query, _ := strings.Cut(target, "?")
	query, _, _ = strings.Cut(query, "#")
	if query == "" || len(query) > maxQuery {
		return "", failure.Bad("Link to the next page has no usable query")
	}
	if !strings.ContainsFunc(query, unsafeInQuery) {
		return query, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil || len(values) == 0 {
		return "", failure.Bad("Link to the next page has no usable query")
	}
	return values.Encode(), nil
}

func unsafeInQuery(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
}
