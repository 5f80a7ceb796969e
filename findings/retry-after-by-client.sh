#!/usr/bin/env bash
# A registry that says "429, Retry-After: 4": how long a list of tags waits depends on the library
# (go-containerregistry v0.22.1; oras-go v2.7.0 for oras and Helm; regclient v0.11.7; go.podman.io/image
# v5.42.1 for skopeo and podman).
#
# go-containerregistry asks again at its own pace whatever the header says, oras-go waits for three
# seconds at most, and the other two as long as they are asked to. Where the header is a date, which
# HTTP allows as well, go.podman.io/image alone obeys, and oras-go and regclient ask again within half
# a second. After a 503 with the header the first two ask again, and the other two give up at once. So
# what a registry asks for is no longer kept as soon as it is more than three seconds.
#
# Seen: the table below, for four and for eight seconds. The script fails if it changes.
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
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/types/ref"
	podman "go.podman.io/image/v5/docker"
	podmantypes "go.podman.io/image/v5/types"
	orasremote "oras.land/oras-go/v2/registry/remote"
)

var ctx = context.Background()

func main() {
	for _, c := range []struct {
		status int
		form   string
		after  func() string
	}{
		{http.StatusTooManyRequests, "4", func() string { return "4" }},
		{http.StatusTooManyRequests, "a date in 8 seconds", func() string { return time.Now().Add(8 * time.Second).UTC().Format(http.TimeFormat) }},
		{http.StatusServiceUnavailable, "4", func() string { return "4" }},
	} {
		fmt.Printf("%d, Retry-After: %s\n", c.status, c.form)
		for _, client := range []struct {
			name string
			list func(host string) error
		}{{"go-containerregistry", byRegistry}, {"oras-go", byOras}, {"regclient", byRegclient}, {"go.podman.io/image", byPodman}} {
			registry := &busy{status: c.status, after: c.after}
			server := httptest.NewServer(registry)
			err := client.list(strings.TrimPrefix(server.URL, "http://"))
			server.Close()
			fmt.Printf("  %s: %s\n", client.name, registry.verdict(err))
		}
	}
}

// busy is a registry that asks for patience once.
type busy struct {
	sync.Mutex
	status int
	after  func() string
	asked  []time.Time
}

func (b *busy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v2/" {
		return
	}
	b.Lock()
	defer b.Unlock()
	b.asked = append(b.asked, time.Now())
	if len(b.asked) == 1 {
		w.Header().Set("Retry-After", b.after())
		w.WriteHeader(b.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"name": "app", "tags": ["1.0"]}`)
}

func (b *busy) verdict(err error) string {
	switch {
	case err != nil && len(b.asked) == 1:
		return "gives up"
	case err != nil:
		return "fails"
	case b.asked[1].Sub(b.asked[0]) > 3800*time.Millisecond:
		return "waits as asked"
	}
	return "asks again sooner"
}

func byRegistry(host string) error {
	repository, err := name.NewRepository(host + "/app")
	check(err)
	_, err = remote.List(repository)
	return err
}

func byOras(host string) error {
	repository, err := orasremote.NewRepository(host + "/app")
	check(err)
	repository.PlainHTTP = true
	return repository.Tags(ctx, "", func([]string) error { return nil })
}

func byRegclient(host string) error {
	reference, err := ref.New(host + "/app")
	check(err)
	_, err = regclient.New(regclient.WithConfigHost(config.Host{Name: host, TLS: config.TLSDisabled})).TagList(ctx, reference)
	return err
}

func byPodman(host string) error {
	reference, err := podman.ParseReference("//" + host + "/app")
	check(err)
	_, err = podman.GetRepositoryTags(ctx, &podmantypes.SystemContext{DockerInsecureSkipTLSVerify: podmantypes.OptionalBoolTrue}, reference)
	return err
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . 2>/dev/null | tee seen
diff seen - <<'EOF'
429, Retry-After: 4
  go-containerregistry: asks again sooner
  oras-go: asks again sooner
  regclient: waits as asked
  go.podman.io/image: waits as asked
429, Retry-After: a date in 8 seconds
  go-containerregistry: asks again sooner
  oras-go: asks again sooner
  regclient: asks again sooner
  go.podman.io/image: waits as asked
503, Retry-After: 4
  go-containerregistry: asks again sooner
  oras-go: asks again sooner
  regclient: gives up
  go.podman.io/image: gives up
EOF
