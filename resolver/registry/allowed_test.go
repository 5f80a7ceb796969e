package registry

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/config"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

func TestAllowsAsTheSettingsSay(t *testing.T) {
	for name, tt := range map[string]struct {
		allow, deny []string
		repository  string
		kind        Kind
	}{
		"no list allows all":                            {nil, nil, "ghcr.io/team/app", ""},
		"listed by host":                                {[]string{"ghcr.io"}, nil, "ghcr.io/team/app", ""},
		"not listed":                                    {[]string{"ghcr.io"}, nil, "quay.io/team/app", Denied},
		"listed by path":                                {[]string{"ghcr.io/team"}, nil, "ghcr.io/team/app", ""},
		"listed itself":                                 {[]string{"ghcr.io/team"}, nil, "ghcr.io/team", ""},
		"a path ends at a slash":                        {[]string{"ghcr.io/team"}, nil, "ghcr.io/teamwork/app", Denied},
		"listed with another port":                      {[]string{"reg.example"}, nil, "reg.example:5000/app", Denied},
		"listed by domain":                              {[]string{"*.example"}, nil, "reg.example/app", ""},
		"the domain itself is none of its hosts":        {[]string{"*.reg.example"}, nil, "reg.example/app", Denied},
		"a short name is Docker Hub's":                  {[]string{"docker.io/library"}, nil, "nginx", ""},
		"a short name of a team is not the library's":   {[]string{"docker.io/library"}, nil, "team/nginx", Denied},
		"denied by host":                                {nil, []string{"quay.io"}, "quay.io/team/app", Denied},
		"another is denied":                             {nil, []string{"quay.io"}, "ghcr.io/team/app", ""},
		"deny counts before allow":                      {[]string{"ghcr.io"}, []string{"ghcr.io/team"}, "ghcr.io/team/app", Denied},
		"deny counts before the same allow":             {[]string{"ghcr.io"}, []string{"ghcr.io"}, "ghcr.io/team/app", Denied},
		"beside what is denied":                         {[]string{"ghcr.io"}, []string{"ghcr.io/team"}, "ghcr.io/other/app", ""},
		"deny of a short name":                          {nil, []string{"docker.io/library"}, "nginx", Denied},
		"an upper-case host is the same":                {nil, []string{"ghcr.io"}, "GHCR.io/team/app", Denied},
		"deny holds for the API's name of Docker Hub":   {nil, []string{"docker.io"}, "registry-1.docker.io/library/nginx", Denied},
		"deny holds for the API's name with a port":     {nil, []string{"docker.io"}, "registry-1.docker.io:443/library/nginx", Denied},
		"deny holds with the port that is meant anyway": {nil, []string{"ghcr.io/team"}, "ghcr.io:443/team/app", Denied},
		"deny with that port holds without it":          {nil, []string{"ghcr.io:443/team"}, "ghcr.io/team/app", Denied},
		"deny holds for the index with a port":          {nil, []string{"docker.io"}, "index.docker.io:443/library/nginx", Denied},
		"deny holds for Docker Hub's page with a port":  {nil, []string{"docker.io"}, "registry.hub.docker.com:443/library/nginx", Denied},
		"deny of one address holds for its short form":  {nil, []string{"[2001:db8:0:0::1]:05000"}, "[2001:db8::1]:5000/app", Denied},
		"allow holds for the name as it is written":     {[]string{"docker.io"}, nil, "registry-1.docker.io/library/nginx", Denied},
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, func(o *Options) {
				o.Config = &config.Config{Allow: patterns(t, tt.allow...), Deny: patterns(t, tt.deny...)}
			})
			err := c.Allows(named(tt.repository))
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// The zero value is of no registry: nobody can be asked.
func TestNoRepositoryIsRefused(t *testing.T) {
	c := client(t)
	_, tags := c.Tags(t.Context(), Repository{}, Credential{})
	_, image := c.Image(t.Context(), Repository{}, someDigest, Credential{}, false)
	_, configured := c.Configured().For(t.Context(), Repository{})
	for _, err := range []error{c.Allows(Repository{}), tags, image, configured} {
		if failed, ok := errors.AsType[*Error](err); !ok || failed.Kind != Blocked {
			t.Errorf("got %v, want an *Error of kind %s", err, Blocked)
		}
	}
}

// Neither the registry nor a mirror, DNS or the settings' credentials.
func TestNobodyIsAskedAboutADeniedRepository(t *testing.T) {
	registry, mirror := nowhere(t), nowhere(t)
	settings := mirrored(t, registry.host(), mirror.URL)
	settings.Credentials = &config.Credentials{Token: "x"}
	c := client(t, func(o *Options) {
		o.Config = &config.Config{Deny: patterns(t, registry.host()), Registries: []config.Registry{settings}}
	})

	_, err := list(t, c, registry.repository("a"), Credential{})
	if got := wantError(t, err, Denied).Summary(); got != "not allowed by the registry settings" {
		t.Errorf("summary %q", got)
	}
	_, err = c.Digest(t.Context(), named(registry.repository("a")), "1", Credential{})
	wantKind(t, err, Denied)
	found, err := c.Configured().For(t.Context(), named(registry.repository("a")))
	wantKind(t, err, Denied)
	if len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestConfiguredCredentialsFollowTheSettings(t *testing.T) {
	settings := func(password string) *config.Config {
		return &config.Config{Registries: []config.Registry{
			{Prefix: pattern(t, "ghcr.io/team"), Credentials: &config.Credentials{Username: "u", Password: password}},
			{Prefix: pattern(t, "azure.example"), Credentials: &config.Credentials{IdentityToken: "i"}},
			{Prefix: pattern(t, "quay.io"), Credentials: &config.Credentials{Token: "t"}},
			{Prefix: pattern(t, "half.example"), Credentials: &config.Credentials{Username: "u"}},
			{Prefix: pattern(t, "mirrored.example"), Mirrors: []config.Endpoint{
				{URL: parsed(t, "https://mirror.example"), Credentials: &config.Credentials{Token: "of the mirror"}},
			}},
		}}
	}
	c := client(t, func(o *Options) { o.Config = settings("old") })
	if err := c.Reconfigure(settings("new")); err != nil {
		t.Fatal(err)
	}
	for repository, want := range map[string]Credential{
		"ghcr.io/team/app":     auth.Basic("u", "new"),
		"ghcr.io/other/app":    {},
		"azure.example/app":    auth.IdentityToken("i"),
		"quay.io/a/b":          auth.Bearer("t"),
		"half.example/app":     {},
		"mirrored.example/app": {},
	} {
		found, err := c.Configured().For(t.Context(), named(repository))
		if err != nil {
			t.Errorf("%s: %v", repository, err)
		}
		if want.Anonymous() {
			if len(found) > 0 {
				t.Errorf("%s: found %v, want none", repository, found)
			}
			continue
		}
		if len(found) != 1 || found[0].ID() != want.ID() || found[0].Source() != "registry settings" {
			t.Errorf("%s: found %v from %q, want %v", repository, found, found, want)
		}
	}
}

func TestPollMinimumIsTheRegistrys(t *testing.T) {
	c := client(t, obeying(config.Registry{Prefix: pattern(t, "docker.io"), PollMinimum: time.Hour}))
	for repository, want := range map[string]time.Duration{"nginx": time.Hour, "ghcr.io/a/b": 0, "a b": 0} {
		if got := c.PollMinimum(repository); got != want {
			t.Errorf("%s: %s, want %s", repository, got, want)
		}
	}
}

func TestPaceIsThatOfTheHost(t *testing.T) {
	c := client(t, func(o *Options) { o.Rate, o.Burst = 7, 8 }, obeying(
		config.Registry{Prefix: pattern(t, "ghcr.io/team"), RequestsPerSecond: 1},
		config.Registry{Prefix: pattern(t, "ghcr.io/signed"), Credentials: &config.Credentials{Token: "t"}},
		config.Registry{Prefix: pattern(t, "ghcr.io"), RequestsPerSecond: 2, Concurrency: 3},
		config.Registry{Prefix: pattern(t, "quay.io/team"), Burst: 4},
		config.Registry{
			Prefix: pattern(t, "docker.io"), RequestsPerSecond: 0.5,
			Mirrors: []config.Endpoint{{URL: parsed(t, "https://mirror.elsewhere")}},
		},
		config.Registry{Prefix: pattern(t, "moved.example"), Burst: 5, Server: config.Endpoint{URL: parsed(t, "https://New.example:444")}},
		config.Registry{Prefix: pattern(t, "*.example"), Burst: 6},
	))
	for host, want := range map[string]transport.Pace{
		"ghcr.io":              {Rate: 2, Burst: 8, Concurrency: 3},
		"quay.io":              {Rate: 7, Burst: 4, Concurrency: 4},
		"registry-1.docker.io": {Rate: 0.5, Burst: 8, Concurrency: 4},
		"mirror.elsewhere":     {Rate: 7, Burst: 8, Concurrency: 4},
		"new.example:444":      {Rate: 7, Burst: 5, Concurrency: 4},
		"reg.example":          {Rate: 7, Burst: 6, Concurrency: 4},
		"unknown":              {Rate: 7, Burst: 8, Concurrency: 4},
	} {
		if diff := cmp.Diff(want, c.pace(host)); diff != "" {
			t.Errorf("limits of %s (-want +got):\n%s", host, diff)
		}
	}
}

func TestPaceFollowsReconfigureWhileAPauseStays(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": says(http.StatusTooManyRequests, "")}))
	c := client(t)
	_, err := list(t, c, registry.repository("a"), Credential{})
	wantKind(t, err, RateLimited)

	err = c.Reconfigure(&config.Config{Registries: []config.Registry{{Prefix: pattern(t, registry.host()), RequestsPerSecond: 3, Burst: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.pace(registry.host()); got.Rate != 3 || got.Burst != 4 {
		t.Errorf("pace is %v and %d, want 3 and 4", got.Rate, got.Burst)
	}
	registry.since()
	_, err = list(t, c, registry.repository("a"), Credential{})
	wantKind(t, err, RateLimited)
	if asked := registry.since(); len(asked) > 0 {
		t.Errorf("asked %q within the pause", asked)
	}
}
