package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

const registriesPage = "registries.md"

// What a person may be told about a registry is on the page, word for word.
func TestRegistriesPageHasEveryMessage(t *testing.T) {
	page := flowing(t, registriesPage)
	var messages []string
	for _, kind := range []registry.Kind{
		registry.Unreachable, registry.Timeout, registry.Unauthorized, registry.NotFound, registry.RateLimited,
		registry.BadAnswer, registry.TooLarge, registry.NotAnImage, registry.Blocked, registry.Denied, "",
	} {
		messages = append(messages, (&registry.Error{Kind: kind}).Summary())
	}
	for _, reason := range []policy.Reason{
		resolver.StayRegistryUnavailable, resolver.StayNotInList, resolver.StayEmptyList,
		resolver.StayNoDigest, resolver.StayNoDate, resolver.StayNoPlatform, resolver.PinnedDigest,
		resolver.StayTooYoung, resolver.StayOtherDigest,
	} {
		messages = append(messages, resolver.Text(reason))
	}
	messages = append(messages,
		resolver.WarningLacksTag, resolver.WarningLackedTwice, resolver.WarningMissingTag,
		resolver.WarningEmptyList,
		resolver.WarningSuspectList, resolver.WarningNotAllDated, resolver.Summary(os.ErrInvalid))
	for _, kind := range []pullsecret.Kind{
		pullsecret.Missing, pullsecret.Forbidden, pullsecret.Unavailable, pullsecret.TooMany,
	} {
		failed := pullsecret.Errors{{Kind: kind, Object: pullsecret.Secret, Name: "regcred"}}
		messages = append(messages, failed.Summary())
	}
	for _, message := range messages {
		if !strings.Contains(page, "`"+message+"`") {
			t.Errorf("no row for the message %q", message)
		}
	}
}

// And every metric is on it, or, where it tells of no registry, on the page
// about the webhook.
func TestPagesHaveEveryMetric(t *testing.T) {
	page := flowing(t, registriesPage) + flowing(t, "running.md")
	name := regexp.MustCompile(`Name:\s+"(garboard_\w+)"`)
	for _, file := range []string{
		"resolver/registry/transport/metrics.go", "resolver/metrics.go", "cmd/garboard/registries.go",
	} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		must(t, err)
		names := name.FindAllStringSubmatch(string(text), -1)
		if len(names) == 0 {
			t.Errorf("%s: no metrics found", file)
		}
		for _, match := range names {
			if !strings.Contains(page, "`"+match[1]+"`") {
				t.Errorf("%s: no row for %s", file, match[1])
			}
		}
	}
}

// Each registry has a page, and the table leads there.
func TestRegistriesPageLeadsToEachRegistry(t *testing.T) {
	text, err := os.ReadFile(registriesPage)
	must(t, err)
	found, err := filepath.Glob("registries/*.md")
	must(t, err)
	if len(found) < 10 {
		t.Fatalf("%d pages of registries", len(found))
	}
	for _, page := range found {
		if !strings.Contains(string(text), "| ["+title(t, page)+"]("+filepath.ToSlash(page)+") |") {
			t.Errorf("%s: no row in %s", page, registriesPage)
		}
		if content := flowing(t, page); !strings.Contains(content, "**Tried:**") {
			t.Errorf("%s: does not say what was tried", page)
		}
	}
}

// title is the first heading of a page.
func title(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimPrefix(first, "# ")
}

// flowing is a page's text in one line.
func flowing(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	return strings.Join(strings.Fields(string(text)), " ")
}
