package page

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// someVersions are two images, the second built 41 days later.
func someVersions() *report.Versions {
	return &report.Versions{
		Images: []report.ImageVersion{{
			Version: "1.2.0", Digest: "sha256:" + strings.Repeat("b", 64), Created: &metav1.Time{Time: now.AddDate(0, 0, -60)},
			Size: 48_200_000, SizeOf: "linux/amd64", Platforms: []string{"linux/amd64", "linux/arm64"},
			Source: "https://example.com/web", Revision: "4f2c", URL: "https://example.com",
		}, {Version: "1.4.1", Digest: "sha256:" + strings.Repeat("c", 64), Created: &metav1.Time{Time: now.AddDate(0, 0, -19)}, Source: "git@example.com:web.git"}},
		Chosen: "1.4.1", Why: "newer minor version",
		Higher: []report.RejectedTag{{Tag: "2.0.0", Why: "other major version"}, {Tag: "1.5.0-rc.1", Why: "a pre-release"}}, More: 7,
	}
}

func TestVersionsShow(t *testing.T) {
	const path = "/workloads/shop/Deployment/web/versions?container=web"
	for name, test := range map[string]struct {
		path   string
		change func(*world)
		code   int
		has    []string
		asked  [][]string
	}{
		"what runs and the newest": {
			path: path, code: 200, asked: [][]string{{"1.2.0", "1.4.1"}},
			has: []string{
				"sha256:" + strings.Repeat("b", 64), "2026-09-30</time>", "2026-11-10</time>", "41 days later", "48.2 MB for linux/amd64", "linux/amd64, linux/arm64",
				`<a href="https://example.com/web" rel="noopener noreferrer">https://example.com/web</a>`, "<code>4f2c</code>", "git@example.com:web.git</dd>",
				"the image does not say", "The policy takes 1.4.1: newer minor version", "<td class=\"cell-image\">2.0.0</td><td>other major version</td>", "and 7 more tags",
			},
		},
		"what runs is the newest": {path: "/workloads/shop/Deployment/cart/versions?container=cart", code: 200, asked: [][]string{{"1.0.0"}}},
		"the updater does not answer": {
			path: path, code: 200, asked: [][]string{{"1.2.0", "1.4.1"}}, change: func(w *world) { w.updater.versionsError = errAway },
			has: []string{"What images say of themselves is not known: connection refused."},
		},
		"the updater cannot be asked": {
			path: path, code: 200, change: func(w *world) { w.options.Access.Versions = nil }, has: []string{"this page has no way to ask the updater for it"},
		},
		"an image and its tags cannot be read": {
			path: path, code: 200, asked: [][]string{{"1.2.0", "1.4.1"}},
			change: func(w *world) {
				w.updater.versions = &report.Versions{Images: []report.ImageVersion{{Version: "1.2.0", Fault: "not found"}}, Fault: "registry could not be asked"}
			},
			has: []string{"Nothing is known of it: not found.", "Nothing is known of tags: registry could not be asked."},
		},
		"more images than were asked about": {
			path: path, code: 200, asked: [][]string{{"1.2.0", "1.4.1"}},
			change: func(w *world) { w.updater.versions = &report.Versions{Images: make([]report.ImageVersion, 9)} },
		},
		"another container":         {path: "/workloads/shop/Deployment/web/versions?container=other", code: 404, has: []string{"The updater follows no such container."}},
		"a workload not governed":   {path: "/workloads/shop/Deployment/preview/versions?container=preview", code: 404},
		"a kind that there is none": {path: "/workloads/shop/Secret/web/versions?container=web", code: 404, has: []string{"There is no such kind of workload."}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, interceptor.Funcs{})
			w.updater.versions = someVersions()
			if test.change != nil {
				test.change(w)
			}
			got := w.answer(asked(http.MethodGet, test.path, nil))
			for _, want := range test.has {
				if !strings.Contains(got.Body.String(), want) {
					t.Errorf("it lacks %q:\n%s", want, got.Body)
				}
			}
			var about [][]string
			for _, question := range w.updater.questions {
				about = append(about, question.Of)
			}
			if diff := cmp.Diff(test.asked, about); got.Code != test.code || diff != "" {
				t.Errorf("got %d, want %d; asked (-want +got)\n%s", got.Code, test.code, diff)
			}
		})
	}
}

// What images say of themselves is text of others.
func TestLinksOfImages(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.com/a?b=c&d":      "https://example.com/a?b=c&d",
		"http://example.com":               "http://example.com",
		"javascript:alert(1)":              "",
		"JAVASCRIPT:alert(1)":              "",
		"data:text/html,x":                 "",
		" https://example.com":             "", //nolint:gocritic // the space is what is tried
		"//example.com":                    "",
		"https:///path":                    "",
		"https://github.com@example.net/a": "",
		"https://example.com/\x00":         "",
		"git@github.com:a/b.git":           "",
		"ftp://example.com":                "",
		`https://example.com/"onclick="x`:  "https://example.com/%22onclick=%22x",
		"https://example.com/<script>":     "https://example.com/%3Cscript%3E",
		"https://example.com:notaport/":    "",
		"":                                 "",
	} {
		if got := webAddress(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	const hostile = `"><script>alert(1)</script>`
	w := votingWorld(t, "")
	w.updater.set(func(u *updater) {
		image := report.ImageVersion{Version: hostile, Digest: hostile, Source: "https://" + hostile, Revision: hostile, URL: "javascript:" + hostile, SizeOf: hostile, Size: 1, Platforms: []string{hostile}}
		u.versions = &report.Versions{Images: []report.ImageVersion{image, image}, Chosen: hostile, Why: hostile, Higher: []report.RejectedTag{{Tag: hostile, Why: hostile}}}
		u.items = append(u.items, status.Item{Namespace: "shop", Kind: "Deployment", Name: "web", Container: "app", Repository: "example.com/web", Running: "1.2.0"})
	})
	for _, path := range []string{"/workloads/shop/Deployment/web/versions?container=web", "/approvals/shop/web"} {
		body := bodyOf(t, w.answer(asked(http.MethodGet, path, nil)))
		if strings.Contains(body, "<script>") || strings.Contains(body, `href="javascript:`) || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s:\n%s", path, body)
		}
	}
}

func TestOneUpdateShows(t *testing.T) {
	w := votingWorld(t, "")
	w.updater.set(func(u *updater) {
		u.versions = someVersions()
		for _, name := range []string{"web", "old"} {
			u.items = append(u.items, status.Item{Namespace: "shop", Kind: "Deployment", Name: name, Container: "app", Repository: "example.com/" + name, Running: "1.2.0"})
		}
	})
	to := "1.3.0@sha256:" + strings.Repeat("a", 64)
	for path, test := range map[string]struct {
		code int
		has  []string
		of   []string
	}{
		"/approvals/shop/web": {200, []string{
			"From", "To", "41 days later", "48.2 MB", "in 8h", "No vote has been counted yet.", `value="Approve shop/web/uid-web"`, `name="q" value="web"`,
		}, []string{"1.2.0", to}},
		"/approvals/shop/old":     {200, []string{"Rejected", `value="Reopen shop/old/uid-old"`, `name="show" value="over"`}, []string{"1.2.0", to}},
		"/approvals/billing/mail": {200, []string{"the updater follows no such container of this image any more"}, nil},
		"/approvals/shop/nothing": {404, []string{"There is no such update, or it may not be read."}, nil},
	} {
		w.updater.set(func(u *updater) { u.questions = nil })
		got := w.answer(asked(http.MethodGet, path, nil))
		for _, want := range test.has {
			if got.Code != test.code || !strings.Contains(got.Body.String(), want) {
				t.Errorf("%s: got %d, and it lacks %q:\n%s", path, got.Code, want, got.Body)
			}
		}
		var of []string
		for _, question := range w.updater.questions {
			of = append(of, question.Of...)
		}
		if !slices.Equal(of, test.of) {
			t.Errorf("%s: asked about %q, want %q", path, of, test.of)
		}
	}
	body := bodyOf(t, w.answer(asked(http.MethodPost, "/approvals/vote", w.form("vote", "Approve shop/web/uid-web", "q", "web", "show", "pending"))))
	if !strings.Contains(body, "shop/web app 1.3.0@sha256:aaaaaaaa…: approved (1 of 2)") || !strings.Contains(body, `href="/approvals/shop/web"`) {
		t.Errorf("got:\n%s", body)
	}
}

func TestDaysBehind(t *testing.T) {
	at := func(days int) *metav1.Time { return &metav1.Time{Time: now.AddDate(0, 0, days)} }
	for name, test := range map[string]struct {
		running, newest *metav1.Time
		want            string
	}{
		"days":              {at(-60), at(-19), "41 days"},
		"a day":             {at(-2), at(-1), "1 day"},
		"hours":             {at(-2), &metav1.Time{Time: now.AddDate(0, 0, -2).Add(23 * time.Hour)}, "less than a day"},
		"built earlier":     {at(-2), at(-3), "built earlier"},
		"no date of either": {nil, nil, ""},
		"one date":          {at(-2), nil, ""},
		"the other date":    {nil, at(-2), ""},
	} {
		if got := daysBetween(test.running, test.newest); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	w := newWorld(t, interceptor.Funcs{})
	if body := bodyOf(t, w.answer(asked(http.MethodGet, "/", nil))); strings.Contains(body, "Longest behind") {
		t.Errorf("no date is known:\n%s", body)
	}
	w.updater.set(func(u *updater) { u.items[0].RunningBuilt, u.items[0].NewestBuilt = at(-60), at(-19) })
	w.clock.Step(time.Minute)
	for path, wanted := range map[string][]string{
		"/":                                 {"Behind by up to 41 days, by when images were built. Of 1 that is not known.", "Longest behind", "2 minor, 41 days"},
		"/workloads?show=behind&sort=-days": {"2 minor, 41 days"},
		"/workloads/shop/Deployment/web":    {"<dd>2 minor, 41 days</dd>"},
		"/workloads/shop/Deployment/search": {"days are not known"},
	} {
		body := bodyOf(t, w.answer(asked(http.MethodGet, path, nil)))
		for _, want := range wanted {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, body)
			}
		}
	}
	body := bodyOf(t, w.answer(asked(http.MethodGet, "/workloads?show=behind&sort=-days", nil)))
	if strings.Index(body, "/Deployment/web") > strings.Index(body, "/Deployment/search") {
		t.Errorf("what is longest behind is not first:\n%s", body)
	}
}

// Live views ask no registry: they are asked for with every change.
func TestLiveViewsAskAboutNoImages(t *testing.T) {
	w := votingWorld(t, "")
	for _, path := range []string{"/", "/workloads", "/workloads/shop/Deployment/web", "/approvals", "/promotion", "/registries"} {
		bodyOf(t, w.answer(asked(http.MethodGet, path, nil)))
	}
	w.updater.set(func(u *updater) {
		if len(u.questions) > 0 {
			t.Errorf("asked %+v", u.questions)
		}
	})
}

func TestByteCount(t *testing.T) {
	for size, want := range map[int64]string{1: "1 byte", 999: "999 bytes", 1000: "1.0 kB", 48_250_000: "48.2 MB", 3_000_000_000: "3.0 GB", 1 << 62: "4611686.0 TB"} {
		if got := byteCount(size); got != want {
			t.Errorf("%d: got %q, want %q", size, got, want)
		}
	}
}
