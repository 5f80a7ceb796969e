package manifests_test

import (
	"strings"
	"testing"
)

// online is what Helm knows of a cluster that it talks to.
const online = "--api-versions=apps/v1/Deployment"

func TestChartRefusesBadInput(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		values string
		args   []string
		want   []string // words of the message
	}{
		"a value of another type":        {values: "webhook: {replicas: two}", want: []string{"/webhook/replicas", "got string, want integer"}},
		"an unknown value":               {values: "webhook: {replica: 2}", want: []string{"/webhook", "'replica' not allowed"}},
		"an unknown value at the top":    {values: "webhooks: {}", want: []string{"'webhooks' not allowed"}},
		"no replica of the webhook":      {values: "webhook: {replicas: 0}", want: []string{"/webhook/replicas", "minimum"}},
		"a failure policy that is none":  {values: "admission: {failurePolicy: fail}", want: []string{"/admission/failurePolicy", "'Fail', 'Ignore'"}},
		"a name that is too long":        {values: "webhook: {priorityClass: {name: " + strings.Repeat("a", 254) + "}}", want: []string{"/webhook/priorityClass/name", "maxLength: got 254, want 253"}},
		"a namespace that is too long":   {values: "admission: {excludedNamespaces: [" + strings.Repeat("a", 64) + "]}", want: []string{"/admission/excludedNamespaces/0", "maxLength"}},
		"an argument that is no flag":    {values: "updater: {args: [workers=2]}", want: []string{"/updater/args/0", "workers=2"}},
		"a port that is no CIDR":         {values: "networkPolicy: {enabled: true, controlPlane: [10.0.0.1]}", want: []string{"/networkPolicy/controlPlane/0", "10.0.0.1"}},
		"the namespace kube-system":      {args: []string{"--namespace=kube-system"}, want: []string{`namespace "kube-system"`, "of its own"}},
		"a cluster that is too old":      {args: []string{"--kube-version=1.29.9"}, want: []string{"requires kubeVersion: >=1.30.0-0", "v1.29.9"}},
		"no cert-manager":                {args: []string{online}, want: []string{"no cert-manager.io/v1", "install it first"}},
		"no Prometheus Operator":         {values: "monitoring: {rules: true}", args: []string{online, "--api-versions=cert-manager.io/v1"}, want: []string{"no monitoring.coreos.com/v1"}},
		"both kinds of certificates":     {values: "certificates: {caBundle: x}", want: []string{"certificates.caBundle", "one of the two"}},
		"certificates without a CA":      {values: "certificates: {source: files}", want: []string{"certificates.caBundle is empty"}},
		"a CA that is no PEM":            {values: "certificates: {source: files, caBundle: LS0tLS1CRUdJTg==}", want: []string{"certificates.caBundle is no PEM"}},
		"settings and a ConfigMap":       {values: "push: {enabled: true, existingConfigMap: mine, settings: {senders: []}}", want: []string{`push.existingConfigMap is "mine"`, "one of the two"}},
		"settings that are not on":       {values: "notifications: {settings: {channels: []}}", want: []string{"notifications.enabled is false"}},
		"no settings where they are on":  {values: "registries: {enabled: true}", want: []string{"registries.settings is empty", "docs/registries-config.md"}},
		"a NetworkPolicy for nobody":     {values: "networkPolicy: {enabled: true}", want: []string{"networkPolicy.controlPlane is empty"}},
		"a page without a name":          {values: "page: {enabled: true, args: [--client-ca-file=/x]}", want: []string{"page.hosts is empty"}},
		"a page that nobody can enter":   {values: "page: {enabled: true, hosts: [a.example.com]}", want: []string{"page.args is empty", "nobody could sign in"}},
		"a page that is not on":          {values: "page: {hosts: [a.example.com]}", want: []string{"page.enabled is false"}},
		"a page for all administrators":  {values: "page: {people: {groups: [system:masters]}}", want: []string{"/page/people/groups/0", "not"}},
		"client names without a CA":      {values: "clientCA: {names: [api]}", want: []string{"clientCA.configMap"}},
		"pull secrets of some and all":   {values: "pullSecrets: {namespaces: [shop]}", want: []string{"pullSecrets.clusterWide is true"}},
		"shards for one replica":         {values: "updater: {shards: 4, replicas: 1}", want: []string{"updater.shards is 4", "updater.replicas is 1"}},
		"more shards than there may be":  {values: "updater: {shards: 33}", want: []string{"/updater/shards", "maximum"}},
		"a custom kind without resource": {values: "customKinds: [{group: a.b, version: v1, kind: C}]", want: []string{"/customKinds/0", "'resource'"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"template", "garboard", chart, "--namespace=garboard", "--values=-"}, tt.args...)
			_, stderr, err := helm(t.Context(), tt.values, args...)
			if err == nil {
				t.Fatal("the chart takes it")
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("%q is not in the message:\n%s", want, stderr)
				}
			}
		})
	}
}

// What the cluster has is asked of a cluster alone: whoever renders for a Git repository
// has none.
func TestChartIsRenderedWithoutACluster(t *testing.T) {
	template(t, monitoringValues)
	template(t, monitoringValues, online, "--api-versions=cert-manager.io/v1", "--api-versions=monitoring.coreos.com/v1")
}

func TestChartNeedsKubernetesOf130(t *testing.T) {
	template(t, "", "--kube-version=1.30.0")
	template(t, "", "--kube-version=v1.31.4-gke.100") // as clouds number theirs
}

func TestChartPassesHelmsLint(t *testing.T) {
	if out, stderr, err := helm(t.Context(), "", "lint", "--strict", chart); err != nil {
		t.Errorf("%v\n%s%s", err, out, stderr)
	}
}
