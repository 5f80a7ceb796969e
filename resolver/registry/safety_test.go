package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// Summaries stand in admission warnings, which every writer sees.
func TestErrorsTellNothing(t *testing.T) {
	const secret = "s3cret-of-the-registry"
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": says(500, secret)}))
	_, err := list(t, client(t), registry.repository("a"), auth.Basic("user", secret))
	failed := wantError(t, err, Unreachable)
	for _, text := range []string{err.Error(), failed.Summary(), fmt.Sprintf("%v %+v", err, err)} {
		if strings.Contains(text, secret) || strings.Contains(strings.ReplaceAll(text, registry.host()+"/a", ""), "127.0.0.1") {
			t.Errorf("text tells: %s", text)
		}
	}
}

func TestSummariesAreShortAndDoNotTellWhatExists(t *testing.T) {
	summary := func(kind Kind) string { return (&Error{Kind: kind}).Summary() }
	for _, kind := range []Kind{Unreachable, Timeout, Unauthorized, NotFound, RateLimited, BadAnswer, TooLarge, NotAnImage, Blocked, Denied, "new"} {
		if text := summary(kind); text == "" || len(text) > 60 {
			t.Errorf("summary of %s: %q", kind, text)
		}
	}
	if summary(Blocked) != summary(Unreachable) {
		t.Error("refused addresses can be told from those that do not answer")
	}
	if summary(Unauthorized) != summary(NotFound) {
		t.Error("private repositories can be told from those that do not exist")
	}
}

func TestErrorUnwraps(t *testing.T) {
	cause := errors.New("cause")
	if err := error(&Error{Kind: Timeout, Err: cause}); !errors.Is(err, cause) {
		t.Errorf("%v does not unwrap", err)
	}
}

func TestCredentialsDoNotPrint(t *testing.T) {
	for name, credential := range map[string]Credential{
		"basic":    auth.Basic("secret-user", "secret-password"),
		"identity": auth.IdentityToken("secret-identity"),
		"registry": auth.Bearer("secret-registry"),
	} {
		nested := struct {
			hidden Credential
			Shown  *Credential
		}{credential, &credential}
		encoded, err := json.Marshal(nested)
		if err != nil {
			t.Fatal(err)
		}
		keyed, err := json.Marshal(map[Credential]int{credential: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			fmt.Sprint(credential), fmt.Sprintf("%s %v %+v %#v %q", credential, credential, credential, credential, credential),
			fmt.Sprintf("%v %+v %#v", nested, nested, nested), string(encoded), string(keyed),
		} {
			if strings.Contains(text, "secret-") {
				t.Errorf("%s prints: %s", name, text)
			}
		}
	}
}

func TestCredentialIDs(t *testing.T) {
	seen := map[string]string{}
	for name, credential := range map[string]Credential{
		"anonymous": {}, "ab c": auth.Basic("ab", "c"), "a bc": auth.Basic("a", "bc"),
		"identity": auth.IdentityToken("abc"), "registry": auth.Bearer("abc"),
	} {
		if other, ok := seen[credential.ID()]; ok {
			t.Errorf("%q and %q have one ID", name, other)
		}
		seen[credential.ID()] = name
	}
	if first, second := auth.Basic("a", "b"), auth.Basic("a", "b"); first.ID() != second.ID() {
		t.Error("the same credential has two IDs")
	}
	for _, none := range []Credential{auth.Basic("", "x"), auth.Basic("x", ""), auth.IdentityToken(""), auth.Bearer("")} {
		if !none.Anonymous() || none.ID() != "" {
			t.Errorf("%v is not anonymous", none)
		}
	}
}

func TestDockerConfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("DOCKER_CONFIG", "")
	t.Setenv("REGISTRY_AUTH_FILE", "")
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	none, err := DockerConfig().For(t.Context(), named("docker.io/library/nginx"))
	if err != nil || len(none) != 0 {
		t.Errorf("without a file: %v, %v", none, err)
	}

	// Named, since the library remembers the home directory of its first call.
	t.Setenv("DOCKER_CONFIG", filepath.Join(home, ".docker"))
	if err := os.Mkdir(filepath.Join(home, ".docker"), 0o700); err != nil {
		t.Fatal(err)
	}
	const config = `{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"},"reg.example:5000":{"identitytoken":"i"}}}`
	if err := os.WriteFile(filepath.Join(home, ".docker", "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for repository, want := range map[string]Credential{
		"docker.io/library/nginx": auth.Basic("u", "p"),
		"reg.example:5000/app":    auth.IdentityToken("i"),
		"ghcr.io/team/app":        {},
	} {
		got, err := DockerConfig().For(t.Context(), named(repository))
		if err != nil {
			t.Fatal(err)
		}
		if want.Anonymous() != (len(got) == 0) || len(got) > 0 && got[0].ID() != want.ID() {
			t.Errorf("%s: got %v, want %v", repository, got, want)
		}
	}
}

func TestParseRepository(t *testing.T) {
	for text, want := range map[string]struct{ host, path string }{
		"nginx":                    {"docker.io", "library/nginx"},
		"docker.io/library/nginx":  {"docker.io", "library/nginx"},
		"index.docker.io/team/app": {"docker.io", "team/app"},
		"registry-1.docker.io/a/b": {"registry-1.docker.io", "a/b"},
		"EXAMPLE.com/app":          {"example.com", "app"},
		"localhost:5000/app":       {"localhost:5000", "app"},
		"[::1]:5000/app":           {"[::1]:5000", "app"},
		"LOCALHOST:5000/a/b/c":     {"localhost:5000", "a/b/c"},
		"reg.example/" + strings.Repeat("a/", 100) + "b": {"reg.example", strings.Repeat("a/", 100) + "b"},
	} {
		got, err := ParseRepository(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if got.Host() != want.host || got.Path() != want.path || got.String() != want.host+"/"+want.path {
			t.Errorf("%q: got %q, %q and %q, want %+v", text, got.Host(), got.Path(), got, want)
		}
	}
	for _, text := range []string{
		"", "a:1", "a@sha256:" + strings.Repeat("0", 64), "x//y", "a/b/", "/a", "x.io/a/../b", "../../x/y", "x.io/A",
		"user@host/a", "http://x.io/a", "x.io/a?b", "x.io/a b", "x.io/%2e", "TEAM/app", strings.Repeat("a/", 400) + "b",
	} {
		if got, err := ParseRepository(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}
