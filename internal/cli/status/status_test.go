package status

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

var statusNow = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)

func statusItems() []status.Item {
	last, next, opens := metav1.NewTime(statusNow.Add(-2*time.Minute)), metav1.NewTime(statusNow.Add(8*time.Minute)), metav1.NewTime(statusNow.Add(4*time.Hour))
	return []status.Item{
		{
			Namespace: "shop", Kind: "Deployment", Name: "web", Container: "web", Repository: "example.com/app", Running: "1.2.0", Newest: "1.2.7",
			Policy: "patch", State: report.StatePending, Reason: "WindowClosed", Message: "the window opens at 22:00\n\x1b[31m", LastCheck: &last, NextCheck: &next, Opens: &opens,
		},
		{
			Namespace: "shop", Kind: "CronJob", Name: "b", Container: "c", Repository: "example.com/b", Policy: "force",
			Running: "latest@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", State: report.StateUnknown, NextCheck: &last,
		},
	}
}

func TestStatusPrinter(t *testing.T) {
	for name, test := range map[string]struct {
		printer statusPrinter
		want    string
	}{
		"a table": {
			want: `WORKLOAD         CONTAINER   RUNNING                       NEWEST   POLICY   STATE     REASON                 LAST CHECK   NEXT CHECK
deployment/web   web         1.2.0                         1.2.7    patch    Pending   WindowClosed (in 4h)   2m ago       in 8m
cronjob/b        c           latest@sha256:0123456789ab…   -        force    Unknown   -                      -            now
`,
		},
		"all namespaces, in colours": {
			printer: statusPrinter{namespaces: true, coloured: true},
			want: `NAMESPACE   WORKLOAD         CONTAINER   RUNNING                       NEWEST   POLICY   STATE     REASON                 LAST CHECK   NEXT CHECK
shop        deployment/web   web         1.2.0                         1.2.7    patch    ` + "\x1b[33mPending\x1b[0m" + `   WindowClosed (in 4h)   2m ago       in 8m
shop        cronjob/b        c           latest@sha256:0123456789ab…   -        force    ` + "\x1b[2mUnknown\x1b[0m" + `   -                      -            now
`,
		},
		"wide, without what would steer the terminal": {
			printer: statusPrinter{format: statusWide},
			want: `WORKLOAD         CONTAINER   RUNNING                                                                          NEWEST   POLICY   STATE     REASON                 LAST CHECK   NEXT CHECK   REPOSITORY        MESSAGE
deployment/web   web         1.2.0                                                                            1.2.7    patch    Pending   WindowClosed (in 4h)   2m ago       in 8m        example.com/app   the window opens at 22:00` + `\n\x1b[31m
cronjob/b        c           latest@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef   -        force    Unknown   -                      -            now          example.com/b     -
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			p := test.printer
			p.out, p.now = &out, func() time.Time { return statusNow }
			if err := p.list(statusItems()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The example of docs/operations.md is what is printed.
func TestOperationsPageShowsWhatIsPrinted(t *testing.T) {
	page, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := statusPrinter{out: &out, now: func() time.Time { return statusNow }}
	if err := p.list(statusItems()); err != nil {
		t.Fatal(err)
	}
	if want := "$ garboard status\n" + out.String(); !strings.Contains(string(page), want) {
		t.Errorf("the page has not\n%s", want)
	}
}

// What a watch prints stands below what it printed before.
func TestStatusPrinterGoesOn(t *testing.T) {
	var out bytes.Buffer
	p := statusPrinter{out: &out, now: func() time.Time { return statusNow }}
	items := statusItems()
	for _, news := range [][]status.Item{items[:1], nil, items[1:], items[:1]} {
		if err := p.rows(news); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(out.String(), "\n")
	if strings.Count(out.String(), "WORKLOAD") != 1 || len(lines) != 5 || !strings.HasPrefix(lines[2], "cronjob/b        c ") || !strings.HasPrefix(lines[3], "deployment/web") {
		t.Errorf("got\n%s", out.String())
	}
}

func TestSightings(t *testing.T) {
	seen, items := newSightings(), statusItems()
	if got := seen.news(items); len(got) != 2 {
		t.Errorf("at first: got %+v", got)
	}
	again := statusItems()
	again[0].LastCheck, again[0].NextCheck = again[0].NextCheck, nil
	if got := seen.news(again); len(got) != 0 {
		t.Errorf("a check that changed nothing: got %+v", got)
	}
	again[1].State = report.StateCurrent
	if got := seen.news(again); len(got) != 1 || got[0].Name != "b" {
		t.Errorf("another state: got %+v", got)
	}
	if got := seen.news(again[:1]); len(got) != 0 {
		t.Errorf("one that is gone: got %+v", got)
	}
	if got := seen.news(again); len(got) != 1 {
		t.Errorf("one that comes back: got %+v", got)
	}
}

// A leader that changes must not end a watch, and a registry that is asked again
// must not print a line.
func TestStatusWatch(t *testing.T) {
	answers := make(chan func() (*status.List, error))
	ticks := make(chan time.Time)
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs bytes.Buffer
	printer := &statusPrinter{out: &out, now: func() time.Time { return statusNow }}
	o := &statusOptions{ConnectionOptions: access.ConnectionOptions{Timeout: time.Minute}}
	ended := make(chan error)
	go func() {
		ended <- o.follow(ctx, &errs, &asked{lister: scripted(answers), warnings: &errs}, printer, statusItems(), ticks)
	}()
	tell := func(items []status.Item, err error, unowned ...int) {
		ticks <- time.Time{}
		answers <- func() (*status.List, error) { return &status.List{Items: items, Unowned: unowned}, err }
	}
	tell(statusItems(), nil)
	tell(nil, errors.New("nobody leads"))
	tell(nil, errors.New("nobody leads"))
	moved := statusItems()
	moved[0].Running, moved[0].State, moved[0].Reason = "1.2.7", report.StateCurrent, ""
	tell(moved, nil, 1)
	tell(moved, nil, 1)
	tell(moved, nil, 1, 4)
	tell(moved, nil)
	ticks <- time.Time{}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v", err)
	}
	if lines := strings.Split(out.String(), "\n"); len(lines) != 5 || !strings.Contains(lines[3], "Current") {
		t.Errorf("got\n%s", out.String())
	}
	if want := `garboard: nobody leads
garboard: shard 1 has no owner at the moment: its workloads are missing
garboard: shards 1, 4 have no owner at the moment: their workloads are missing
`; errs.String() != want {
		t.Errorf("got %q, want %q", errs.String(), want)
	}
}

// scripted answers each question as it is told.
type scripted chan func() (*status.List, error)

func (s scripted) List(ctx context.Context, _ string) (*status.List, error) {
	select {
	case answer := <-s:
		return answer()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A terminal is coloured by itself, and NO_COLOR says no.
func TestColourOfATerminal(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there is no terminal to try: %v", err)
	}
	defer terminal.Close()
	for value, want := range map[string]bool{"": true, "0": false} {
		env := func(name string) (string, bool) { return value, name == "NO_COLOR" }
		if got := colourAuto.on(terminal, env); got != want {
			t.Errorf("NO_COLOR=%q: got %v", value, got)
		}
	}
}

// NO_COLOR says no whatever its value, and a file is no terminal.
func TestColourMode(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	env := func(value string) func(string) (string, bool) {
		return func(name string) (string, bool) { return value, name == "NO_COLOR" && value != "" }
	}
	for name, test := range map[string]struct {
		mode  colourMode
		value string
		want  bool
	}{
		"by itself, into a file":  {colourAuto, "", false},
		"always, into a file":     {colourAlways, "", true},
		"always, with NO_COLOR":   {colourAlways, "1", true},
		"never":                   {colourNever, "", false},
		"by itself with NO_COLOR": {"", "0", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.mode.on(file, env(test.value)); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
