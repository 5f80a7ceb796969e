#!/usr/bin/env bash
# Helm v4.3.1 finds other versions of a chart in a registry (oci://) than in a repository with an
# index, where both hold the same charts.
#
# In a registry a tag with a leading v is no version: of 1.1.0, v1.2.3 and v1.3.0 a range, or no
# version at all, takes 1.1.0, and is an error where no other tag is. Charts like cert-manager's have
# a v in all of them. And what can be read as one version is no range there: "1.2" asks for the tag
# 1.2, and 1.2.3 for the tag without a v; in a repository the first is the highest 1.2.x, and the
# second finds v1.2.3. So "version: 1.2" of a dependency breaks when its repository becomes oci://.
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
	helm.sh/helm/v4 v4.3.1
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	images "github.com/google/go-containerregistry/pkg/registry"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/registry"
	"helm.sh/helm/v4/pkg/repo/v1"
)

func main() {
	server := httptest.NewServer(images.New(images.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	charts := strings.TrimPrefix(server.URL, "http://") + "/charts/web"
	client, err := registry.NewClient(registry.ClientOptPlainHTTP(), registry.ClientOptWriter(io.Discard))
	check(err)
	index := repo.NewIndexFile()
	for _, version := range []string{"1.1.0", "v1.2.3", "v1.3.0"} {
		web := &chart.Chart{Metadata: &chart.Metadata{APIVersion: "v2", Name: "web", Version: version}}
		check(web.Validate())
		file, err := util.Save(web, ".")
		check(err)
		data, err := os.ReadFile(file)
		check(err)
		check(index.MustAdd(web.Metadata, filepath.Base(file), "https://charts.example.com", "sha256:0"))
		_, err = client.Push(data, charts+":"+version)
		check(err)
	}
	index.SortEntries()
	for _, wanted := range []string{"", "^1.0.0", "^1.2.0", "1.2", "1.2.3", "v1.2.3"} {
		fmt.Printf("version %q\n", wanted)
		if found, err := index.Get("web", wanted); err != nil {
			fmt.Println("  repository: none")
		} else {
			fmt.Println("  repository:", found.Version)
		}
		fmt.Println("  registry:", fromRegistry(client, charts, wanted))
	}
}

func fromRegistry(client *registry.Client, charts, wanted string) string {
	at, err := url.Parse("oci://" + charts)
	check(err)
	_, at, err = client.ValidateReference(at.String(), wanted, at)
	if err != nil {
		return "none"
	}
	_, tag, _ := strings.Cut(at.Path, ":")
	pulled, err := client.Pull(charts + ":" + tag)
	if err != nil {
		return "none, no tag " + tag
	}
	return pulled.Chart.Meta.Version
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
version ""
  repository: v1.3.0
  registry: 1.1.0
version "^1.0.0"
  repository: v1.3.0
  registry: 1.1.0
version "^1.2.0"
  repository: v1.3.0
  registry: none
version "1.2"
  repository: v1.2.3
  registry: none, no tag 1.2
version "1.2.3"
  repository: v1.2.3
  registry: none, no tag 1.2.3
version "v1.2.3"
  repository: v1.2.3
  registry: v1.2.3
EOF
