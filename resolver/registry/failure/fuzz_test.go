package failure

import (
	"net/http"
	"slices"
	"testing"
)

func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{
		`{"errors":[{"code":"MANIFEST_UNKNOWN","message":"x","detail":{}}]}`, `{"errors":[]}`, `{"errors":null}`, `{"errors":[null]}`, `<html>`, ``,
	} {
		f.Add(http.StatusNotFound, []byte(seed))
		f.Add(http.StatusTeapot, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		code, said := decodeErrorCode(body)
		if code != "" && !said {
			t.Errorf("code %q that nobody said", code)
		}
		failed := OfAnswer(status, body).Of("a")
		if kinds := []Kind{Unreachable, Unauthorized, NotFound, RateLimited, BadAnswer}; !slices.Contains(kinds, failed.Kind) {
			t.Errorf("kind %s, want one of %v", failed.Kind, kinds)
		}
		if text := failed.Error(); len(text) > 100 {
			t.Errorf("text %q", text)
		}
	})
}
