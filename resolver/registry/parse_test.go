package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChallenges(t *testing.T) {
	for name, tt := range map[string]struct {
		headers []string
		want    challenge
	}{
		"Docker Hub": {
			[]string{`Bearer realm="https://auth.docker.io/token",service="registry.docker.io"`},
			challenge{"bearer", "https://auth.docker.io/token", "registry.docker.io", ""},
		},
		"with a scope of two actions": {
			[]string{`Bearer realm="https://x/t",service="x",scope="repository:a:pull,push"`},
			challenge{"bearer", "https://x/t", "x", "repository:a:pull,push"},
		},
		"Gitea, two headers":       {[]string{`Bearer realm="https://x/t"`, `Basic realm="Gitea"`}, challenge{scheme: "bearer", realm: "https://x/t"}},
		"Bearer second":            {[]string{`Basic realm="Gitea"`, `Bearer realm="https://x/t"`}, challenge{scheme: "bearer", realm: "https://x/t"}},
		"two in a header":          {[]string{`Basic realm="a", Bearer realm="https://x/t", service=y`}, challenge{scheme: "bearer", realm: "https://x/t", service: "y"}},
		"Basic alone":              {[]string{`Basic realm="a"`}, challenge{scheme: "basic", realm: "a"}},
		"Bearer without a realm":   {[]string{`Bearer service="x"`, `Basic realm="a"`}, challenge{scheme: "basic", realm: "a"}},
		"Negotiate before Basic":   {[]string{`Negotiate`, `Basic realm="a"`}, challenge{scheme: "basic", realm: "a"}},
		"lower case, wide":         {[]string{`bearer  realm = "https://x/t" ,  SERVICE = "y"`}, challenge{scheme: "bearer", realm: "https://x/t", service: "y"}},
		"no quotes":                {[]string{`Bearer realm=https://x/t,service=y`}, challenge{scheme: "bearer", realm: "https://x/t", service: "y"}},
		"escaped quotes":           {[]string{`Bearer realm="https://x/t",service="a\"b\\c"`}, challenge{scheme: "bearer", realm: "https://x/t", service: `a"b\c`}},
		"a quote that never ends":  {[]string{`Bearer realm="https://x/t`}, challenge{scheme: "bearer", realm: "https://x/t"}},
		"nothing":                  {nil, challenge{}},
		"longer than any":          {[]string{`Bearer realm="` + strings.Repeat("x", maxChallenge) + `"`}, challenge{}},
		"a parameter with no name": {[]string{`="x"`}, challenge{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := challengeOf(http.Header{"Www-Authenticate": tt.headers})
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestQueryOfLink(t *testing.T) {
	for link, want := range map[string]string{
		`</v2/a/tags/list?last=1&n=2>; rel="next"`:                         "last=1&n=2",
		`<https://x/v2/a/tags/list?next_page=gAAA%3D%3D>; rel=next`:        "next_page=gAAA%3D%3D",
		`</?last=1#frag>; rel="next"`:                                      "last=1",
		`</?last=a b>; rel="next"`:                                         "last=a+b",
		`</?last="x">; rel="next"`:                                         "last=%22x%22",
		`</?a=1>; title="x, y; rel=next"; rel="prev", </?b=2>; rel="next"`: "b=2",
		`</?a=1>; REL="last NEXT"`:                                         "a=1",
		`</?a=1>;;rel="next"`:                                              "a=1",
		`</?a=1>; foo; rel=next`:                                           "a=1",
		`</?a=1`:                                                           "",
		`?a=1; rel="next"`:                                                 "a=1",
		``:                                                                 "",
		`,,,`:                                                              "",
	} {
		got, err := nextQuery(http.Header{"Link": {link}})
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", link, got, err, want)
		}
	}
	for _, link := range []string{`</v2>; rel="next"`, `</?>; rel="next"`, `</?` + strings.Repeat("x", maxQuery+1) + `>; rel="next"`} {
		if got, err := nextQuery(http.Header{"Link": {link}}); err == nil {
			t.Errorf("%.40s: got %q, want an error", link, got)
		}
	}
}

func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{`Bearer realm="https://x/t",service="y",scope="z"`, `Basic realm="a", Bearer realm=x`, `a="b\"`, `,=,`} {
		f.Add(seed)
	}
	base := &url.URL{Scheme: "https", Host: "x"}
	f.Fuzz(func(t *testing.T, header string) {
		got := challengeOf(http.Header{"Www-Authenticate": {header}})
		if got.scheme != "" && got.scheme != "basic" && got.scheme != "bearer" {
			t.Errorf("scheme %q", got.scheme)
		}
		if service, err := got.tokenService(base); err == nil && (service.Scheme != "https" || service.Host == "") {
			t.Errorf("token service %q", service)
		}
	})
}

func FuzzLink(f *testing.F) {
	for _, seed := range []string{`</v2/a?last=1>; rel="next"`, `<a>; rel="prev", <b?c=d>; rel=next`, `x?y;rel=next`, `<;<,>`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		query, err := nextQuery(http.Header{"Link": {header}})
		if err != nil || query == "" {
			return
		}
		asked := url.URL{Scheme: "https", Host: "registry.example", Path: "/v2/a/tags/list", RawQuery: query}
		req, err := http.NewRequest(http.MethodGet, asked.String(), nil)
		if err != nil {
			t.Fatalf("query %q makes no request: %v", query, err)
		}
		if req.URL.Host != "registry.example" || req.URL.Path != asked.Path {
			t.Errorf("query %q leads to %s", query, req.URL)
		}
	})
}

func FuzzPage(f *testing.F) {
	for _, seed := range []string{`{"tags":["a",null]}`, `{"tags":null}`, `{}`, `{"x":{"tags":[1]},"tags":[]}`, `[`, `{"tags":["a"]}x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := decodePage(body, 100)
		if err != nil {
			if failed := classify(err); failed.Kind != BadAnswer && failed.Kind != TooLarge {
				t.Errorf("kind %s", failed.Kind)
			}
			return
		}
		if found.entries > 100 || len(found.tags) > found.entries {
			t.Errorf("%d tags of %d entries", len(found.tags), found.entries)
		}
		for _, tag := range found.tags {
			if !validTag(tag) {
				t.Errorf("tag %q", tag)
			}
		}
	})
}

func FuzzRepository(f *testing.F) {
	for _, seed := range []string{"nginx", "EXAMPLE.com:5000/a/b", "x.io/a/../b", "[::1]/a", "A/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseRepository(text)
		if err != nil {
			return
		}
		again, err := ParseRepository(parsed.String())
		if err != nil {
			t.Fatalf("%q is canonical %q, which does not parse: %v", text, parsed, err)
		}
		if diff := cmp.Diff(parsed, again); diff != "" {
			t.Errorf("%q (-once +twice):\n%s", text, diff)
		}
		if strings.Contains(parsed.Path, "..") && strings.Contains("/"+parsed.Path+"/", "/../") {
			t.Errorf("path %q", parsed.Path)
		}
	})
}
