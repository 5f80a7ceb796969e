package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

func TestLag(t *testing.T) {
	for name, test := range map[string]struct{ running, newest, want string }{
		"a major version":                {"1.9.0", "2.0.0", "1 major"},
		"minor versions":                 {"1.2.0", "1.4.1", "2 minor"},
		"patches":                        {"v1.2.0", "1.2.7", "7 patch"},
		"a revision":                     {"1.2.0.1", "1.2.0.3", "2 revision"},
		"a variant":                      {"1.2.0-alpine", "1.3.0-alpine", "1 minor"},
		"two parts":                      {"16.4", "16.9", "5 minor"},
		"a date":                         {"2024.01.05", "2026.11.01", "2 major"},
		"a rebuild":                      {"latest@sha256:" + strings.Repeat("a", 64), "latest@sha256:" + strings.Repeat("b", 64), "rebuilt"},
		"no versions":                    {"build-9", "build-10", "newer"},
		"a pre-release":                  {"1.2.0-rc.1", "1.2.0-rc.2", "newer"},
		"a range that leads down":        {"2.1.0", "1.9.0", "newer"},
		"a number beyond all versions":   {"1.99999999999999999999.0", "2.0.0", "1 major"},
		"the largest steps there can be": {"0", "4294967295", "4294967295 major"},
	} {
		if got, _ := lag(test.running, test.newest); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	order := []string{"build-10", "1.2.0.9", "1.2.9", "1.2.70000", "1.3.0", "1.70000.0", "2.0.0", "70000.0.0"}
	last := uint64(0)
	for _, newest := range order {
		if _, distance := lag("1.2.0.1", newest); distance < last {
			t.Errorf("%s is nearer than what stands before it", newest)
		} else {
			last = distance
		}
	}
}

func TestQueryIsWrittenAsItWasRead(t *testing.T) {
	for _, address := range []string{
		"/workloads", "/workloads?group=yes&namespace=shop&page=3&q=a+b&show=behind&sort=-lag", "/workloads?sort=state",
	} {
		at, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		query, err := parseQuery(at.Query())
		if diff := cmp.Diff(address, query.path(nil)); err != nil || diff != "" {
			t.Errorf("error %v (-want +got)\n%s", err, diff)
		}
	}
}

// manyRows are as the largest cluster has.
func manyRows(count int) *Snapshot {
	items := make([]status.Item, 0, count)
	for i := range count {
		items = append(items, status.Item{
			Namespace: fmt.Sprintf("team-%03d", i%200), Kind: "Deployment", Name: fmt.Sprintf("service-%05d", i), Container: "app",
			Repository: fmt.Sprintf("registry.example.com/team/service-%05d", i), Running: fmt.Sprintf("1.%d.0", i%7), Newest: "1.7.0", Policy: "minor",
			State: report.StatePending, Reason: report.WaitPace, Message: "3 rollouts are under way", LastCheck: &metav1.Time{Time: now},
		})
	}
	rows := join(items, &objects{})
	return &Snapshot{Rows: rows, Namespaces: namespacesOf(rows), At: now}
}

// However many rows there are, a page of them is sent.
func TestAPageIsAllThatIsSent(t *testing.T) {
	const count = 10_000
	w := newWorld(t, interceptor.Funcs{})
	w.feed.last = manyRows(count)
	w.feed.last.updates = &updates{}
	for path, want := range map[string]struct {
		rows int
		says string
	}{
		"/workloads":                                {pageSize, "10,000 rows, page 1 of 200"},
		"/workloads?page=200":                       {pageSize, "page 200 of 200"},
		"/workloads?page=9999999":                   {pageSize, "page 200 of 200"},
		"/workloads?q=service-0999&group=yes":       {10, "10 rows"},
		"/workloads?q=1.3.0&sort=-lag&page=3":       {pageSize, "1,429 rows, page 3 of 29"},
		"/workloads?namespace=team-007&show=behind": {pageSize, "50 rows"},
	} {
		body := bodyOf(t, w.answer(asked(http.MethodGet, path, nil)))
		if got := strings.Count(body, `<td class="cell-name">`); got != want.rows || !strings.Contains(body, want.says) || len(body) > 100<<10 {
			t.Errorf("%s: %d rows in %d bytes, want %d and %q", path, got, len(body), want.rows, want.says)
		}
	}
	if body := bodyOf(t, w.answer(asked(http.MethodGet, "/", nil))); len(body) > 64<<10 {
		t.Errorf("the overview has %d bytes", len(body))
	}
}

// BenchmarkFilter is the answer to a filter over 10,000 rows, with the HTML.
func BenchmarkFilter(b *testing.B) {
	snapshot := manyRows(10_000)
	views, err := newViews()
	if err != nil {
		b.Fatal(err)
	}
	for name, query := range map[string]Query{
		"few":            {Text: "service-0999", Sort: "workload", Page: 1},
		"all, by lag":    {Text: "team", Sort: "lag", Descending: true, Page: 100},
		"all, by states": {Sort: "state", Group: true, Page: 1},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				out := discard{http.Header{}}
				views.render(out, http.StatusOK, "workloads", "main", view{Snapshot: snapshot, Content: tableOf(snapshot, query), Now: now})
			}
		})
	}
}

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
