package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDoctorRefusesABadCommandLine(t *testing.T) {
	got := garboard(t, nil, nil, "doctor", "--webhook-address=9443", "--updater-url=here", "--timeout=0s", "-o", "table")
	want := outcome{Code: 2, Err: "--output: \"table\": allowed: json, yaml\n" +
		"--timeout: \"0s\": allowed: a duration above 0, such as 30s\n" +
		"--webhook-address: \"9443\": allowed: host:port\n" +
		"--updater-url: \"here\": allowed: a URL such as http://127.0.0.1:8082\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Where nothing may be read nothing is known, which is no failure of the installation.
func TestDoctorOfAPersonWithoutRights(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer server.Close()
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	got := garboard(t, nil, nil, "doctor", "-s", server.URL)
	if got.Code != 0 || got.Err != "" || !strings.Contains(got.Out, "0 failures, 0 warnings") || !strings.Contains(got.Out, "could not be looked at") {
		t.Errorf("got %+v", got)
	}
}
