package registry

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// noDockerConfig leaves the test without the files and variables of whoever runs it.
func noDockerConfig(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{"DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"} {
		t.Setenv(name, "")
	}
	return home
}

// write puts a text into a file, and makes its folder.
func write(t *testing.T, text string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// auths is a file with an entry for each key; its password is the key.
func auths(t *testing.T, keys ...string) string {
	t.Helper()
	entries := map[string]any{}
	for _, key := range keys {
		entries[key] = map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte("user:" + key))}
	}
	text, err := json.Marshal(map[string]any{"auths": entries})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantKey asserts whose entry is used for a repository; "" is none.
func wantKey(t *testing.T, repository, key string) {
	t.Helper()
	got, err := DockerConfig().For(t.Context(), named(repository))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case key == "" && len(got) > 0:
		t.Fatalf("%s: got a credential, want none", repository)
	case key != "" && len(got) != 1:
		t.Fatalf("%s: got no credential, want that of %q", repository, key)
	case key != "" && got[0].ID() != auth.Basic("user", key).ID():
		t.Fatalf("%s: got another's credential, want that of %q", repository, key)
	}
}

// The entries of one host were tried in the order of a Go map, which differs from run
// to run: each look-up is made twenty times.
func TestLongestPathOfDockerConfigCounts(t *testing.T) {
	const host = "reg.example:5000"
	for name, tt := range map[string]struct {
		keys             []string
		repository, want string
	}{
		"two paths of a host":                  {[]string{host + "/a", host + "/b"}, host + "/a/app", host + "/a"},
		"two paths of a host, the other":       {[]string{host + "/a", host + "/b"}, host + "/b/app", host + "/b"},
		"none of the paths":                    {[]string{host + "/a", host + "/b"}, host + "/c/app", ""},
		"a path and its host":                  {[]string{host, host + "/a"}, host + "/a/app", host + "/a"},
		"the host of another path":             {[]string{host, host + "/a"}, host + "/c/app", host},
		"a longer path":                        {[]string{host, host + "/a", host + "/a/b"}, host + "/a/b/app", host + "/a/b"},
		"the repository itself":                {[]string{host + "/a", host + "/a/app"}, host + "/a/app", host + "/a/app"},
		"a path is whole names":                {[]string{host + "/a"}, host + "/ab/app", ""},
		"another port":                         {[]string{"reg.example"}, host + "/app", ""},
		"an old key with a scheme":             {[]string{"https://" + host + "/v1/", host + "/b"}, host + "/a/app", "https://" + host + "/v1/"},
		"a scheme and a path":                  {[]string{"https://" + host + "/a", "https://" + host + "/b/"}, host + "/b/app", "https://" + host + "/b/"},
		"two spellings: that which is written": {[]string{"https://" + host, host}, host + "/app", host},
		"two spellings: the first":             {[]string{"https://" + host, "http://" + host}, host + "/app", "http://" + host},
		"Docker Hub":                           {[]string{"https://index.docker.io/v1/", host}, "docker.io/library/nginx", "https://index.docker.io/v1/"},
		"Docker Hub as podman names it":        {[]string{"docker.io"}, "docker.io/library/nginx", "docker.io"},
		"a path of Docker Hub":                 {[]string{"https://index.docker.io/v1/", "docker.io/team"}, "docker.io/team/app", "docker.io/team"},
		"another path of Docker Hub":           {[]string{"docker.io/team", "docker.io/other"}, "docker.io/library/nginx", ""},
	} {
		for file, path := range map[string][]string{
			"docker":              {".docker", "config.json"},
			"podman":              {".config", "containers", "auth.json"},
			"named for podman":    {"auth.json"},
			"podman's of a login": {"run", "containers", "auth.json"},
		} {
			t.Run(name+", "+file, func(t *testing.T) {
				home := noDockerConfig(t)
				if file == "named for podman" {
					t.Setenv("REGISTRY_AUTH_FILE", filepath.Join(home, "auth.json"))
				}
				if file == "podman's of a login" {
					t.Setenv("XDG_RUNTIME_DIR", filepath.Join(home, "run"))
				}
				write(t, auths(t, tt.keys...), append([]string{home}, path...)...)
				for range 20 {
					wantKey(t, tt.repository, tt.want)
				}
			})
		}
	}
}

func TestDockerConfigOfTheEnvironmentCountsByPath(t *testing.T) {
	noDockerConfig(t)
	t.Setenv("DOCKER_AUTH_CONFIG", auths(t, "reg.example/a", "reg.example"))
	wantKey(t, "reg.example/a/app", "reg.example/a")
	wantKey(t, "reg.example/b/app", "reg.example")
	wantKey(t, "ghcr.io/b/app", "")
}

// A credential helper is a program that may ask a person: it is not run for each path, nor
// again for a repository.
func TestCredentialHelpersAreAskedForRepositoryAndHost(t *testing.T) {
	home := noDockerConfig(t)
	write(t, `{"credsStore":"test","auths":{"reg.example/a":{}}}`, home, ".docker", "config.json")
	asked := filepath.Join(home, "asked")
	write(t, fmt.Sprintf(`#!/bin/sh
read -r server
echo "$server" >> %s
case $server in
reg.example/a|reg.example) printf '{"ServerURL":"%%s","Username":"user","Secret":"%%s"}' "$server" "$server" ;;
*) echo "credentials not found in native keychain"; exit 1 ;;
esac
`, asked), home, "bin", "docker-credential-test")
	t.Setenv("PATH", filepath.Join(home, "bin")+":"+os.Getenv("PATH"))
	credentials := DockerConfig()
	for _, repository := range []string{"reg.example/a/b/c/app", "reg.example/x/y/app", "reg.example/a/b/c/app"} {
		got, err := credentials.For(t.Context(), named(repository))
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %v, %v", repository, got, err)
		}
	}
	text, err := os.ReadFile(asked)
	if err != nil {
		t.Fatal(err)
	}
	const want = "reg.example/a/b/c/app\nreg.example/a\nreg.example/x/y/app\nreg.example\n"
	if string(text) != want {
		t.Errorf("asked for\n%swant\n%s", text, want)
	}
}

func TestDockerConfigThatMakesNoSenseIsTold(t *testing.T) {
	home := noDockerConfig(t)
	write(t, `{"auths":`, home, ".docker", "config.json")
	if _, err := DockerConfig().For(t.Context(), named("reg.example/app")); err == nil {
		t.Error("got no error")
	}
}
