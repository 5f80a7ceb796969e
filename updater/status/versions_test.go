package status

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	testclock "k8s.io/utils/clock/testing"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
)

// tellsVersions is an updater that follows the Deployment shop.
func tellsVersions(_ context.Context, r VersionsRequest, of []record.Result) (*report.Versions, error) {
	if r.Name != "shop" {
		return nil, errors.New("the updater follows no such container")
	}
	told := &report.Versions{Chosen: "1.3.0"}
	for _, version := range of {
		told.Images = append(told.Images, report.ImageVersion{Version: version.String(), Size: 7})
	}
	return told, nil
}

func TestVersionsServer(t *testing.T) {
	const whole = "?namespace=a&kind=Deployment&name=shop&container=web"
	for name, test := range map[string]struct {
		method, query string
		follows, none bool
		code          int
		want          string
	}{
		"two images":                   {query: whole + "&of=1.2.0&of=1.3.0", code: 200, want: "1.2.0"},
		"no image":                     {query: whole, code: 200, want: "1.3.0"},
		"three images":                 {query: whole + "&of=1&of=2&of=3", code: 400, want: "of: 3 versions: allowed: at most 2"},
		"an image that is none":        {query: whole + "&of=../../x", code: 400, want: `of: \"../../x\": allowed: TAG, TAG@DIGEST`},
		"no container":                 {query: "?namespace=a&kind=Deployment&name=shop", code: 400, want: `container: \"\": allowed: 1 to 300 bytes`},
		"a name that is too long":      {query: "?namespace=a&kind=Deployment&container=c&name=" + strings.Repeat("x", 301), code: 400, want: "allowed: 1 to 300 bytes"},
		"a workload that is not there": {query: strings.Replace(whole, "shop", "other", 1), code: 404, want: "the updater follows no such container"},
		"a replica that does not lead": {query: whole, follows: true, code: 503, want: "NotLeading"},
		"a write":                      {method: http.MethodPost, query: whole, code: 405, want: "allowed: GET"},
		"an updater that tells none":   {query: whole, none: true, code: 404, want: "there is only"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Standings: standings, Leads: leading(!test.follows), Versions: tellsVersions}
			if test.none {
				o.Versions = nil
			}
			answered := httptest.NewRecorder()
			NewServer(o).Handler().ServeHTTP(answered, httptest.NewRequestWithContext(t.Context(), test.method, VersionsPath+test.query, http.NoBody))
			if answered.Code != test.code || !strings.Contains(answered.Body.String(), test.want) {
				t.Errorf("got %d: %s, want %d and %q", answered.Code, answered.Body, test.code, test.want)
			}
		})
	}
}

// A registry counts what is asked, and those who ask are not known here.
func TestVersionsAreToldNowAndThen(t *testing.T) {
	now := testclock.NewFakePassiveClock(checked)
	handler := NewServer(Options{Leads: leading(true), Versions: tellsVersions, Clock: now}).Handler()
	answers := func(count int) (told int) {
		for range count {
			answered := httptest.NewRecorder()
			handler.ServeHTTP(answered, httptest.NewRequestWithContext(t.Context(), http.MethodGet, VersionsPath+"?namespace=a&kind=Deployment&name=shop&container=web", http.NoBody))
			switch answered.Code {
			case http.StatusOK:
				told++
			case http.StatusTooManyRequests:
			default:
				t.Errorf("got %d: %s", answered.Code, answered.Body)
			}
		}
		return told
	}
	if told := answers(100); told != versionsBurst {
		t.Errorf("%d of 100 are answered, want %d", told, versionsBurst)
	}
	now.SetTime(checked.Add(5 * versionsEvery))
	if told := answers(100); told != 5 {
		t.Errorf("%d are answered after a while, want 5", told)
	}
}

func TestDirectVersions(t *testing.T) {
	direct := &Direct{URL: serve(t, Options{Leads: leading(true), Versions: tellsVersions}), Client: &http.Client{}}
	request := VersionsRequest{Namespace: "a", Kind: "Deployment", Name: "shop", Container: "web", Of: []string{"1.2.0"}}
	got, err := direct.Versions(t.Context(), request)
	want := &report.Versions{Chosen: "1.3.0", Images: []report.ImageVersion{{Version: "1.2.0", Size: 7}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v (-want +got)\n%s", err, diff)
	}
	request.Name = "other"
	if _, err := direct.Versions(t.Context(), request); err == nil || !strings.Contains(err.Error(), "the updater follows no such container") {
		t.Errorf("got %v", err)
	}
	large := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(report.Versions{Why: strings.Repeat("x", maxVersionsAnswer)})
	}))
	defer large.Close()
	direct.URL, err = url.Parse(large.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := direct.Versions(t.Context(), request); err == nil || !strings.Contains(err.Error(), "more than 1 MiB") {
		t.Errorf("got %v", err)
	}
}

// Of several updaters that share the work, one follows the workload.
func TestClientFindsWhoFollows(t *testing.T) {
	leases := led(lease("garboard-updater", "", 0), lease("garboard-updater-shard-0", "pod-0_a", 0), lease("garboard-updater-shard-1", "pod-1_b", 0))
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/leases"):
			listLeases(w, leases)
		case strings.Contains(r.URL.Path, "/pods/pod-1:8082/proxy/v1/versions"):
			NewServer(Options{Leads: leading(true), Versions: tellsVersions}).versions(w, r)
		default:
			refuse(w, http.StatusNotFound, "NotFound", "the updater follows no such container")
		}
	}))
	defer api.Close()
	kube, err := kubernetes.NewForConfig(&rest.Config{Host: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{Kube: kube, Namespace: "garboard", Lease: LeaseName, Clock: testclock.NewFakePassiveClock(checked.Add(time.Second))}
	request := VersionsRequest{Namespace: "a", Kind: "Deployment", Name: "shop", Container: "web", Of: []string{"1.2.0"}}
	if got, err := c.Versions(t.Context(), request); err != nil || got.Chosen != "1.3.0" {
		t.Errorf("got %+v, error %v", got, err)
	}
	request.Name = "other"
	if _, err := c.Versions(t.Context(), request); err == nil || !strings.Contains(err.Error(), "the updater follows no such container") {
		t.Errorf("got %v", err)
	}
}
