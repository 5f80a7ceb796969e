#!/usr/bin/env bash
# The Link to the next page of a list of tags, written in ways that RFC 8288 allows: which tags there are
# depends on the library (go-containerregistry v0.22.1; oras-go v2.7.0 for oras and Helm; regclient
# v0.11.7; go.podman.io/image v5.42.1 for skopeo and podman).
#
# regclient takes the first page for all where "next" is not in lower case, or stands beside another
# relation. The others do not look at the relation and take the first link that there is: behind a link
# to the last page all between is lost. go.podman.io/image makes no address of a link that is relative
# to the list, and the others follow it. Where a registry behind a proxy writes its own host into the
# link, go.podman.io/image keeps to the one that it knows, and the others fail. A list that is too short
# is no error to any of them, and it is the newest tags that are missing.
#
# Seen: the table below. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	github.com/google/go-containerregistry v0.22.1
	github.com/regclient/regclient v0.11.7
	go.podman.io/image/v5 v5.42.1
	oras.land/oras-go/v2 v2.7.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/types/ref"
	podman "go.podman.io/image/v5/docker"
	podmantypes "go.podman.io/image/v5/types"
	orasremote "oras.land/oras-go/v2/registry/remote"
)

var (
	ctx   = context.Background()
	pages = map[string]string{"": `"1.0", "1.1"`, "1.1": `"1.2", "1.3"`, "1.3": `"1.4"`}
	next  = map[string]string{"": "1.1", "1.1": "1.3"}
)

func main() {
	for _, link := range []string{
		`</v2/app/tags/list?n=2&last=%s>; rel="next"`,
		`<list?n=2&last=%s>; rel="next"`,
		`<?n=2&last=%s>; rel="next"`,
		`</v2/app/tags/list?n=2&last=%s>; rel="Next"`,
		`</v2/app/tags/list?n=2&last=%s>; rel="next prefetch"`,
		`</v2/app/tags/list?n=2&last=1.3>; rel="last", </v2/app/tags/list?n=2&last=%s>; rel="next"`,
		`<http://registry.invalid/v2/app/tags/list?n=2&last=%s>; rel="next"`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			last := r.URL.Query().Get("last")
			switch {
			case r.URL.Path == "/v2/":
				return
			case r.URL.Path != "/v2/app/tags/list":
				http.NotFound(w, r)
				return
			case next[last] != "":
				w.Header().Set("Link", strings.ReplaceAll(link, "%s", next[last]))
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"name": "app", "tags": [%s]}`, pages[last])
		}))
		fmt.Println(link)
		host := strings.TrimPrefix(server.URL, "http://")
		tell("go-containerregistry", byRegistry, host)
		tell("oras-go", byOras, host)
		tell("regclient", byRegclient, host)
		tell("go.podman.io/image", byPodman, host)
		server.Close()
	}
}

func byRegistry(host string) ([]string, error) {
	repository, err := name.NewRepository(host + "/app")
	check(err)
	return remote.List(repository)
}

func byOras(host string) ([]string, error) {
	repository, err := orasremote.NewRepository(host + "/app")
	check(err)
	repository.PlainHTTP = true
	var all []string
	err = repository.Tags(ctx, "", func(tags []string) error {
		all = append(all, tags...)
		return nil
	})
	return all, err
}

func byRegclient(host string) ([]string, error) {
	reference, err := ref.New(host + "/app")
	check(err)
	client := regclient.New(regclient.WithConfigHost(config.Host{Name: host, TLS: config.TLSDisabled}), regclient.WithRetryLimit(1))
	list, err := client.TagList(ctx, reference)
	if err != nil {
		return nil, err
	}
	return list.GetTags()
}

func byPodman(host string) ([]string, error) {
	reference, err := podman.ParseReference("//" + host + "/app:1.0")
	check(err)
	return podman.GetRepositoryTags(ctx, &podmantypes.SystemContext{DockerInsecureSkipTLSVerify: podmantypes.OptionalBoolTrue}, reference)
}

func tell(who string, list func(host string) ([]string, error), host string) {
	tags, err := list(host)
	told := strings.Join(tags, " ")
	if err != nil {
		told = "error"
	}
	fmt.Printf("  %s: %s\n", who, told)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run -tags containers_image_openpgp . | tee seen
diff seen - <<'EOF'
</v2/app/tags/list?n=2&last=%s>; rel="next"
  go-containerregistry: 1.0 1.1 1.2 1.3 1.4
  oras-go: 1.0 1.1 1.2 1.3 1.4
  regclient: 1.0 1.1 1.2 1.3 1.4
  go.podman.io/image: 1.0 1.1 1.2 1.3 1.4
<list?n=2&last=%s>; rel="next"
  go-containerregistry: 1.0 1.1 1.2 1.3 1.4
  oras-go: 1.0 1.1 1.2 1.3 1.4
  regclient: 1.0 1.1 1.2 1.3 1.4
  go.podman.io/image: error
<?n=2&last=%s>; rel="next"
  go-containerregistry: 1.0 1.1 1.2 1.3 1.4
  oras-go: 1.0 1.1 1.2 1.3 1.4
  regclient: 1.0 1.1 1.2 1.3 1.4
  go.podman.io/image: error
</v2/app/tags/list?n=2&last=%s>; rel="Next"
  go-containerregistry: 1.0 1.1 1.2 1.3 1.4
  oras-go: 1.0 1.1 1.2 1.3 1.4
  regclient: 1.0 1.1
  go.podman.io/image: 1.0 1.1 1.2 1.3 1.4
</v2/app/tags/list?n=2&last=%s>; rel="next prefetch"
  go-containerregistry: 1.0 1.1 1.2 1.3 1.4
  oras-go: 1.0 1.1 1.2 1.3 1.4
  regclient: 1.0 1.1
  go.podman.io/image: 1.0 1.1 1.2 1.3 1.4
</v2/app/tags/list?n=2&last=1.3>; rel="last", </v2/app/tags/list?n=2&last=%s>; rel="next"
  go-containerregistry: 1.0 1.1 1.4
  oras-go: 1.0 1.1 1.4
  regclient: 1.0 1.1 1.2 1.3 1.4
  go.podman.io/image: 1.0 1.1 1.4
<http://registry.invalid/v2/app/tags/list?n=2&last=%s>; rel="next"
  go-containerregistry: error
  oras-go: error
  regclient: error
  go.podman.io/image: 1.0 1.1 1.2 1.3 1.4
EOF
