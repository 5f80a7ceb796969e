package receiver_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// recorded is a payload of testdata and what is understood of it.
type recorded struct {
	kind     config.SenderKind
	file     string
	header   http.Header
	registry string
	want     []string // "repository tag"; none is a payload to ignore
}

func recordings() map[string]recorded {
	github := func(event string) http.Header { return headers("X-Github-Event", event) }
	structured := headers("Content-Type", "application/cloudevents+json; charset=utf-8")
	return map[string]recorded{
		"a pipeline tells of an image":                {kind: config.Native, file: "native.json", want: []string{"registry.corp:5000/team/app"}},
		"Docker Hub tells of a repository of its own": {kind: config.DockerHub, file: "dockerhub.json", want: []string{"docker.io/example/app"}},
		"Docker Hub is pulled by a mirror's name":     {kind: config.DockerHub, file: "dockerhub.json", registry: "harbor.corp/hub", want: []string{"harbor.corp/hub/example/app"}},
		"Quay tells of two tags":                      {kind: config.Quay, file: "quay.json", want: []string{"quay.io/example/app"}},
		"Quay tells of a build":                       {kind: config.Quay, file: "quay-build.json"},
		"Azure tells of a push":                       {kind: config.Azure, file: "azure.json", want: []string{"example.azurecr.io/team/app"}},
		"Azure tries the hook":                        {kind: config.Azure, file: "azure-ping.json"},
		"GitHub tells of a package, with the capitals of its owner": {
			kind: config.GitHub, file: "github-package.json", header: github("package"), want: []string{"ghcr.io/example-org/app"}},
		"GitHub tells of a manifest without a tag": {
			kind: config.GitHub, file: "github-registry-package.json", header: github("registry_package"), want: []string{"ghcr.io/example/app"}},
		"GitHub Enterprise Server is behind another name": {
			kind: config.GitHub, file: "github-package.json", header: github("package"), registry: "containers.git.corp",
			want: []string{"containers.git.corp/example-org/app"}},
		"an older GitHub Enterprise Server tells of a package": {
			kind: config.GitHub, file: "github-package.json", header: github("package_v2"), want: []string{"ghcr.io/example-org/app"}},
		"GitHub tries the hook":                       {kind: config.GitHub, file: "github-ping.json", header: github("ping")},
		"GitHub tells of a package that is no image":  {kind: config.GitHub, file: "github-npm.json", header: github("package")},
		"Harbor tells of a push":                      {kind: config.Harbor, file: "harbor.json", want: []string{"harbor.corp/team/app"}},
		"Harbor tells of a part of an image":          {kind: config.Harbor, file: "harbor-child.json", want: []string{"harbor.corp/team/app"}},
		"Harbor 1 tells of a push":                    {kind: config.Harbor, file: "harbor-1.json", want: []string{"harbor.corp/team/app"}},
		"Harbor sends CloudEvents":                    {kind: config.Harbor, file: "harbor-cloudevents.json", header: structured, want: []string{"harbor.corp/team/app"}},
		"Harbor sends CloudEvents to the common path": {kind: config.CloudEvents, file: "harbor-cloudevents.json", header: structured, registry: "harbor.corp", want: []string{"harbor.corp/team/app"}},
		"Harbor is pulled by another name":            {kind: config.Harbor, file: "harbor.json", registry: "cache.corp/hub", want: []string{"cache.corp/hub/team/app"}},
		"Harbor tells of a deletion":                  {kind: config.Harbor, file: "harbor-delete.json"},
		"JFrog tells of a push":                       {kind: config.JFrog, file: "jfrog.json", want: []string{"example.jfrog.io/docker-local/team/app"}},
		"JFrog is pulled by a virtual repository":     {kind: config.JFrog, file: "jfrog.json", registry: "docker.corp", want: []string{"docker.corp/team/app"}},
		"JFrog tells of a deletion":                   {kind: config.JFrog, file: "jfrog-deleted.json"},
		"Nexus tells of a component": {
			kind: config.Nexus, file: "nexus.json", registry: "nexus.corp:8082", header: headers("X-Nexus-Webhook-Id", "rm:repository:component"),
			want: []string{"nexus.corp:8082/team/app"}},
		"Nexus tells of a component by a path": {
			kind: config.Nexus, file: "nexus.json", registry: "nexus.corp/docker-hosted", want: []string{"nexus.corp/docker-hosted/team/app"}},
		"Nexus tells of a component that is no image": {
			kind: config.Nexus, file: "nexus-npm.json", registry: "nexus.corp", header: headers("X-Nexus-Webhook-Id", "rm:repository:component")},
		"Nexus tells of an asset": {
			kind: config.Nexus, file: "nexus-asset.json", registry: "nexus.corp", header: headers("X-Nexus-Webhook-Id", "rm:repository:asset")},
		"a registry tells of a layer, a manifest and an index": {
			kind: config.Registry, file: "registry.json", header: headers("Content-Type", "application/vnd.docker.distribution.events.v2+json"),
			want: []string{"registry.corp:5000/team/app"}},
		"a registry is pulled by another name":   {kind: config.Registry, file: "registry.json", registry: "registry.example", want: []string{"registry.example/team/app"}},
		"a registry tells of a layer and a pull": {kind: config.Registry, file: "registry-pull.json"},
		"GitLab's registry tells of a push":      {kind: config.GitLab, file: "registry.json", registry: "registry.gitlab.corp", want: []string{"registry.gitlab.corp/team/app"}},
		"EventBridge tells of a push":            {kind: config.ECR, file: "ecr.json", want: []string{"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app"}},
		"EventBridge tells of a push in China":   {kind: config.ECR, file: "ecr-china.json", want: []string{"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/app"}},
		"EventBridge tells of a deletion":        {kind: config.ECR, file: "ecr-delete.json"},
		"Pub/Sub wraps a push":                   {kind: config.GAR, file: "gar.json", want: []string{"europe-docker.pkg.dev/example/images/app"}},
		"Pub/Sub posts to the older path":        {kind: config.GCR, file: "gar.json", want: []string{"europe-docker.pkg.dev/example/images/app"}},
		"Pub/Sub unwraps a push by digest":       {kind: config.GAR, file: "gar-unwrapped.json", want: []string{"europe-docker.pkg.dev/example/images/app"}},
		"Pub/Sub tells of a deletion":            {kind: config.GAR, file: "gar-delete.json"},
		"Gitea tells of a package":               {kind: config.Gitea, file: "gitea.json", header: headers("X-Gitea-Event", "package"), want: []string{"git.corp/team/app"}},
		"Forgejo tells of a package":             {kind: config.Forgejo, file: "gitea.json", header: headers("X-Forgejo-Event", "package"), want: []string{"git.corp/team/app"}},
		"Gitea tells of a part of an image":      {kind: config.Gitea, file: "gitea-child.json", header: headers("X-Gitea-Event", "package"), want: []string{"git.corp/team/app"}},
		"Gitea's registry has another name":      {kind: config.Gitea, file: "gitea.json", header: headers("X-Gitea-Event", "package"), registry: "images.corp", want: []string{"images.corp/team/app"}},
		"Gitea tells of commits":                 {kind: config.Gitea, file: "gitea-push.json", header: headers("X-Gitea-Event", "push")},
		"zot tells of an image": {
			kind: config.CloudEvents, file: "zot.json", registry: "zot.corp", header: headers("Ce-Type", "zotregistry.image.updated", "Ce-Specversion", "1.0"),
			want: []string{"zot.corp/team/app"}},
		"zot has another prefix": {
			kind: config.CloudEvents, file: "zot.json", registry: "zot.corp", header: headers("Ce-Type", "corp.image.updated"), want: []string{"zot.corp/team/app"}},
		"zot tells of a deletion": {
			kind: config.CloudEvents, file: "zot.json", registry: "zot.corp", header: headers("Ce-Type", "zotregistry.image.deleted")},
		"zot sends structured events": {kind: config.CloudEvents, file: "zot-structured.json", registry: "zot.corp", header: structured, want: []string{"zot.corp/team/app"}},
		"zot sends a batch": {
			kind: config.CloudEvents, file: "zot-batch.json", registry: "zot.corp", header: headers("Content-Type", "application/cloudevents-batch+json"),
			want: []string{"zot.corp/team/app", "zot.corp/team/other"}},
	}
}

func TestPayloadsAreUnderstood(t *testing.T) {
	used := []string{"README.md"}
	for name, r := range recordings() {
		used = append(used, r.file)
		t.Run(name, func(t *testing.T) {
			s := open(r.kind)
			s.Registry = r.registry
			w := newWorld(t, s)
			want, status := told(r.want), http.StatusAccepted
			if len(r.want) == 0 {
				status = http.StatusOK
			}
			if got, text := w.post(string(r.kind), r.header, payload(t, r.file)); got != status {
				t.Errorf("answer %d %q, want %d", got, text, status)
			}
			if diff := cmp.Diff(want, w.sink.pushes); diff != "" {
				t.Errorf("pushes (-want +got):\n%s", diff)
			}
			// The same again tells the same again, which is only to read once more.
			if got, text := w.post(string(r.kind), r.header, payload(t, r.file)); got != status {
				t.Errorf("the replay's answer %d %q, want %d", got, text, status)
			}
			if diff := cmp.Diff(append(want, want...), w.sink.pushes); diff != "" {
				t.Errorf("pushes with the replay (-want +got):\n%s", diff)
			}
		})
	}
	files, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err == nil && !info.IsDir() && !slices.Contains(used, filepath.Base(file)) {
			t.Errorf("no test sends %s", file)
		}
	}
}

func told(repositories []string) []poll.Push {
	var pushes []poll.Push
	for _, repository := range repositories {
		pushes = append(pushes, poll.Push{Repository: repository, Received: start})
	}
	return pushes
}

func TestGarbageIsRefused(t *testing.T) {
	for _, kind := range config.Kinds() {
		for name, body := range map[string]string{
			"nothing": "", "no JSON": "{", "another JSON": `{"hello": "world"}`, "a list": `[1]`, "a string": `"app"`, "null": "null",
			"wrong types": `{"name": 1, "push_data": 2, "docker_url": 3, "action": 4, "type": 5, "events": 6, "domain": 7, "event_type": 7, "detail-type": 8, "package": 9}`,
		} {
			t.Run(string(kind)+" gets "+name, func(t *testing.T) {
				w := newWorld(t, open(kind))
				got, text := w.post(string(kind), headers("Ce-Type", "zotregistry.image.updated"), []byte(body))
				if got != http.StatusBadRequest || len(w.sink.pushes) > 0 {
					t.Errorf("answer %d %q with %d pushes, want %d and none", got, text, len(w.sink.pushes), http.StatusBadRequest)
				}
				if strings.Contains(text, "world") {
					t.Errorf("the answer repeats the payload: %q", text)
				}
			})
		}
	}
}

// A batch with a bad event in it must not be refused whole: the sender would send
// the good ones again and again.
func TestOneBadEventOfABatchIsPassedOver(t *testing.T) {
	const event = `{"action":"push","target":{"mediaType":"application/vnd.oci.image.manifest.v1+json","repository":%q,"tag":"1.0.0"},"request":{"host":"r.corp"}}`
	body := `{"events":[` + strings.Join([]string{
		`{"action":"push","target":{"mediaType":"application/vnd.oci.image.manifest.v1+json"},"request":{"host":"r.corp"}}`,
		strings.ReplaceAll(event, "%q", `"UPPER/CASE"`), strings.ReplaceAll(event, "%q", `"team/app"`),
	}, ",") + `]}`
	w := newWorld(t, open(config.Registry))
	if got, text := w.post("registry", nil, []byte(body)); got != http.StatusAccepted {
		t.Fatalf("answer %d %q", got, text)
	}
	if diff := cmp.Diff(told([]string{"r.corp/team/app"}), w.sink.pushes); diff != "" {
		t.Errorf("pushes (-want +got):\n%s", diff)
	}
}

func TestOneNotificationNamesABoundedNumberOfRepositories(t *testing.T) {
	var events []string
	for i := range 300 {
		events = append(events, fmt.Sprintf(
			`{"action":"push","target":{"mediaType":"application/vnd.oci.image.index.v1+json","repository":"team/app-%d","tag":"1"},"request":{"host":"r.corp"}}`, i))
	}
	w := newWorld(t, open(config.Registry))
	if got, text := w.post("registry", nil, []byte(`{"events":[`+strings.Join(events, ",")+`]}`)); got != http.StatusAccepted {
		t.Fatalf("answer %d %q", got, text)
	}
	if got := len(w.sink.pushes); got != 100 {
		t.Errorf("%d pushes, want 100", got)
	}
}
