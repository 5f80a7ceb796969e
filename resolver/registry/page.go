package registry

import (
	"bytes"
	"encoding/json"
	"errors"
)

// page is one answer to tags/list.
type page struct {
	tags    []string
	entries int // of the array, those included that are no tags
}

var errTooManyTags = errors.New("more tags than are read")

// decodePage reads `{"name": …, "tags": […]}` of at most limit entries. The
// body must be one whole JSON object that has tags: maintenance pages, sign-ins
// and proxies also come with status 200. null is the empty list, as
// distribution's older versions write it. name is not compared: registries
// behind a path prefix leave that out. next is not read: it would name a host.
//
// It reads token by token, since a slice of five million empty strings fits in
// a page's bytes.
func decodePage(body []byte, limit int) (page, error) {
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) || !json.Valid(body) {
		return page{}, badAnswer("list is not one whole JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if _, err := decoder.Token(); err != nil {
		return page{}, badAnswer("decoding the list: %w", err)
	}
	var found page
	var seen bool
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return page{}, badAnswer("decoding the list: %w", err)
		}
		if key != "tags" {
			var skipped json.RawMessage
			if err := decoder.Decode(&skipped); err != nil {
				return page{}, badAnswer("decoding the list: %w", err)
			}
			continue
		}
		if seen {
			return page{}, badAnswer("list has tags twice")
		}
		seen = true
		if found, err = decodeTags(decoder, limit); err != nil {
			return page{}, err
		}
	}
	if !seen {
		return page{}, badAnswer("list has no tags field")
	}
	return found, nil
}

func decodeTags(decoder *json.Decoder, limit int) (page, error) {
	var found page
	start, err := decoder.Token()
	if err != nil {
		return page{}, badAnswer("decoding tags: %w", err)
	}
	if start == nil {
		return found, nil
	}
	if start != json.Delim('[') {
		return page{}, badAnswer("tags are no array")
	}
	for decoder.More() {
		if found.entries++; found.entries > limit {
			return page{}, &Error{Kind: TooLarge, Err: errTooManyTags}
		}
		entry, err := decoder.Token()
		if err != nil {
			return page{}, badAnswer("decoding tags: %w", err)
		}
		switch tag := entry.(type) {
		case string:
			if validTag(tag) {
				found.tags = append(found.tags, tag)
			}
		case nil: // seen among the tags of real registries
		default:
			return page{}, badAnswer("a tag is no string")
		}
	}
	_, err = decoder.Token() // the end of the array
	if err != nil {
		return page{}, badAnswer("decoding tags: %w", err)
	}
	return found, nil
}

// maxTag is the longest tag of the distribution specification.
const maxTag = 128

// validTag reports the grammar [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}.
func validTag(tag string) bool {
	if tag == "" || len(tag) > maxTag || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	for i := range len(tag) {
		c := tag[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
