package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// podSpec has an image in each of its places.
const podSpec = `
      initContainers: [{name: first, image: "%[1]s:1.2.0"}]
      containers: [{name: web, image: "%[1]s:1.2.0"}]
      volumes: [{name: data, image: {reference: "%[1]s:1.2.0"}}]
`

// kind is how a kind is written, and where its pod spec stands.
type kind struct{ resource, manifest, spec string }

func kinds(image string) map[string]kind {
	spec := fmt.Sprintf(podSpec, image)
	head := func(api, kind string) string {
		return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata:\n  name: it\n  annotations:\n    garboard.dev/policy: patch\n    %s\n", api, kind, quiet)
	}
	template := "  template:\n    metadata: {labels: {app: it}}\n    spec:" + spec
	selector := "  selector: {matchLabels: {app: it}}\n"
	never := "      restartPolicy: Never\n"
	return map[string]kind{
		"Deployment":            {"deployment", head("apps/v1", "Deployment") + "spec:\n" + selector + template, ".spec.template.spec"},
		"StatefulSet":           {"statefulset", head("apps/v1", "StatefulSet") + "spec:\n  serviceName: it\n" + selector + template, ".spec.template.spec"},
		"DaemonSet":             {"daemonset", head("apps/v1", "DaemonSet") + "spec:\n" + selector + template, ".spec.template.spec"},
		"ReplicaSet":            {"replicaset", head("apps/v1", "ReplicaSet") + "spec:\n" + selector + template, ".spec.template.spec"},
		"ReplicationController": {"replicationcontroller", head("v1", "ReplicationController") + "spec:\n  selector: {app: it}\n" + template, ".spec.template.spec"},
		"Job":                   {"job", head("batch/v1", "Job") + "spec:\n" + template + never, ".spec.template.spec"},
		"CronJob": {"cronjob", head("batch/v1", "CronJob") + "spec:\n  schedule: \"@yearly\"\n  jobTemplate:\n    spec:\n" +
			indent("    ", template+never), ".spec.jobTemplate.spec.template.spec"},
		"Pod": {"pod", head("v1", "Pod") + "spec:" + strings.ReplaceAll(spec, "\n      ", "\n  "), ".spec"},
	}
}

func indent(by, text string) string {
	return by + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+by) + "\n"
}

// Every kind is resolved in all of its images, and the same manifest again
// changes nothing: of a Job it would be refused otherwise.
func TestEveryKind(t *testing.T) {
	parallel(t)
	for name := range kinds("") {
		t.Run(name, func(t *testing.T) {
			s := newSpace(t)
			s.push("1.2.0", "1.2.7")
			k := kinds(s.image)[name]
			s.must(k.manifest, "apply", "-f", "-")
			images := fmt.Sprintf(`-o=jsonpath={%[1]s.initContainers[*].image} {%[1]s.containers[*].image} {%[1]s.volumes[?(@.name=="data")].image.reference}`, k.spec)
			want := strings.TrimSpace(strings.Repeat(s.image+":1.2.7 ", 3))
			if got, _ := s.must("", "get", k.resource, "it", images); got != want {
				t.Errorf("images %s, want %s", got, want)
			}
			s.must(k.manifest, "apply", "-f", "-")
			version := "-o=jsonpath={.metadata.generation} {.metadata.annotations.garboard\\.dev/state}"
			before, _ := s.must("", "get", k.resource, "it", version)
			s.push("1.2.6")
			s.must(k.manifest, "apply", "-f", "-")
			if after, _ := s.must("", "get", k.resource, "it", version); after != before {
				t.Errorf("applied again: generation and state %s, want %s", after, before)
			}
		})
	}
}

// What a controller owns is not ours: its ReplicaSets and Pods follow the
// template, and no call is made for them.
func TestOwnedObjectsAreNotAsked(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
	s.settled("web")
	s.push("1.2.8")
	asked := s.skipped()
	s.must("", "delete", "pod", "-l", "app=web")
	s.settled("web")
	if n := s.skipped() - asked; n > 0 {
		t.Errorf("%d calls for what is none of ours", n)
	}
	out, _ := s.must("", "get", "replicasets,pods", "-o=jsonpath={range .items[*]}{.kind} {.spec.template.spec.containers[*].image}{.spec.containers[*].image} {.metadata.annotations.garboard\\.dev/state}{\"\\n\"}{end}")
	for line := range strings.Lines(out) {
		if !strings.HasSuffix(strings.Fields(line)[1], ":1.2.7") {
			t.Error(line)
		}
	}
	wantNoConditionErrors(t)
}
