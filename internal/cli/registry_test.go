package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// registryOutcome runs a command below registry, with what differs from run to
// run masked: the host, times and digests.
func registryOutcome(t *testing.T, host string, args ...string) outcome {
	t.Helper()
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "HOST", host)
	}
	got := garboard(t, strings.NewReader(""), nil, append([]string{"registry"}, args...)...)
	got.Out, got.Err = masked(got.Out, host), masked(got.Err, host)
	return got
}

var (
	someTime   = regexp.MustCompile(` *\d+\.\d+(?:ms|s)\b`)
	someNumber = regexp.MustCompile(`("milliseconds": )[\d.]+`)
	someDigest = regexp.MustCompile(`sha256:[0-9a-f]{12,64}`)
)

func masked(text, host string) string {
	text = strings.ReplaceAll(text, host, "HOST")
	text = someTime.ReplaceAllStringFunc(text, func(time string) string { return fmt.Sprintf("%*s", len(time), "TIME") })
	text = someNumber.ReplaceAllString(text, "${1}0")
	return someDigest.ReplaceAllString(text, "sha256:…")
}

// pushMultiPlatform puts an image for two platforms behind a tag.
func (s *tagServer) pushMultiPlatform(image string) {
	s.t.Helper()
	index := empty.Index
	var built v1.ImageIndex = index
	for _, architecture := range []string{"amd64", "arm64"} {
		content, err := random.Image(16, 1)
		if err != nil {
			s.t.Fatal(err)
		}
		config, err := content.ConfigFile()
		if err != nil {
			s.t.Fatal(err)
		}
		config = config.DeepCopy()
		config.OS, config.Architecture = "linux", architecture
		config.Created = v1.Time{Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
		if content, err = mutate.ConfigFile(content, config); err != nil {
			s.t.Fatal(err)
		}
		built = mutate.AppendManifests(built, mutate.IndexAddendum{Add: content, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "linux", Architecture: architecture},
		}})
	}
	reference, err := name.ParseReference(s.host + "/" + image)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := remote.WriteIndex(reference, built, remote.WithContext(s.t.Context())); err != nil {
		s.t.Fatal(err)
	}
}

// dockerLogin writes what docker login would, for a user and a password.
func dockerLogin(t *testing.T, host, auth string) {
	t.Helper()
	config := `{"auths": {"` + host + `": {"auth": "` + auth + `"}}}`
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// answers is a registry that says the same to everything.
func answers(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestRegistryCommandsAreATree(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want outcome
	}{
		"a command that is misspelt": {[]string{"chek"}, outcome{Code: 2, Err: "\"chek\": unknown command; did you mean check?\n"}},
		"one that nobody knows":      {[]string{"x", "-o", "y"}, outcome{Code: 2, Err: "\"x\": unknown command; allowed: check, config, tags\n"}},
		"a level further down":       {[]string{"config", "valdate", "f"}, outcome{Code: 2, Err: "\"valdate\": unknown command; did you mean validate?\n"}},
		"a flag of a group":          {[]string{"--bogus"}, outcome{Code: 2, Err: "--bogus: unknown flag\n"}},
		"no image":                   {[]string{"check"}, outcome{Code: 2, Err: "IMAGE: needs a value\n"}},
		"no file":                    {[]string{"config", "validate"}, outcome{Code: 2, Err: "FILE: needs a value\n"}},
		"all that is wrong": {
			[]string{"check", "Q:1", "more", "--tmeout", "3", "--timeout", "-1s", "-o", "xml", "--insecure-registries", "!!"},
			outcome{Code: 2, Err: "--tmeout: unknown flag; did you mean --timeout?\n--output: \"xml\": allowed: json, yaml\n" +
				"\"more\": unexpected argument\n--insecure-registries: \"!!\": allowed: a host or host:port\n" +
				"--timeout: \"-1s\": allowed: a duration above 0, such as 1m30s\n"},
		},
		"what is no image": {
			[]string{"check", "Q:\x1b[2J"},
			outcome{Code: 2, Err: "\"Q:\\\\x1b[2J\": allowed: an image reference, such as nginx:1.29 or ghcr.io/org/app:1.2.3\n"},
		},
		"all that is wrong with policies": {
			[]string{"tags", "a:1", "--list", "--policy", "mayor", "--policy", "minor", "--filter", "(", "--platforms", "linux/amd64,x"},
			outcome{Code: 2, Err: "--list: not together with --policy\n" +
				"--policy: \"mayor\": unknown policy; did you mean \"major\"? allowed: all, major, minor, patch, semver:RANGE, glob:PATTERN, regexp:RE, force, newest, never\n" +
				"--filter: \"(\": missing closing ) in \"(\"; allowed: an RE2 regular expression\n" +
				"--platforms: \"x\": allowed: os/architecture or os/architecture/variant, such as linux/amd64\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := registryOutcome(t, "none", test.args...)
			if got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
	for _, args := range [][]string{{}, {"config"}, {"check", "--help"}, {"config", "validate", "-h"}} {
		if got := registryOutcome(t, "none", args...); got.Code != 0 || !strings.Contains(got.Out, "Usage:") || got.Err != "" {
			t.Errorf("%q: got %+v", args, got)
		}
	}
}

func TestNestedCommandsReadTheEnvironment(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0")
	got := garboard(t, nil, map[string]string{"GARBOARD_OUTPUT": "json", "GARBOARD_LIST": "true"}, "registry", "tags", s.host+"/shop:1.2.0")
	if got.Code != 0 || !strings.HasPrefix(got.Out, "{") || !strings.Contains(got.Out, `"all"`) {
		t.Errorf("got %+v", got)
	}
	if help := garboard(t, nil, nil, "registry", "check", "--help").Out; strings.Count(help, "(env GARBOARD_TIMEOUT)") != 1 {
		t.Errorf("the help does not name the environment once:\n%s", help)
	}
}
