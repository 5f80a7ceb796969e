package receiver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/updater/receiver/config"
)

const (
	digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	oci    = "application/vnd.oci.image.manifest.v1+json"
)

// bodies are the payloads of each sender, with TAG for the tag of team/app.
var bodies = map[string]struct {
	kind           config.SenderKind
	header         http.Header
	registry, body string
	// repository is what they are about.
	repository string
}{
	"a pipeline":                      {config.Native, nil, "", `{"name": "r.corp/team/app", "tag": "TAG"}`, "r.corp/team/app"},
	"a pipeline, the tag in the name": {config.Native, nil, "", `{"name": "r.corp:5000/team/app:TAG"}`, "r.corp:5000/team/app"},
	"Docker Hub":                      {config.DockerHub, nil, "", `{"push_data": {"tag": "TAG"}, "repository": {"repo_name": "team/app"}}`, "docker.io/team/app"},
	"Quay":                            {config.Quay, nil, "", `{"docker_url": "quay.io/team/app", "updated_tags": ["TAG"]}`, "quay.io/team/app"},
	"Azure":                           {config.Azure, nil, "", `{"action": "push", "target": {"repository": "team/app", "tag": "TAG"}, "request": {"host": "r.azurecr.io"}}`, "r.azurecr.io/team/app"},
	"GitHub, by URL": {config.GitHub, headers("X-Github-Event", "package"), "",
		`{"action": "published", "package": {"package_type": "CONTAINER", "package_version": {"package_url": "ghcr.io/team/app:TAG"}}}`, "ghcr.io/team/app"},
	"GitHub, by name": {config.GitHub, headers("X-Github-Event", "package"), "",
		`{"action": "published", "package": {"package_type": "CONTAINER", "name": "app", "namespace": "team",
		  "package_version": {"container_metadata": {"tag": {"name": "TAG"}}}}}`, "ghcr.io/team/app"},
	"Harbor": {config.Harbor, nil, "", `{"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"tag": "TAG", "resource_url": "h.corp/team/app:TAG"}]}}`, "h.corp/team/app"},
	"Harbor, with a scheme and by another name": {config.Harbor, nil, "cache.corp/hub",
		`{"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"resource_url": "https://h.corp/team/app:TAG"}]}}`, "cache.corp/hub/team/app"},
	"Harbor, without a URL": {config.Harbor, nil, "h.corp",
		`{"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"tag": "TAG"}], "repository": {"repo_full_name": "team/app"}}}`, "h.corp/team/app"},
	"Harbor's CloudEvents": {config.CloudEvents, headers("Content-Type", "application/cloudevents+json"), "",
		`{"specversion": "1.0", "type": "harbor.artifact.pushed", "data": {"resources": [{"resource_url": "h.corp/team/app:TAG"}]}}`, "h.corp/team/app"},
	"JFrog": {config.JFrog, nil, "r.corp", `{"domain": "docker", "event_type": "pushed", "data": {"image_name": "team/app", "tag": "TAG"}}`, "r.corp/team/app"},
	"Nexus": {config.Nexus, nil, "n.corp", `{"action": "UPDATED", "component": {"format": "docker", "name": "team/app", "version": "TAG"}}`, "n.corp/team/app"},
	"a registry": {config.Registry, nil, "",
		`{"events": [{"action": "push", "target": {"mediaType": "` + oci + `", "repository": "team/app", "tag": "TAG"}, "request": {"host": "r.corp:5000"}}]}`, "r.corp:5000/team/app"},
	"GitLab": {config.GitLab, nil, "r.corp",
		`{"events": [{"action": "push", "target": {"mediaType": "` + oci + `", "repository": "team/app", "tag": "TAG"}}]}`, "r.corp/team/app"},
	"EventBridge": {config.ECR, nil, "", `{"detail-type": "ECR Image Action", "account": "1", "region": "eu-west-1",
		"detail": {"action-type": "PUSH", "result": "SUCCESS", "repository-name": "team/app", "image-tag": "TAG"}}`, "1.dkr.ecr.eu-west-1.amazonaws.com/team/app"},
	"EventBridge, of a replication": {config.ECR, nil, "", `{"detail-type": "ECR Replication Action", "account": "1", "region": "eu-west-1",
		"detail": {"action-type": "REPLICATE", "result": "SUCCESS", "repository-name": "team/app", "image-tag": "TAG"}}`, "1.dkr.ecr.eu-west-1.amazonaws.com/team/app"},
	"Artifact Registry":  {config.GAR, nil, "", `{"action": "INSERT", "tag": "europe-docker.pkg.dev/p/team/app:TAG"}`, "europe-docker.pkg.dev/p/team/app"},
	"Container Registry": {config.GCR, nil, "", `{"action": "INSERT", "digest": "gcr.io/team/app@TAG"}`, "gcr.io/team/app"},
	"Gitea": {config.Gitea, nil, "", `{"action": "created", "package": {"type": "container", "name": "app", "version": "TAG", "owner": {"login": "Team"},
		"html_url": "https://git.corp/Team/-/packages/container/app/1"}}`, "git.corp/team/app"},
	"Forgejo": {config.Forgejo, nil, "", `{"action": "created", "package": {"type": "container", "name": "app", "version": "TAG", "owner": {"login": "Team"},
		"html_url": "https://git.corp/Team/-/packages/container/app/1"}}`, "git.corp/team/app"},
	"zot": {config.CloudEvents, headers("Ce-Type", "zotregistry.image.updated"), "z.corp", `{"name": "team/app", "reference": "TAG"}`, "z.corp/team/app"},
}

// What a sender has in place of a tag must not cost the news that its repository
// changed: Harbor's resource_url ends in a colon for an image without a tag, and was
// refused as no reference.
func TestWhatIsNoTagCostsNoPush(t *testing.T) {
	kinds := map[config.SenderKind]bool{}
	for name, b := range bodies {
		kinds[b.kind] = true
		for what, tag := range map[string]string{
			"a tag": `"1.2.3"`, "an empty tag": `""`, "a digest for a tag": `"` + digest + `"`, "half a digest": `"sha256:e3b0"`,
			"a tag that is too long": `"` + strings.Repeat("1", 129) + `"`, "a tag with blanks": `"1 2"`,
			"a number for a tag": "12", "null for a tag": "null",
		} {
			t.Run(name+" tells of "+what, func(t *testing.T) {
				s := open(b.kind)
				s.Registry = b.registry
				w := newWorld(t, s)
				body := strings.NewReplacer(`"TAG"`, tag, "TAG", strings.Trim(tag, `"`)).Replace(b.body)
				if !json.Valid([]byte(body)) {
					t.Fatalf("the body is no JSON: %s", body)
				}
				if got, text := w.post(string(b.kind), b.header, []byte(body)); got != http.StatusAccepted {
					t.Errorf("answer %d %q, want %d", got, text, http.StatusAccepted)
				}
				if diff := cmp.Diff(told([]string{b.repository}), w.sink.pushes); diff != "" {
					t.Errorf("pushes (-want +got):\n%s", diff)
				}
			})
		}
	}
	for _, kind := range config.Kinds() {
		if !kinds[kind] {
			t.Errorf("no payload of %s is tried", kind)
		}
	}
}

// A notification may tell of several images, and of what is not there to be read.
func TestSeveralImagesOfOneNotification(t *testing.T) {
	for name, tt := range map[string]struct {
		kind     config.SenderKind
		registry string
		body     string
		want     []string
	}{
		"Harbor, a tag and what it is made of": {config.Harbor, "", `{"type": "PUSH_ARTIFACT", "event_data": {"resources": [
			{"resource_url": "h.corp/team/app@` + digest + `"}, {"resource_url": "h.corp/team/app:"}, {"resource_url": "h.corp/team/app:1.2.3"}, {"resource_url": "h.corp/team/app:"}]}}`,
			[]string{"h.corp/team/app"}},
		"Harbor, one that names nothing": {config.Harbor, "", `{"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"tag": "1.0.0"}, {"resource_url": "h.corp/team/app:1.2.3"}]}}`,
			[]string{"h.corp/team/app"}},
		"Harbor, one that is no image": {config.Harbor, "", `{"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"resource_url": "h.corp/"}, {"resource_url": "h.corp/team/app:1.2.3"}]}}`,
			[]string{"h.corp/team/app"}},
		"Harbor, a replication": {config.Harbor, "", `{"type": "REPLICATION", "event_data": {"replication": {"job_status": "Success",
			"dest_resource": {"endpoint": "https://h.corp", "namespace": "team"}, "successful_artifact": [{"type": "image", "status": "Success", "name_tag": "app [1 item(s) in total]"}]}}}`, nil},
		"Harbor, a retention": {config.Harbor, "", `{"type": "TAG_RETENTION", "event_data": {"retention": {"total": 1, "status": "SUCCESS"}}}`, nil},
		"Quay, several tags":  {config.Quay, "", `{"docker_url": "quay.io/team/app", "updated_tags": ["1.2.3", "1.2", ""]}`, []string{"quay.io/team/app"}},
		"a registry, two repositories and a mount": {config.Registry, "r.corp", `{"events": [
			{"action": "push", "target": {"mediaType": "` + oci + `", "repository": "team/app", "tag": "1.2.3"}},
			{"action": "mount", "target": {"mediaType": "` + oci + `", "repository": "team/third", "tag": "1.2.3"}},
			{"action": "push", "target": {"mediaType": "` + oci + `", "repository": "team/other"}}]}`, []string{"r.corp/team/app", "r.corp/team/other"}},
		"EventBridge, a replication that failed": {config.ECR, "", `{"detail-type": "ECR Replication Action", "account": "1", "region": "eu-west-1",
			"detail": {"action-type": "REPLICATE", "result": "FAILURE", "repository-name": "team/app"}}`, nil},
		"EventBridge, a scan":                    {config.ECR, "", `{"detail-type": "ECR Image Scan", "account": "1", "region": "eu-west-1", "detail": {"repository-name": "team/app"}}`, nil},
		"Pub/Sub, a message of attributes alone": {config.GAR, "", `{"message": {"attributes": {"key": "value"}, "messageId": "1", "data": ""}, "subscription": "s"}`, nil},
		"EventBridge, what a pull fetched": {config.ECR, "", `{"detail-type": "ECR Pull Through Cache Action", "account": "1", "region": "eu-west-1",
			"detail": {"rule-version": "1", "sync-status": "SUCCESS", "ecr-repository-prefix": "hub", "repository-name": "hub/team/app", "image-tag": "1.2.3"}}`,
			[]string{"1.dkr.ecr.eu-west-1.amazonaws.com/hub/team/app"}},
		"EventBridge, what a pull could not fetch": {config.ECR, "", `{"detail-type": "ECR Pull Through Cache Action", "account": "1", "region": "eu-west-1",
			"detail": {"sync-status": "FAILED", "repository-name": "hub/team/app", "failure-code": "SECRET_CANNOT_BE_RETRIEVED"}}`, nil},
		// The example of Artifactory's own documentation, and of Keel's.
		"JFrog, what a pull fetched": {config.JFrog, "", `{"domain": "docker", "event_type": "pushed", "jpd_origin": "https://a.jfrog.io",
			"data": {"repo_key": "docker-remote-cache", "image_name": "library/ubuntu", "tag": "latest"}}`,
			[]string{"a.jfrog.io/docker-remote-cache/library/ubuntu", "a.jfrog.io/docker-remote/library/ubuntu"}},
		"JFrog, what a pull fetched, by another name": {config.JFrog, "docker.corp", `{"domain": "docker", "event_type": "pushed", "jpd_origin": "https://a.jfrog.io",
			"data": {"repo_key": "docker-remote-cache", "image_name": "library/ubuntu", "tag": "latest"}}`,
			[]string{"docker.corp/library/ubuntu"}},
		// Of Keel's tests: https://github.com/keel-hq/keel/blob/master/pkg/http/harbor_webhook_trigger_test.go
		"Harbor, a URL without a host": {config.Harbor, "", `{"type": "pushImage", "event_data": {"resources": [{"resource_url": "team/app"}]}}`,
			[]string{"docker.io/team/app"}},
		"Harbor, a URL without a host, by another name": {config.Harbor, "h.corp", `{"type": "pushImage", "event_data": {"resources": [{"resource_url": "team/app:1.2.3"}]}}`,
			[]string{"h.corp/team/app"}},
		// The older shape, with the repository in the path.
		"GitHub, a package of a repository": {config.GitHub, "", `{"action": "published", "registry_package": {"name": "server", "package_type": "docker",
			"owner": {"login": "Team"}, "package_version": {"version": "1.2.3"}, "registry": {"type": "docker", "url": "https://docker.pkg.github.com/Team/App"}}}`,
			[]string{"docker.pkg.github.com/team/app/server"}},
		"GitHub, a package of an account": {config.GitHub, "", `{"action": "created", "package": {"name": "app", "ecosystem": "CONTAINER", "namespace": "Team",
			"registry": {"url": null}, "package_version": null}}`, []string{"ghcr.io/team/app"}},
		"GitHub, a nested name": {config.GitHub, "", `{"action": "updated", "package": {"name": "team/app", "package_type": "CONTAINER", "namespace": "Org",
			"package_version": {"package_url": "ghcr.io/Org/team/app:1.2.3"}}}`, []string{"ghcr.io/org/team/app"}},
		"a registry behind a proxy that hides its name": {config.Registry, "", `{"events": [{"action": "push",
			"target": {"mediaType": "` + oci + `", "repository": "team/app", "url": "https://r.corp/v2/team/app/manifests/` + digest + `"}, "request": {"host": ""}}]}`,
			[]string{"r.corp/team/app"}},
		"a registry, a tag of no known type": {config.Registry, "r.corp", `{"events": [{"action": "push", "target": {"repository": "team/app", "tag": "1.2.3"}},
			{"action": "push", "target": {"mediaType": "application/octet-stream", "repository": "team/other"}}]}`, []string{"r.corp/team/app"}},
		"zot, a structured event that is posted as JSON": {config.CloudEvents, "z.corp",
			`{"specversion": "1.0", "type": "zotregistry.image.updated", "data": {"name": "team/app", "reference": "1.2.3"}}`, []string{"z.corp/team/app"}},
		"JFrog, a promotion": {config.JFrog, "", `{"domain": "docker", "event_type": "promoted", "data": {"image_name": "team/app", "tag": "1.2.3"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(tt.kind)
			s.Registry = tt.registry
			w := newWorld(t, s)
			status := http.StatusAccepted
			if len(tt.want) == 0 {
				status = http.StatusOK
			}
			if got, text := w.post(string(tt.kind), nil, []byte(tt.body)); got != status {
				t.Errorf("answer %d %q, want %d", got, text, status)
			}
			if diff := cmp.Diff(told(tt.want), w.sink.pushes); diff != "" {
				t.Errorf("pushes (-want +got):\n%s", diff)
			}
		})
	}
}
