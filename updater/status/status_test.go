package status

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/report"
)

var checked = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// standings are those of two namespaces.
func standings(namespace string) []report.Standing {
	all := []report.Standing{
		{Kind: "Deployment", Namespace: "a", Name: "shop", Container: "web", Repository: "example.com/app", Running: "1.2.0", Newest: "1.3.0",
			Policy: "minor", State: report.StatePending, Reason: "WindowClosed", Message: "the window opens at 22:00", Checked: checked, Next: checked.Add(time.Minute)},
		{Kind: "Deployment", Namespace: "b", Name: "shop", Container: "web", Running: "1.2.0", Policy: "minor", State: report.StateUnknown},
	}
	if namespace == "" {
		return all
	}
	for i := range all {
		if all[i].Namespace == namespace {
			return all[i : i+1]
		}
	}
	return nil
}

func serve(t *testing.T, o Options) *url.URL {
	t.Helper()
	served := httptest.NewServer(NewServer(o).Handler())
	t.Cleanup(served.Close)
	at, err := url.Parse(served.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func leading(leads bool) func() bool { return func() bool { return leads } }

func TestServer(t *testing.T) {
	for name, test := range map[string]struct {
		method, path string
		follows      bool
		code         int
		want         string // the reason, or the names of the namespaces
	}{
		"all namespaces":               {path: Path, code: 200, want: "a b"},
		"one namespace":                {path: Path + "?namespace=b", code: 200, want: "b"},
		"a namespace without any":      {path: Path + "?namespace=none", code: 200},
		"a replica that does not lead": {path: Path, follows: true, code: 503, want: "NotLeading"},
		"a namespace that is none":     {path: Path + "?namespace=A%0A", code: 400, want: "BadRequest"},
		"a write":                      {method: http.MethodPost, path: Path, code: 405, want: "MethodNotAllowed"},
		"a version of the future":      {path: "/v2/status", code: 404, want: "NotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			at := serve(t, Options{Standings: standings, Leads: leading(!test.follows)})
			request, err := http.NewRequestWithContext(t.Context(), test.method, at.String()+test.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var body struct {
				Kind, Reason string
				Items        []Item
			}
			if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
				t.Fatal(err)
			}
			got := body.Reason
			for _, item := range body.Items {
				got = strings.TrimSpace(got + " " + item.Namespace)
			}
			if response.StatusCode != test.code || got != test.want || (test.code == 200) != (body.Kind == Kind) {
				t.Errorf("got %d, %+v", response.StatusCode, body)
			}
		})
	}
}

// Without the limit, whoever reaches the port makes the updater build lists of
// all workloads until its memory is full.
func TestServerMakesTwoListsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leave := make(chan struct{})
		var lists atomic.Int32
		handler := NewServer(Options{Leads: leading(true), Standings: func(string) []report.Standing {
			lists.Add(1)
			<-leave
			return nil
		}}).Handler()
		codes := make(chan int, 3)
		for range 3 {
			go func() {
				answered := httptest.NewRecorder()
				handler.ServeHTTP(answered, httptest.NewRequestWithContext(t.Context(), http.MethodGet, Path, http.NoBody))
				codes <- answered.Code
			}()
		}
		synctest.Wait()
		if n := lists.Load(); n != 2 {
			t.Errorf("%d lists are made at once, want 2", n)
		}
		// The clock of a test moves on when everybody waits.
		if code := <-codes; code != http.StatusTooManyRequests {
			t.Errorf("the third is answered with %d, want 429", code)
		}
		close(leave)
		for range 2 {
			if code := <-codes; code != http.StatusOK {
				t.Errorf("got %d", code)
			}
		}
	})
}

func TestServerEndsWithItsContext(t *testing.T) {
	s := NewServer(Options{Address: "127.0.0.1:0", Standings: standings, Leads: leading(true)})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Start(ctx) }()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := NewServer(Options{Address: "127.0.0.1:none"}).Start(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "serving status: ") {
		t.Errorf("got %v", err)
	}
}

func TestDirect(t *testing.T) {
	list, err := (&Direct{URL: serve(t, Options{Standings: standings, Leads: leading(true)}), Client: &http.Client{}}).List(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	next := metav1.NewTime(checked.Add(time.Minute).Local())
	last := metav1.NewTime(checked.Local())
	want := &List{TypeMeta: metav1.TypeMeta{APIVersion: "garboard.dev/v1alpha1", Kind: "WorkloadStatusList"}, Items: []Item{{
		Kind: "Deployment", Namespace: "a", Name: "shop", Container: "web", Repository: "example.com/app", Running: "1.2.0", Newest: "1.3.0",
		Policy: "minor", State: "Pending", Reason: "WindowClosed", Message: "the window opens at 22:00", LastCheck: &last, NextCheck: &next,
	}}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What answers at an address need not be an updater.
func TestDirectRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		code int
		body io.Reader
		want string
	}{
		"a replica that does not lead": {503, strings.NewReader(`{"kind":"Status","apiVersion":"v1","message":"another leads","reason":"NotLeading"}`), "another leads"},
		"another server":               {404, strings.NewReader("404 page not found"), "404 Not Found; is it an updater, and not older than this program?"},
		"a page":                       {200, strings.NewReader("<html>"), "reading the updater's answer: invalid character '<' looking for beginning of value"},
		"another list":                 {200, strings.NewReader(`{"kind":"PodList","apiVersion":"v1"}`), `it is a "PodList" of "v1", not a "WorkloadStatusList" of "garboard.dev/v1alpha1"`},
		"an answer without end":        {200, io.MultiReader(strings.NewReader(`{"items":[`), io.LimitReader(spaces{}, maxAnswer+1)), "more than 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.code)
				_, _ = io.Copy(w, test.body)
			}))
			defer served.Close()
			at, err := url.Parse(served.URL)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := (&Direct{URL: at, Client: &http.Client{}}).List(t.Context(), ""); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// What a registry was asked with is told as words.
func TestListTellsWhatRegistriesWereAskedWith(t *testing.T) {
	for name, test := range map[string]struct {
		asked *resolver.Asked
		want  string
	}{
		"a Secret":  {&resolver.Asked{Kind: "user and password (redacted)", Source: `Secret "a/regcred"`}, `{"credential":"user and password (redacted)","source":"Secret \"a/regcred\""}`},
		"none":      {&resolver.Asked{Kind: "anonymous", Anonymous: true}, `{"credential":"anonymous","anonymous":true}`},
		"mirrors":   {&resolver.Asked{Kind: "anonymous", Anonymous: true, Mirrored: true}, `{"credential":"anonymous","anonymous":true,"mirrored":true}`},
		"not asked": {nil, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			told := func(string) []report.Standing {
				return []report.Standing{{Namespace: "a", Name: "shop", Asked: test.asked}}
			}
			list, err := (&Direct{URL: serve(t, Options{Standings: told, Leads: leading(true)}), Client: &http.Client{}}).List(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(list.Items[0].Asked)
			if err != nil || string(got) != test.want {
				t.Errorf("got %s, %v; want %s", got, err, test.want)
			}
		})
	}
}
