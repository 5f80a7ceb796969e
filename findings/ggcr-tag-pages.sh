#!/usr/bin/env bash
# go-containerregistry v0.22.1, pages of tags: its in-process registry cuts a list without
# a Link, and its client takes the first link of the header for the next page.
#
# The distribution specification has a list that was cut for "n" tell its next page by a
# Link header. pkg/registry honours "n" and sends none, so that remote.List with a page size
# returns the first page as if it were all, without an error. The client reads the first
# target in the header whatever its "rel" is; RFC 8288 lets one header carry several links,
# and a list whose second page names the first page beside the next is read wrongly.
#
# Seen: 2 of 5 tags; and the tags of page one twice instead of page three.
# The script fails if that changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require github.com/google/go-containerregistry v0.22.1
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	inProcess := httptest.NewServer(registry.New(registry.Logger(log.New(new(strings.Builder), "", 0))))
	defer inProcess.Close()
	repository := of(inProcess)
	for i := range 5 {
		image, err := random.Image(8, 1)
		must(err)
		must(remote.Write(repository.Tag(fmt.Sprint("v", i)), image))
	}
	tags, err := remote.List(repository, remote.WithPageSize(2))
	fmt.Println("cut:", tags, err)

	visits := 0
	severalLinks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := r.URL.Query().Get("page")
		switch {
		case !strings.HasSuffix(r.URL.Path, "/tags/list"):
			return
		case page == "" && visits == 0:
			w.Header().Set("Link", `</v2/app/tags/list?page=two>; rel="next"`)
		case page == "two":
			w.Header().Set("Link", `</v2/app/tags/list>; rel="first", </v2/app/tags/list?page=three>; rel="next"`)
		}
		visits++
		fmt.Fprintf(w, `{"name":"app","tags":["page-%s"]}`, page)
	}))
	defer severalLinks.Close()
	tags, err = remote.List(of(severalLinks))
	fmt.Println("several links:", tags, err)
}

func of(server *httptest.Server) name.Repository {
	repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/app")
	must(err)
	return repository
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
cut: [v0 v1] <nil>
several links: [page- page-two page-] <nil>
EOF
