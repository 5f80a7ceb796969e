package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// Page is one answer to tags/list.
type Page struct {
	Tags    []string
	Entries int // of the array, those included that are no tags
}

var (
	errTooManyTags = errors.New("more tags than are read")
	errNotWhole    = errors.New("list is not one whole JSON object")
)

// ReadPage reads `{"name": …, "tags": […]}` of at most limit entries. The
// body must be one whole JSON object that has tags: maintenance pages, sign-ins
// and proxies also come with status 200. null is the empty list, as
// distribution's older versions write it. name is not compared: registries
// behind a path prefix leave that out. next is not read: it would name a host.
//
// It reads what lists are made of itself, ten thousand tags in one pass, and
// leaves to encoding/json what they seldom have: a reader of tokens allocates
// for each, and a slice of five million empty strings fits in a page's bytes.
func ReadPage(body []byte, limit int) (Page, error) {
	r := pageReader{body: body, limit: limit}
	err := r.object()
	switch {
	case errors.Is(err, errNotWhole), (err != nil || r.unproven) && !json.Valid(body):
		return Page{}, &failure.Error{Kind: failure.BadAnswer, Err: errNotWhole}
	case err != nil:
		return Page{}, err
	default:
		return r.page(), nil
	}
}

// pageReader goes through a body once. What it says of a body holds where that
// is valid JSON.
type pageReader struct {
	body     []byte
	at       int
	limit    int
	unproven bool // something was passed over that need not be JSON

	entries int
	text    []byte // the tags, a blank between them
}

// page returns the tags as parts of one text. The body is not kept for them.
func (r *pageReader) page() Page {
	found := Page{Entries: r.entries}
	if len(r.text) > 0 {
		found.Tags = strings.Split(string(r.text), " ")
	}
	return found
}

func (r *pageReader) object() error {
	if !r.take('{') {
		return errNotWhole
	}
	seen := false
	for first := true; !first || !r.take('}'); first = false {
		if err := r.member(&seen); err != nil {
			return err
		}
		if r.take('}') {
			break
		}
		if !r.take(',') {
			return errNotWhole
		}
	}
	r.space()
	switch {
	case r.at != len(r.body):
		return errNotWhole
	case !seen:
		return failure.Bad("list has no tags field")
	default:
		return nil
	}
}

// member reads a key with its value, and notes whether that was tags.
func (r *pageReader) member(seen *bool) error {
	key, ok := r.quoted()
	switch {
	case !ok || !r.take(':'):
		return errNotWhole
	case string(key) != "tags":
		return r.skip()
	case *seen:
		return failure.Bad("list has tags twice")
	default:
		*seen = true
		return r.tags()
	}
}

func (r *pageReader) tags() error {
	switch {
	case r.null():
		return nil
	case !r.take('['):
		return failure.Bad("tags are no array")
	case r.take(']'):
		return nil
	}
	r.text = make([]byte, 0, len(r.body)-r.at)
	for {
		if r.entries++; r.entries > r.limit {
			return &failure.Error{Kind: failure.TooLarge, Err: errTooManyTags}
		}
		if !r.null() { // seen among the tags of real registries
			tag, ok := r.quoted()
			if !ok {
				return failure.Bad("a tag is no string")
			}
			r.add(tag)
		}
		if r.take(']') {
			return nil
		}
		if !r.take(',') {
			return errNotWhole
		}
	}
}

func (r *pageReader) add(tag []byte) {
	if !ValidTag(tag) {
		return
	}
	if len(r.text) > 0 {
		r.text = append(r.text, ' ')
	}
	r.text = append(r.text, tag...)
}

func (r *pageReader) space() {
	for r.at < len(r.body) {
		switch r.body[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

// take passes over white space and then c, if that comes next.
func (r *pageReader) take(c byte) bool {
	r.space()
	if r.at == len(r.body) || r.body[r.at] != c {
		return false
	}
	r.at++
	return true
}

func (r *pageReader) null() bool {
	r.space()
	if !bytes.HasPrefix(r.body[r.at:], []byte("null")) {
		return false
	}
	r.at += len("null")
	return true
}

// quoted reads a string. Bytes that are no UTF-8 stay as they are: JSON has
// U+FFFD for them, which is in no tag and in no key that is looked for either.
func (r *pageReader) quoted() ([]byte, bool) {
	if !r.take('"') {
		return nil, false
	}
	start := r.at
	for i, c := range r.body[start:] {
		switch {
		case c == '"':
			r.at = start + i + 1
			return r.body[start : start+i], true
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// escaped reads a string that begins behind the quote before start.
func (r *pageReader) escaped(start int) ([]byte, bool) {
	r.at = start
	if !r.pass() {
		return nil, false
	}
	var text string
	if err := json.Unmarshal(r.body[start-1:r.at], &text); err != nil {
		return nil, false
	}
	return []byte(text), true
}

// skip passes over a value that nothing is read from.
func (r *pageReader) skip() error {
	r.space()
	rest := r.body[r.at:]
	if len(rest) > 0 && rest[0] == '"' {
		if _, ok := r.quoted(); !ok {
			return errNotWhole
		}
		return nil
	}
	r.unproven = true
	if len(rest) > 0 && (rest[0] == '{' || rest[0] == '[') {
		return r.skipNested()
	}
	end := bytes.IndexAny(rest, ",}")
	if end < 0 {
		return errNotWhole
	}
	r.at += end
	return nil
}

// skipNested counts brackets, which is enough where they match.
func (r *pageReader) skipNested() error {
	for depth := 0; r.at < len(r.body); {
		c := r.body[r.at]
		r.at++
		switch c {
		case '"':
			if !r.pass() {
				return errNotWhole
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return nil
			}
		}
	}
	return errNotWhole
}

// pass goes behind the end of a string that it is in.
func (r *pageReader) pass() bool {
	for r.at < len(r.body) {
		c := r.body[r.at]
		r.at++
		switch c {
		case '"':
			return true
		case '\\':
			r.at++
		}
	}
	return false
}
