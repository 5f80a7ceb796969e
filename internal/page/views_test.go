package page

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/updater/status"
)

func TestViewsShow(t *testing.T) {
	for path, wanted := range map[string][]string{
		"/": {
			"<b>1</b> of 4 containers run the newest version allowed", `<span class="tile-title">Behind</span><span class="tile-count">2</span>`,
			`<span class="tile-title">Held</span><span class="tile-count">1</span>`, `<span class="tile-title">Not governed</span><span class="tile-count">1</span>`,
			"8 minor", "the window opens at 22:00", `<span class="cluster" title="The cluster that is shown">production</span>`,
		},
		"/workloads":                       {"5 rows", "preview", "no container has a policy that the updater follows", "2m ago", "may move <time"},
		"/workloads?show=waiting":          {"1 row ", "the window opens at 22:00"},
		"/workloads?q=EXAMPLE.com%2Fweb+p": {"1 row ", `value="EXAMPLE.com/web p"`},
		"/workloads?namespace=none":        {"Nothing matches"},
		"/workloads?sort=-lag&group=yes":   {`aria-sort="descending"`, `<tr class="group">`, `<span class="group-count">5</span>`},
		"/workloads/shop/Deployment/web":   {"Newest allowed", "2 minor", "WindowClosed", "in 8m", ">in 10h</time>", `value="1.4.1"`, "runs now"},
		"/workloads/shop/Deployment/search": {
			"2.19.1 is held</span>", "Clear the hold",
		},
		"/workloads/elsewhere/Deployment/other": {"The updater tells nothing of this workload"},
		"/registries":                           {"example.com", "4 containers</a> of 4 repositories", "No answer for 1", "no answer <span", "2m ago"},
	} {
		w := newWorld(t, interceptor.Funcs{})
		body := bodyOf(t, w.answer(asked(http.MethodGet, path, nil)))
		for _, want := range wanted {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, body)
			}
		}
	}
}

// Everything that others write is text here, whatever it is.
func TestTextOfOthersIsText(t *testing.T) {
	const hostile = `"><script>alert(1)</script>`
	w := newWorld(t, interceptor.Funcs{})
	w.updater.items = []status.Item{{
		Namespace: hostile, Kind: hostile, Name: hostile, Container: hostile, Repository: hostile + "/" + hostile, Running: hostile, Newest: "2" + hostile,
		Policy: hostile, State: hostile, Reason: hostile, Message: hostile, ReleaseNotes: "javascript:" + hostile,
	}, {
		Namespace: "shop", Kind: "Deployment", Name: "web", Container: hostile, Running: "1", Newest: "2" + hostile, State: "Pending", Message: hostile,
		Repository: hostile, Policy: hostile, ReleaseNotes: "javascript:alert(1)",
	}}
	for _, path := range []string{"/", "/workloads", "/workloads?q=%22%3E%3Cscript%3E", "/workloads/shop/Deployment/web", "/registries"} {
		body := bodyOf(t, w.answer(asked(http.MethodGet, path, nil)))
		if strings.Contains(body, "<script>") || strings.Contains(body, "href=\"javascript:") || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s:\n%s", path, body)
		}
	}
}

// The content policy stops inline scripts and styles without a word to the person.
func TestTemplatesHaveNothingInline(t *testing.T) {
	inline := regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|<style|<script>|javascript:|https?://`)
	seen := 0
	err := fs.WalkDir(files, "templates", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		seen++
		text, err := fs.ReadFile(files, path)
		for _, found := range inline.FindAllString(string(text), -1) {
			t.Errorf("%s has %q", path, found)
		}
		return err
	})
	if err != nil || seen < 6 {
		t.Errorf("%d templates, error %v", seen, err)
	}
}

// htmx is as its authors publish it: the hash is of htmx.org 2.0.11 on npm, dist/htmx.min.js.
func TestVendoredLibraryIsWhole(t *testing.T) {
	const want = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
	content, err := os.ReadFile("assets/" + htmxFile)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("assets/%s has the hash %s, want %s", htmxFile, got, want)
	}
	licence, err := os.ReadFile("assets/htmx-LICENSE.txt")
	if err != nil || !strings.HasPrefix(string(licence), "Zero-Clause BSD") {
		t.Errorf("the licence: %.40s, error %v", licence, err)
	}
}

func TestAssets(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	body := bodyOf(t, w.answer(asked(http.MethodGet, "/", nil)))
	named := regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(named) < 4 {
		t.Fatalf("the page names %d files", len(named))
	}
	for _, match := range named {
		if got := w.send(asked(http.MethodGet, match[1], nil)); got.Code != http.StatusOK || got.Header().Get("Content-Type") == "" {
			t.Errorf("%s: got %d", match[1], got.Code)
		}
	}
	if got := w.send(asked(http.MethodGet, "/assets/htmx-LICENSE.txt", nil)); got.Code != http.StatusNotFound {
		t.Errorf("a file that no page names: got %d", got.Code)
	}
}
