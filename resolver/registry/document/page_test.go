package document

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// pageBodies are what the reader of pages might read otherwise than
// encoding/json does.
func pageBodies() []string {
	nested := func(n int) string {
		return `{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `,"tags":["a"]}`
	}
	return []string{
		`{"tags":["a",null]}`, `{"tags":null}`, `{}`, `{ }`, ``, ` `, `[`, `null`, `{`, `{"tags":["a"]}x`, "\ufeff{}",
		`{"x":{"tags":[1]},"tags":[]}`, `{"x":[}],"tags":[]}`, `{"x":{]},"tags":[]}`, `{"x":"}","tags":["a"]}`,
		`{"x":["\"]",{"y":"\\"}],"tags":["a"]}`, `{"x":["\`, `{"x":"\`, `{"x":"a`, `{"x":`, `{"x"`, `{"x":1`, `{"x":01,"tags":[]}`,
		`{"x":-1.5e+3 ,"tags":["a"]}`, `{"x":tru,"tags":[]}`, `{"x":true false,"tags":[]}`, `{"x":,"tags":[]}`, `{"x":]"tags":[]}`,
		`{"tags":["a"],}`, `{,"tags":["a"]}`, `{"tags":["a",]}`, `{"tags":[,"a"]}`, `{"tags":["a" "b"]}`, `{"tags":["a"}`, `{"tags":["a"]]}`,
		`{"tags":["a"],"tags":["b"]}`, `{"tags":null,"tags":null}`, `{"t\u0061gs":["a"]}`, `{"t\u0061gs":["a"],"tags":[]}`, `{"tags\ud800":["a"]}`,
		`{"tags":["\u0061","\x","b"]}`, `{"tags":["1\u002e2","\n","\\","a\/b"]}`, "{\"tags\":[\"a\nb\"]}", "{\"tags\":[\"a\x00\"]}",
		"{\"tags\":[\"\xff\",\"\xc3\xa9\",\"a\x7f\"]}", "{\"tags\xff\":[],\"tags\":[\"b\"]}", `{"tags":[nul]}`, `{"tags":[nullx]}`,
		`{"tags":[null null]}`, `{"tags":nullx}`, `{"tags":"a"}`, `{"tags":{}}`, `{"tags":[1,"a"]}`, `{"tags":[["a"]]}`, `{"tags":[{}],"x":}`,
		`{"tags":["a","b","c","d"]}`, `{"tags":["a","b","c",1]}`, `{"tags":["a","b","c",1`, `{"tags":["a",1,"b","c","d"]}`, `{"tags":["","",""," "]}`,
		" \t\r\n{ \"tags\" : [ \"a\" , null ] , \"x\" : { } } ", "\v{}", `{"tags":[]}{}`, `{1:2,"tags":[]}`, `{"Tags":["a"]}`, `{"":"","tags":["a"]}`,
		nested(9999), nested(10000), nested(10001),
	}
}

func TestPagesAreReadAsJSON(t *testing.T) {
	for _, body := range pageBodies() {
		wantSamePage(t, []byte(body), 3)
	}
}

func FuzzPageIsReadAsJSON(f *testing.F) {
	for _, body := range pageBodies() {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) { wantSamePage(t, body, 3) })
}

func wantSamePage(t *testing.T, body []byte, limit int) {
	t.Helper()
	want, wantErr := decodeByTokens(body, limit)
	got, gotErr := ReadPage(body, limit)
	if diff := cmp.Diff(message(wantErr), message(gotErr)); diff != "" {
		t.Errorf("%.80q: error (-want +got):\n%s", body, diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%.80q: page (-want +got):\n%s", body, diff)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return string(failure.Classify(err).Kind) + ": " + err.Error()
}

// decodeByTokens is ReadPage by encoding/json alone: what that must say.
func decodeByTokens(body []byte, limit int) (Page, error) {
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) || !json.Valid(body) {
		return Page{}, failure.Bad("list is not one whole JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if _, err := decoder.Token(); err != nil {
		return Page{}, failure.Bad("decoding the list: %w", err)
	}
	var found Page
	var seen bool
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return Page{}, failure.Bad("decoding the list: %w", err)
		}
		if key != "tags" {
			var skipped json.RawMessage
			if err := decoder.Decode(&skipped); err != nil {
				return Page{}, failure.Bad("decoding the list: %w", err)
			}
			continue
		}
		if seen {
			return Page{}, failure.Bad("list has tags twice")
		}
		seen = true
		if found, err = tagsByTokens(decoder, limit); err != nil {
			return Page{}, err
		}
	}
	if !seen {
		return Page{}, failure.Bad("list has no tags field")
	}
	return found, nil
}

func tagsByTokens(decoder *json.Decoder, limit int) (Page, error) {
	var found Page
	start, err := decoder.Token()
	if err != nil {
		return Page{}, failure.Bad("decoding tags: %w", err)
	}
	if start == nil {
		return found, nil
	}
	if start != json.Delim('[') {
		return Page{}, failure.Bad("tags are no array")
	}
	for decoder.More() {
		if found.Entries++; found.Entries > limit {
			return Page{}, &failure.Error{Kind: failure.TooLarge, Err: errTooManyTags}
		}
		entry, err := decoder.Token()
		if err != nil {
			return Page{}, failure.Bad("decoding tags: %w", err)
		}
		switch tag := entry.(type) {
		case string:
			if ValidTag(tag) {
				found.Tags = append(found.Tags, tag)
			}
		case nil: // seen among the tags of real registries
		default:
			return Page{}, failure.Bad("a tag is no string")
		}
	}
	_, err = decoder.Token() // the end of the array
	if err != nil {
		return Page{}, failure.Bad("decoding tags: %w", err)
	}
	return found, nil
}
