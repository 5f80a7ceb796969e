package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/cli"
)

// Without it, a bad value is found one at a time, once a server is half
// started, and ends the program as a failure that may pass (exit code 1).
func TestServersReportAllBadValuesAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"the updater": {
			args: []string{"updater", "--private-registries", "!!,10.0.0.0/8,*,host:5000", "--fresh-for=-5m", "--workers", "0", "--status-address=8082"},
			want: "--private-registries: \"!!\": allowed: a host, host:port, address, CIDR or *\n" +
				"--fresh-for: \"-5m0s\": allowed: a duration above 0, such as 1m30s\n" +
				"--status-address: \"8082\": allowed: host:port or :port; \"0\" for none\n" +
				"--workers: 0: allowed: 1 or more\n",
		},
		"the webhook": {
			args: []string{"webhook", "--insecure-registries=a,b/c,", "--listen-address=9443", "--metrics-address=0", "--health-address=:70000"},
			env:  map[string]string{"GARBOARD_FRESH_FOR": "0s"},
			want: "--insecure-registries: \"b/c\": allowed: a host or host:port\n" +
				"--insecure-registries: \"\": allowed: a host or host:port\n" +
				"--fresh-for: \"0s\": allowed: a duration above 0, such as 1m30s\n" +
				"--health-address: \":70000\": allowed: host:port or :port; \"0\" for none\n" +
				"--listen-address: \"9443\": allowed: host:port or :port\n",
		},
		"the webhook's protection": {
			args: []string{"webhook", "--client-names=a,", "--shutdown-delay=-1s", "--max-requests-in-flight=0", "--updater-account="},
			want: "--client-names: \"\": allowed: the name of a client certificate\n" +
				"--client-names: \"a,\": allowed: together with --client-ca-file\n" +
				"--shutdown-delay: \"-1s\": allowed: a duration from 0s to 10m0s\n" +
				"--updater-account: \"\": allowed: a user name, such as system:serviceaccount:garboard:garboard-updater\n" +
				"--max-requests-in-flight: 0: allowed: 1 or more\n",
		},
		"a receiver of pushes that lets nobody in, or is none": {
			args: []string{"updater", "--push-address=9300", "--push-tls-key-file=key"},
			want: "--push-address: \"9300\": allowed: host:port or :port; \"0\" for none\n" +
				"--push-config: needed with --push-address: it says who may send, and what proves it\n" +
				"--push-tls-cert-file, --push-tls-key-file: \"key\": allowed: both, or neither\n",
		},
		"settings of pushes without a receiver": {
			args: []string{"updater", "--push-config=push.yaml", "--push-tls-cert-file=a", "--push-tls-key-file=b"},
			want: "--push-config: \"push.yaml\": allowed: together with --push-address\n" +
				"--push-tls-cert-file: \"a\": allowed: together with --push-address\n" +
				"--push-tls-key-file: \"b\": allowed: together with --push-address\n",
		},
		"a page that nobody can sign in to": {
			args: []string{"page-server", "--listen-address=9443", "--timeout=0s", "--session-lifetime=1s", "--requestheader-allowed-names=front", "--requestheader-username-headers="},
			want: "--listen-address: \"9443\": allowed: host:port or :port\n" +
				"--public-hosts: needed: the names that browsers reach the page by, such as garboard.example.com\n" +
				"--timeout: \"0s\": allowed: a duration above 0, such as 30s\n" +
				"--session-lifetime: \"1s\": allowed: a duration from 1m0s to 168h0m0s\n" +
				"--client-ca-file, --requestheader-client-ca-file, --requestheader-allowed-addresses, --oidc-issuer-url: one is needed: without any, nobody can sign in\n" +
				"--requestheader-allowed-names: \"front\": allowed: together with --requestheader-client-ca-file\n" +
				"--requestheader-username-headers: \"\": allowed: names of headers, such as X-Remote-User\n",
		},
		"a page with ways in that are none": {
			args: []string{
				"page-server", "--public-hosts=https://garboard.example.com", "--requestheader-allowed-addresses=10.0.0.0/33,10.0.0.1", "--requestheader-group-headers=X Group",
				"--oidc-issuer-url=http://sso.example.com", "--oidc-groups-prefix=system:", "--oidc-username-prefix=system:x:",
			},
			want: "--public-hosts: \"https://garboard.example.com\": allowed: a name, or name:port, such as garboard.example.com\n" +
				"--requestheader-allowed-addresses: \"10.0.0.0/33\": allowed: an address or a CIDR, such as 10.0.0.0/24\n" +
				"--requestheader-username-headers, --requestheader-group-headers: \"X Group\": allowed: names of headers, such as X-Remote-User\n" +
				"--oidc-client-id: needed with --oidc-issuer-url\n" +
				"--oidc-groups-prefix: \"system:\": allowed: a text that does not begin with system:\n" +
				"--oidc-issuer-url: \"http://sso.example.com\": allowed: a URL such as https://sso.example.com, without user and query\n" +
				"--oidc-username-prefix: \"system:x:\": allowed: a text that does not begin with system:\n",
		},
		"a client of no provider": {
			args: []string{"page-server", "--public-hosts=garboard.example.com", "--client-ca-file=ca.crt", "--oidc-client-id=page"},
			want: "--oidc-client-id: \"page\": allowed: together with --oidc-issuer-url\n",
		},
		"a collector that is none": {
			args: []string{"webhook", "--otlp-endpoint=collector:4318", "--trace-sample-ratio=1.5"},
			want: "--otlp-endpoint: \"collector:4318\": allowed: a URL such as http://collector:4318, without user and query\n" +
				"--trace-sample-ratio: 1.5: allowed: a number from 0 to 1\n",
		},
		"a collector with a password, and no number": {
			args: []string{"updater", "--otlp-endpoint=https://robot:hunter2@collector", "--trace-sample-ratio=NaN", "--workers=0"},
			env:  map[string]string{"GARBOARD_FRESH_FOR": "x"},
			want: "GARBOARD_FRESH_FOR: \"x\": allowed: a duration, such as 1m30s\n" +
				"--otlp-endpoint: \"...@collector\": allowed: a URL such as http://collector:4318, without user and query\n" +
				"--trace-sample-ratio: NaN: allowed: a number from 0 to 1\n" +
				"--workers: 0: allowed: 1 or more\n",
		},
		"custom kinds, each by itself": {
			args: []string{"webhook", "--custom-kinds", "Rollout.v1alpha1.argoproj.io=spec.template,rollouts.v1alpha1.argoproj.io=spec.template,Deployment.v1.apps=spec.template", "--metrics-address=x"},
			want: "--metrics-address: \"x\": allowed: host:port or :port; \"0\" for none\n" +
				"--custom-kinds: \"rollouts.v1alpha1.argoproj.io=spec.template\": allowed: a kind that begins with a capital, not a resource; KIND.VERSION.GROUP=PATH, such as Rollout.v1alpha1.argoproj.io=spec.template\n" +
				"--custom-kinds: \"Deployment.v1.apps=spec.template\": allowed: a kind other than those of Kubernetes itself\n",
		},
		"custom kinds of the updater, by its environment": {
			args: []string{"updater"},
			env:  map[string]string{"GARBOARD_CUSTOM_KINDS": "Rollout.v1alpha1.argoproj.io=spec.template,Rollout.v1.argoproj.io=spec.template"},
			want: "--custom-kinds: \"Rollout.v1.argoproj.io=spec.template\": allowed: a kind once, in one version\n",
		},
		"more shards than there may be": {
			args: []string{"updater", "--shards=33"},
			want: "--shards: 33: allowed: 1 to 32\n",
		},
		"shards, and nothing to share them by": {
			args: []string{"updater", "--shards=2", "--leader-elect=false", "--workers=0"},
			want: "--shards: 2: allowed: 1, with --leader-elect=false\n--workers: 0: allowed: 1 or more\n",
		},
		"a renewal that lasts longer than the Lease": {
			args: []string{"updater", "--leader-elect-lease-duration=6s", "--leader-elect-renew-deadline=6s"},
			want: "--leader-elect-renew-deadline: 6s: allowed: more than 0, and less than --leader-elect-lease-duration, which is 6s\n" +
				"--leader-elect-retry-period: 4s: allowed: more than 0, and at most half of --leader-elect-renew-deadline, which is 6s\n",
		},
		"a Lease of a part of a second": {
			args: []string{"updater", "--leader-elect-lease-duration=1500ms", "--leader-elect-renew-deadline=1s", "--leader-elect-retry-period=0s"},
			want: "--leader-elect-lease-duration: 1.5s: allowed: whole seconds, 1s or more\n" +
				"--leader-elect-retry-period: 0s: allowed: more than 0, and at most half of --leader-elect-renew-deadline, which is 1s\n",
		},
		"a level that nothing logs at": {
			args: []string{"updater", "--log-level", "panic", "--workers=0"},
			want: "--log-level: \"panic\": allowed: debug, info, warn, error\n--workers: 0: allowed: 1 or more\n",
		},
		"a channel that Keel had, and that is gone": {
			args: []string{"updater", "--workers=0"}, env: map[string]string{"HIPCHAT_TOKEN": "x"},
			want: "HIPCHAT_TOKEN: HipChat was shut down in February 2019; use slack, mattermost, teams, discord, matrix, rocketchat or zulip\n--workers: 0: allowed: 1 or more\n",
		},
		"a level that is allowed": {
			args: []string{"updater", "--log-level", "warn", "--workers=0"},
			want: "--workers: 0: allowed: 1 or more\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			lookup := func(name string) (string, bool) { value, ok := test.env[name]; return value, ok }
			code := cli.Run(t.Context(), test.args, cli.Streams{Out: &out, Err: &errs, Env: lookup}, serverCommands(lookup)...)
			if diff := cmp.Diff(test.want, errs.String()); code != 2 || out.Len() > 0 || diff != "" {
				t.Errorf("code %d, output %q, (-want +got)\n%s", code, out.String(), diff)
			}
		})
	}
}
