package page

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// stagedItem is a container of a Deployment that comes after others.
func stagedItem(namespace, name, repository, after string, change func(*status.Item)) status.Item {
	item := status.Item{
		Namespace: namespace, Kind: "Deployment", Name: name, Container: name, Repository: repository, Running: "1.0.0", Newest: "1.0.0",
		Policy: "minor", State: report.StateCurrent, After: after,
	}
	if change != nil {
		change(&item)
	}
	return item
}

// drawn is a chain as text: its stages divided by " -> ", a stage's workloads by " + ".
func drawn(c *chain) string {
	var stages []string
	for _, s := range c.Stages {
		var names []string
		for _, one := range s.Stops {
			names = append(names, one.Namespace()+"/"+one.Title())
		}
		if s.More > 0 {
			names = append(names, fmt.Sprintf("%d more", s.More))
		}
		stages = append(stages, strings.Join(names, " + "))
	}
	text := c.Repository + ": " + strings.Join(stages, " -> ")
	if c.MoreStages > 0 {
		text += fmt.Sprintf(" -> %d more", c.MoreStages)
	}
	if c.Circle {
		text += " (a circle)"
	}
	return text
}

func TestChains(t *testing.T) {
	pending := func(item *status.Item) { item.Newest, item.State = "1.1.0", report.StatePending }
	many := []status.Item{stagedItem("staging", "shop", "r/shop", "", nil)}
	for i := range 10 {
		many = append(many, stagedItem(fmt.Sprintf("prod-%d", i), "shop", "r/shop", "staging/deployment/shop for 1h", nil))
	}
	long := []status.Item{stagedItem("n00", "shop", "r/shop", "", nil)}
	for i := range 20 {
		long = append(long, stagedItem(fmt.Sprintf("n%02d", i+1), "shop", "r/shop", fmt.Sprintf("n%02d/deployment/shop for 1h", i), nil))
	}
	for name, test := range map[string]struct {
		items []status.Item
		want  []string
	}{
		"nothing comes after anything": {[]status.Item{stagedItem("dev", "shop", "r/shop", "", nil)}, nil},
		"three stages, whatever their order": {[]status.Item{
			stagedItem("prod", "shop", "r/shop", "staging/deployment/shop for 1d", nil),
			stagedItem("dev", "shop", "r/shop", "", nil),
			stagedItem("staging", "shop", "r/shop", "dev/deployment/shop for 1h", nil),
		}, []string{"r/shop: dev/deployment/shop -> staging/deployment/shop -> prod/deployment/shop"}},
		"after two, of which one is further": {[]status.Item{
			stagedItem("qa", "shop", "r/shop", "dev/deployment/shop for 1h", nil),
			stagedItem("prod", "shop", "r/shop", "dev/deployment/shop for 1d, qa/deployment/shop for 2h", nil),
			stagedItem("dev", "shop", "r/shop", "", nil),
		}, []string{"r/shop: dev/deployment/shop -> qa/deployment/shop -> prod/deployment/shop"}},
		"what comes first is not known": {[]status.Item{
			stagedItem("prod", "shop", "r/shop", "staging/rollout.argoproj.io/shop for 1d", nil),
		}, []string{"r/shop: staging/rollout/shop -> prod/deployment/shop"}},
		"what comes first follows another image": {[]status.Item{
			stagedItem("staging", "shop", "r/other", "", nil),
			stagedItem("prod", "shop", "r/shop", "staging/deployment/shop for 1d", nil),
		}, []string{"r/shop: staging/deployment/shop -> prod/deployment/shop"}},
		"what is kept back comes first": {[]status.Item{
			stagedItem("b", "one", "r/a", "a/deployment/one for 1h", nil),
			stagedItem("b", "two", "r/b", "a/deployment/two for 1h", pending),
		}, []string{"r/b: a/deployment/two -> b/deployment/two", "r/a: a/deployment/one -> b/deployment/one"}},
		"a circle, and what comes before and after it": {[]status.Item{
			stagedItem("a", "x", "r/x", "", nil),
			stagedItem("b", "x", "r/x", "a/deployment/x for 1h, c/deployment/x for 1h", nil),
			stagedItem("c", "x", "r/x", "b/deployment/x for 1h", nil),
			stagedItem("d", "x", "r/x", "c/deployment/x for 1h", nil),
		}, []string{"r/x: a/deployment/x -> b/deployment/x + c/deployment/x + d/deployment/x (a circle)"}},
		"one after itself": {[]status.Item{
			stagedItem("a", "x", "r/x", "a/deployment/x for 1h", nil),
		}, []string{"r/x: a/deployment/x (a circle)"}},
		"more than are read": {many, []string{"r/shop: staging/deployment/shop -> " +
			"prod-0/deployment/shop + prod-1/deployment/shop + prod-2/deployment/shop + prod-3/deployment/shop + " +
			"prod-4/deployment/shop + prod-5/deployment/shop + prod-6/deployment/shop + prod-7/deployment/shop + 2 more"}},
		"more stages than are read": {long, []string{"r/shop: n00/deployment/shop -> n01/deployment/shop -> n02/deployment/shop -> " +
			"n03/deployment/shop -> n04/deployment/shop -> n05/deployment/shop -> n06/deployment/shop -> n07/deployment/shop -> " +
			"n08/deployment/shop -> n09/deployment/shop -> n10/deployment/shop -> n11/deployment/shop -> n12/deployment/shop -> " +
			"n13/deployment/shop -> n14/deployment/shop -> n15/deployment/shop -> 5 more"}},
		"a setting that is not read": {[]status.Item{
			stagedItem("prod", "shop", "r/shop", "staging, //, a/b/c/d for 1h", nil),
		}, []string{"r/shop: prod/deployment/shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range chainsOf(join(test.items, &objects{})) {
				got = append(got, drawn(c))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// staged is a page of three stages, of which the last waits.
func staged(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, interceptor.Funcs{})
	w.updater.items = append(w.updater.items,
		stagedItem("dev", "shop", "example.com/shop", "", func(item *status.Item) { item.Running, item.Newest = "1.4.0", "1.4.0" }),
		stagedItem("staging", "shop", "example.com/shop", "dev/deployment/shop for 1h", func(item *status.Item) { item.Running, item.Newest = "1.3.2", "1.3.2" }),
		stagedItem("prod", "shop", "example.com/shop", "staging/deployment/shop for 1d, canary/deployment/shop for 1h", func(item *status.Item) {
			item.Running, item.Newest, item.State, item.Reason = "1.2.0", "1.3.2", report.StatePending, report.WaitUpstream
			item.Message, item.Opens = "staging/deployment/shop has been healthy with 1.3.2 for 3h", &metav1.Time{Time: now.Add(21 * time.Hour)}
		}))
	return w
}

func TestPromotionShows(t *testing.T) {
	for path, test := range map[string]struct {
		has   []string
		lacks string
	}{
		"/promotion": {has: []string{
			"1 image with stages", "example.com/shop", `href="/workloads/prod/Deployment/shop"`, ">1.2.0</span>", ">1.3.2</span>", ">1.4.0</span>", "On its way",
			"in 21h</time>", "has been healthy with 1.3.2 for 3h", "after staging/deployment/shop for 1d, canary/deployment/shop for 1h",
			"The updater tells nothing of it here",
		}},
		"/promotion?q=SHOP+1.4.0":   {has: []string{"1 image with stages"}},
		"/promotion?q=nothing":      {has: []string{"Nothing matches"}, lacks: "example.com/shop"},
		"/promotion?namespace=prod": {has: []string{"1 image with stages", "1.4.0"}},
		"/promotion?namespace=shop": {has: []string{"Nothing matches"}, lacks: "example.com/shop"},
	} {
		w := staged(t)
		got := w.answer(asked(http.MethodGet, path, nil))
		for _, want := range test.has {
			if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), want) {
				t.Errorf("%s: got %d, and it lacks %q:\n%s", path, got.Code, want, got.Body)
			}
		}
		if test.lacks != "" && strings.Contains(got.Body.String(), test.lacks) {
			t.Errorf("%s has %q:\n%s", path, test.lacks, got.Body)
		}
	}
	w := newWorld(t, interceptor.Funcs{})
	if body := bodyOf(t, w.answer(asked(http.MethodGet, "/promotion", nil))); !strings.Contains(body, "No workload comes after another") {
		t.Errorf("got:\n%s", body)
	}
	if got := w.answer(asked(http.MethodGet, "/promotion?page=0", nil)); got.Code != http.StatusBadRequest ||
		!strings.Contains(got.Body.String(), "page: &#34;0&#34;: allowed: a number from 1") {
		t.Errorf("got %d:\n%s", got.Code, got.Body)
	}
}

// However many chains there are, and however many workloads come after one, a page is sent.
func TestAPageOfChainsIsAllThatIsSent(t *testing.T) {
	var items []status.Item
	for i := range 5000 {
		image := fmt.Sprintf("registry.example.com/team/service-%04d", i)
		items = append(items, stagedItem("staging", fmt.Sprintf("service-%04d", i), image, "", nil),
			stagedItem("prod", fmt.Sprintf("service-%04d", i), image, fmt.Sprintf("staging/deployment/service-%04d for 1d", i), nil),
			stagedItem(fmt.Sprintf("tenant-%04d", i), "shop", "registry.example.com/shop", "staging/deployment/shop for 1d", nil))
	}
	w := newWorld(t, interceptor.Funcs{})
	w.updater.items = items
	body := bodyOf(t, w.answer(asked(http.MethodGet, "/promotion", nil)))
	if got := strings.Count(body, "<h2 id="); got != pageSize || !strings.Contains(body, "5,001 images with stages, page 1 of 101") ||
		!strings.Contains(body, "4,992 more workloads") || len(body) > 200<<10 {
		t.Errorf("%d chains in %d bytes", got, len(body))
	}
}

// BenchmarkPromotion is the answer to a filter over 10,000 rows in chains of three stages,
// with the HTML.
func BenchmarkPromotion(b *testing.B) {
	var items []status.Item
	for i := range 3334 {
		name, image := fmt.Sprintf("service-%04d", i), fmt.Sprintf("registry.example.com/team/service-%04d", i)
		items = append(items, stagedItem("dev", name, image, "", nil),
			stagedItem("staging", name, image, "dev/deployment/"+name+" for 1h", nil),
			stagedItem("prod", name, image, "staging/deployment/"+name+" for 1d", nil))
	}
	rows := join(items, &objects{})
	snapshot := &Snapshot{Rows: rows, At: now}
	known := chainsOf(rows)
	views, err := newViews()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("the first after a change", func(b *testing.B) {
		for b.Loop() {
			views.render(discard{http.Header{}}, http.StatusOK, "promotion", "main", view{Snapshot: snapshot, Content: promotionOf(chainsOf(rows), chainQuery{Page: 1}), Now: now})
		}
	})
	for name, query := range map[string]chainQuery{"few": {Text: "service-099", Page: 1}, "all": {Page: 1}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				views.render(discard{http.Header{}}, http.StatusOK, "promotion", "main", view{Snapshot: snapshot, Content: promotionOf(known, query), Now: now})
			}
		})
	}
}
