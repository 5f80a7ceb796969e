package transport

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestShownURLs(t *testing.T) {
	for text, want := range map[string]string{
		"https://user:pass@Example.com/v2/a/tags/list?last=1.2&n=10": "https://example.com/v2/a/tags/list?n=10&...",
		"https://example.com/v2/a/tags/list?cursor=x":                "https://example.com/v2/a/tags/list?...",
		"https://example.com/t?scope=repository:a/b:pull,push":       "https://example.com/t?scope=repository:a/b:pull,push",
		"https://example.com/t?service=%1b[2J%0a":                    "https://example.com/t?service=%1B%5B2J%0A",
		"https://example.com/%1b[2J\u2028":                           "https://example.com/%1B%5B2J%E2%80%A8",
		"https://example.com/a?account=me&service=s#fragment":        "https://example.com/a?service=s&...",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		req.URL = u
		if got := shownURL(req); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	req := httptest.NewRequest(http.MethodGet, "/"+strings.Repeat("a", 10_000), http.NoBody)
	if got := len(shownURL(req)); got != maxShownURL {
		t.Errorf("shows %d bytes of a URL, want %d", got, maxShownURL)
	}
	req.URL.Host = "\x1b[2J"
	if got := shownURL(req); !strings.Contains(got, "invalid-host") {
		t.Errorf("shows %q", got)
	}
}
