#!/usr/bin/env bash
# A config.json of Docker with a credential helper and something beside it: which credential is sent depends
# on the tool (docker/cli v29.7.2, go-containerregistry v0.22.1 for crane, oras-go v2.7.0 for oras and
# Helm, regclient v0.11.7, go.podman.io/image v5.42.1 for skopeo, podman and CRI-O).
#
# credsStore, which Docker Desktop writes, counts for nothing to skopeo: it takes the entry of "auths",
# or is anonymous where docker is signed in. Where a registry's helper has nothing, regctl alone takes
# what "auths" has, and so it does where the helper is not installed and the others fail. A helper that
# has nothing keeps docker and oras from asking credsStore, and not crane and regctl. An empty helper,
# by which docker turns credsStore off for a registry, is passed over by the others, and skopeo tries
# to run it.
#
# Seen: the table below: whose credential is found. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	github.com/docker/cli v29.7.2+incompatible
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
	"os"
	"path/filepath"

	dockerconfig "github.com/docker/cli/cli/config"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	regclient "github.com/regclient/regclient/config"
	"go.podman.io/image/v5/pkg/docker/config"
	"go.podman.io/image/v5/types"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

const host = "registry.example.com"

var path = filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json")

func main() {
	const auths = `"auths": {"registry.example.com": {"auth": "YXV0aHM6cGFzc3dvcmQ="}}`
	for _, text := range []string{
		`{"credsStore": "some", ` + auths + `}`,
		`{"credsStore": "none", ` + auths + `}`,
		`{"credHelpers": {"registry.example.com": "none"}, ` + auths + `}`,
		`{"credHelpers": {"registry.example.com": "absent"}, ` + auths + `}`,
		`{"credHelpers": {"registry.example.com": "none"}, "credsStore": "some"}`,
		`{"credHelpers": {"registry.example.com": ""}, "credsStore": "some", ` + auths + `}`,
	} {
		fmt.Println(text)
		check(os.WriteFile(path, []byte(text), 0o600))
		tell("docker", byDocker)
		tell("crane", byCrane)
		tell("oras", byOras)
		tell("regctl", byRegctl)
		tell("skopeo", bySkopeo)
	}
}

func byDocker() (string, error) {
	file, err := dockerconfig.Load(filepath.Dir(path))
	check(err)
	found, err := file.GetAuthConfig(host)
	return found.Username, err
}

func byCrane() (string, error) {
	repository, err := name.NewRepository(host + "/app")
	check(err)
	authenticator, err := authn.DefaultKeychain.Resolve(repository)
	if err != nil {
		return "", err
	}
	found, err := authenticator.Authorization()
	check(err)
	return found.Username, nil
}

func byOras() (string, error) {
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	check(err)
	found, err := credentials.Credential(store)(context.Background(), host)
	return found.Username, err
}

func byRegctl() (string, error) {
	hosts, err := regclient.DockerLoad()
	check(err)
	merged := regclient.HostNewName(host) // as regclient does with what it has loaded
	for _, loaded := range hosts {
		if loaded.Name == host {
			check(merged.Merge(loaded, nil))
		}
	}
	found := merged.GetCred()
	return found.User, nil
}

func bySkopeo() (string, error) {
	found, err := config.GetCredentials(&types.SystemContext{AuthFilePath: path}, host)
	return found.Username, err
}

func tell(who string, find func() (string, error)) {
	user, err := find()
	switch {
	case err != nil:
		user = "error"
	case user == "":
		user = "anonymous"
	}
	fmt.Printf("  %s: %s\n", who, user)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
mkdir config helpers
cat >helpers/docker-credential-none <<'EOF'
#!/usr/bin/env bash
[ "$1" = list ] && echo '{}' && exit
read -r _
echo "credentials not found in native keychain"
exit 1
EOF
cat >helpers/docker-credential-some <<'EOF'
#!/usr/bin/env bash
[ "$1" = list ] && echo '{"registry.example.com": "helper"}' && exit
read -r _
echo '{"ServerURL": "registry.example.com", "Username": "helper", "Secret": "password"}'
EOF
chmod +x helpers/*
go mod tidy >/dev/null 2>&1
go build -o find .
PATH=$dir/helpers:$PATH DOCKER_CONFIG=$dir/config ./find | tee seen
diff seen - <<'EOF'
{"credsStore": "some", "auths": {"registry.example.com": {"auth": "YXV0aHM6cGFzc3dvcmQ="}}}
  docker: helper
  crane: helper
  oras: helper
  regctl: helper
  skopeo: auths
{"credsStore": "none", "auths": {"registry.example.com": {"auth": "YXV0aHM6cGFzc3dvcmQ="}}}
  docker: anonymous
  crane: anonymous
  oras: anonymous
  regctl: auths
  skopeo: auths
{"credHelpers": {"registry.example.com": "none"}, "auths": {"registry.example.com": {"auth": "YXV0aHM6cGFzc3dvcmQ="}}}
  docker: anonymous
  crane: anonymous
  oras: anonymous
  regctl: auths
  skopeo: anonymous
{"credHelpers": {"registry.example.com": "absent"}, "auths": {"registry.example.com": {"auth": "YXV0aHM6cGFzc3dvcmQ="}}}
  docker: error
  crane: error
  oras: error
  regctl: auths
  skopeo: error
{"credHelpers": {"registry.example.com": "none"}, "credsStore": "some"}
  docker: anonymous
  crane: helper
  oras: anonymous
  regctl: helper
  skopeo: anonymous
{"credHelpers": {"registry.example.com": ""}, "credsStore": "some", "auths": {"registry.example.com": {"auth": "YXV0aHM6cGFzc3dvcmQ="}}}
  docker: auths
  crane: helper
  oras: helper
  regctl: helper
  skopeo: error
EOF
