package document

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

func TestChallenges(t *testing.T) {
	for name, tt := range map[string]struct {
		headers []string
		want    Challenge
	}{
		"Docker Hub": {
			[]string{`Bearer realm="https://auth.docker.io/token",service="registry.docker.io"`},
			Challenge{"bearer", "https://auth.docker.io/token", "registry.docker.io", ""},
		},
		"with a scope of two actions": {
			[]string{`Bearer realm="https://x/t",service="x",scope="repository:a:pull,push"`},
			Challenge{"bearer", "https://x/t", "x", "repository:a:pull,push"},
		},
		"Gitea, two headers":       {[]string{`Bearer realm="https://x/t"`, `Basic realm="Gitea"`}, Challenge{Scheme: "bearer", Realm: "https://x/t"}},
		"Bearer second":            {[]string{`Basic realm="Gitea"`, `Bearer realm="https://x/t"`}, Challenge{Scheme: "bearer", Realm: "https://x/t"}},
		"two in a header":          {[]string{`Basic realm="a", Bearer realm="https://x/t", service=y`}, Challenge{Scheme: "bearer", Realm: "https://x/t", Service: "y"}},
		"Basic alone":              {[]string{`Basic realm="a"`}, Challenge{Scheme: "basic", Realm: "a"}},
		"Bearer without a realm":   {[]string{`Bearer service="x"`, `Basic realm="a"`}, Challenge{Scheme: "basic", Realm: "a"}},
		"Negotiate before Basic":   {[]string{`Negotiate`, `Basic realm="a"`}, Challenge{Scheme: "basic", Realm: "a"}},
		"lower case, wide":         {[]string{`bearer  realm = "https://x/t" ,  SERVICE = "y"`}, Challenge{Scheme: "bearer", Realm: "https://x/t", Service: "y"}},
		"no quotes":                {[]string{`Bearer realm=https://x/t,service=y`}, Challenge{Scheme: "bearer", Realm: "https://x/t", Service: "y"}},
		"escaped quotes":           {[]string{`Bearer realm="https://x/t",service="a\"b\\c"`}, Challenge{Scheme: "bearer", Realm: "https://x/t", Service: `a"b\c`}},
		"a quote that never ends":  {[]string{`Bearer realm="https://x/t`}, Challenge{Scheme: "bearer", Realm: "https://x/t"}},
		"nothing":                  {nil, Challenge{}},
		"longer than any":          {[]string{`Bearer realm="` + strings.Repeat("x", maxChallenge) + `"`}, Challenge{}},
		"a parameter with no name": {[]string{`="x"`}, Challenge{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ReadChallenge(http.Header{"Www-Authenticate": tt.headers})
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
		got, err := NextQuery(http.Header{"Link": {link}})
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", link, got, err, want)
		}
	}
	for _, link := range []string{`</v2>; rel="next"`, `</?>; rel="next"`, `</?` + strings.Repeat("x", maxQuery+1) + `>; rel="next"`} {
		if got, err := NextQuery(http.Header{"Link": {link}}); err == nil {
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
		got := ReadChallenge(http.Header{"Www-Authenticate": {header}})
		if got.Scheme != "" && got.Scheme != "basic" && got.Scheme != "bearer" {
			t.Errorf("scheme %q", got.Scheme)
		}
		if service, err := got.TokenService(base); err == nil && (service.Scheme != "https" || service.Host == "") {
			t.Errorf("token service %q", service)
		}
	})
}

func FuzzLink(f *testing.F) {
	for _, seed := range []string{`</v2/a?last=1>; rel="next"`, `<a>; rel="prev", <b?c=d>; rel=next`, `x?y;rel=next`, `<;<,>`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		query, err := NextQuery(http.Header{"Link": {header}})
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
		found, err := ReadPage(body, 100)
		if err != nil {
			if failed := failure.Classify(err); failed.Kind != failure.BadAnswer && failed.Kind != failure.TooLarge {
				t.Errorf("kind %s", failed.Kind)
			}
			return
		}
		if found.Entries > 100 || len(found.Tags) > found.Entries {
			t.Errorf("%d tags of %d entries", len(found.Tags), found.Entries)
		}
		for _, tag := range found.Tags {
			if !ValidTag(tag) {
				t.Errorf("tag %q", tag)
			}
		}
	})
}
