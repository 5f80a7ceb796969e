package cli

import (
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// An updater that was made reachable needs no cluster, where no workload and no
// default namespace has to be looked up.
func TestStatusOfAnUpdaterByURL(t *testing.T) {
	server := status.NewServer(status.Options{Leads: func() bool { return true }, Standings: func(namespace string) []report.Standing {
		return []report.Standing{{Kind: "Deployment", Namespace: namespace, Name: "web", Container: "c", Running: "1", Policy: "all", State: report.StateCurrent}}
	}})
	served := httptest.NewServer(server.Handler())
	defer served.Close()
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	const list = `{
  "kind": "WorkloadStatusList",
  "apiVersion": "garboard.dev/v1alpha1",
  "items": [
    {
      "namespace": "team",
      "kind": "Deployment",
      "name": "web",
      "container": "c",
      "repository": "",
      "running": "1",
      "policy": "all",
      "state": "Current"
    }
  ]
}
`
	for name, test := range map[string]struct {
		args []string
		want outcome
	}{
		"as JSON":               {[]string{"-n", "team", "-o", "json"}, outcome{Out: list}},
		"a URL that is none":    {[]string{"-A", "--updater-url=127.0.0.1:8082"}, outcome{Code: 2, Err: "--updater-url: \"127.0.0.1:8082\": allowed: a URL such as http://127.0.0.1:8082\n"}},
		"both kinds of scope":   {[]string{"-A", "-n", "team"}, outcome{Code: 2, Err: "--namespace: not together with --all-namespaces\n"}},
		"two workloads":         {[]string{"deploy/a", "deploy/b"}, outcome{Code: 2, Err: "takes one RESOURCE/NAME, such as deployment/shop\n"}},
		"a format that is none": {[]string{"-o", "name", "--color=yes"}, outcome{Code: 2, Err: "--output: \"name\": allowed: table, wide, json, yaml\n--color: \"yes\": allowed: auto, always, never\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"status", "--updater-url=" + served.URL}, test.args...)
			if diff := cmp.Diff(test.want, garboard(t, nil, nil, args...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
