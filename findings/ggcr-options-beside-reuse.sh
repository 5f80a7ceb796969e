#!/usr/bin/env bash
# go-containerregistry v0.22.1: credentials and user agent that are given beside
# remote.Reuse are not used, and no error says so.
#
# A Puller keeps the options that it was made with. A later call with Reuse(puller) takes a
# context from its own options, but asks the registry as the Puller's user: a tool that
# shares one Puller to save connections, and names the user at each call, reads every
# repository as whoever came first.
#
# Seen: bob's call arrives as ann's. The script fails if that changes.
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
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	var users []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, signedIn := r.BasicAuth()
		if !signedIn {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		users = append(users, user)
		fmt.Fprint(w, `{"name":"app","tags":[]}`)
	}))
	defer server.Close()
	repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/app")
	must(err)
	puller, err := remote.NewPuller(as("ann"))
	must(err)
	_, err = remote.List(repository, as("ann"), remote.Reuse(puller))
	must(err)
	_, err = remote.List(repository, as("bob"), remote.Reuse(puller))
	must(err)
	fmt.Println("the registry was asked by", users)
}

func as(user string) remote.Option {
	return remote.WithAuth(&authn.Basic{Username: user, Password: "secret"})
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
the registry was asked by [ann ann]
EOF
