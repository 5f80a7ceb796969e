package config_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// load parses a file of testdata.
func load(t *testing.T, file string) *config.Config {
	t.Helper()
	folder(t)
	data, err := os.ReadFile(file)
	must(t, err)
	c, err := config.Parse(file, data, nil)
	if err != nil {
		t.Fatalf("parsing %q: %v", file, err)
	}
	return c
}

func TestParseTakesEveryGoodFile(t *testing.T) {
	for _, file := range cases(t, "valid-*.yaml") {
		t.Run(sentence(file), func(t *testing.T) { load(t, filepath.Base(file)) })
	}
}

func TestParseReadsEveryKey(t *testing.T) {
	c := load(t, "valid-everything.yaml")

	if diff := cmp.Diff([]string{"ghcr.io/my-org", "docker.io", "*.dkr.ecr.eu-west-1.amazonaws.com"}, texts(c.Allow)); diff != "" {
		t.Errorf("allow (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"docker.io/evil"}, texts(c.Deny)); diff != "" {
		t.Errorf("deny (-want +got):\n%s", diff)
	}

	hub := c.For("docker.io", "library/nginx")
	got := config.Registry{
		RequestsPerSecond: hub.RequestsPerSecond, Burst: hub.Burst, Concurrency: hub.Concurrency,
		PageSize: hub.PageSize, PollMinimum: hub.PollMinimum,
	}
	want := config.Registry{RequestsPerSecond: 0.5, Burst: 10, Concurrency: 4, PageSize: 100, PollMinimum: 5 * time.Minute}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b config.Pattern) bool { return a == b })); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}

	wantEndpoints := []string{
		"https://harbor.corp/v2/hub-proxy override private ca client proxy http://proxy:3128 user robot$garboard " + secret,
		"http://[fd00::1]:5000",
		"https://registry-1.docker.io user u " + secret,
		"<nil> http private",
		"<nil> ca client proxy https://proxy:3128 token " + secret,
		"<nil> identity " + secret,
	}
	var endpoints []string
	for _, e := range append(hub.Mirrors, hub.Server, c.For("registry.corp:5000", "a").Server,
		c.For("quay.io", "a").Server, c.For("a.azurecr.io", "a").Server) {
		endpoints = append(endpoints, describe(e))
	}
	if diff := cmp.Diff(wantEndpoints, endpoints); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	if hub.Credentials != hub.Server.Credentials {
		t.Error("the credentials of the registry are not those of its server")
	}
}

func TestParseSortsTheMostSpecificFirst(t *testing.T) {
	c := load(t, "valid-order.yaml")
	var got []string
	for _, registry := range c.Registries {
		got = append(got, registry.Prefix.String())
	}
	want := []string{
		"docker.io/library/nginx", "docker.io/library", "*/library", "docker.io", "ghcr.io",
		"*.eu.azurecr.io", "*.azurecr.io", "*.io", "*",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if got := c.For("docker.io", "library/nginx").Prefix.String(); got != "docker.io/library/nginx" {
		t.Errorf("settings of nginx: got those of %s", got)
	}
}

// A log line or a debug page that prints the settings must not print what to
// sign in with.
func TestCredentialsPrintAsTheirKind(t *testing.T) {
	for name, c := range map[string]config.Credentials{
		"user and password (redacted)": {Username: "u", Password: secret},
		"identity token (redacted)":    {IdentityToken: secret},
		"token (redacted)":             {Token: secret},
	} {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				if got := fmt.Sprintf(verb, &c) + fmt.Sprintf(verb, config.Registry{Credentials: &c}); strings.Contains(got, secret) {
					t.Errorf("%s: got %s", verb, got)
				}
			}
			got, err := json.Marshal(c)
			if err != nil || string(got) != `"`+name+`"` {
				t.Errorf("as JSON: got %s, error %v", got, err)
			}
		})
	}
}

func describe(e config.Endpoint) string {
	words := []string{shown(e.URL)}
	add := func(when bool, word ...string) {
		if when {
			words = append(words, word...)
		}
	}
	add(e.OverridePath, "override")
	add(e.PlainHTTP, "http")
	add(e.Private, "private")
	add(e.RootCAs != nil, "ca")
	add(e.Client != nil, "client")
	add(e.Proxy != nil, "proxy", shown(e.Proxy))
	if c := e.Credentials; c != nil {
		add(c.Username != "", "user", c.Username, c.Password)
		add(c.Token != "", "token", c.Token)
		add(c.IdentityToken != "", "identity", c.IdentityToken)
	}
	return strings.Join(words, " ")
}

func shown(u *url.URL) string {
	if u == nil {
		return "<nil>"
	}
	return u.String()
}

func texts(patterns []config.Pattern) []string {
	var all []string
	for _, p := range patterns {
		all = append(all, p.String())
	}
	return all
}
