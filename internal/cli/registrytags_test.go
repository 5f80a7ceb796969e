package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRegistryTags(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.9", "shop:1.10.0", "shop:2.0.0-rc.1", "shop:edge", "shop:build-9", "shop:build-10", "words:a", "words:b")
	s.pushMultiPlatform("shop:1.3.0")
	s.login.Store("me:" + seededPassword)
	dockerLogin(t, s.host, seededAuth)
	for name, test := range map[string]struct {
		args []string
		want outcome
	}{
		"the policies that need no more than the list": {[]string{"HOST/shop:1.2.0"}, outcome{Out: `Repository:  HOST/shop
Tags:        8, versions: 5
Highest:     2.0.0-rc.1, 1.10.0, 1.3.0, 1.2.9, 1.2.0

POLICY   TAG          WHY
patch    1.2.9        newer patch release
minor    1.10.0       newer minor release
major    1.10.0       newer minor release
all      2.0.0-rc.1   newer pre-release
`}},
		"policies that are asked for": {[]string{"HOST/shop:1.2.0", "--policy", "semver:>=1.2, <1.10", "--policy", "glob:build-*", "--policy", "newest"}, outcome{Out: `Repository:  HOST/shop
Tags:        8, versions: 5
Highest:     2.0.0-rc.1, 1.10.0, 1.3.0, 1.2.9, 1.2.0

POLICY                TAG                          WHY
semver:>=1.2, <1.10   1.3.0                        newer minor release
glob:build-*          build-10                     highest match
newest                1.3.0@sha256:……   built last
`}},
		"platforms": {[]string{"HOST/shop:1.2.0", "--platforms", "linux/s390x", "--policy", "minor", "--exclude", "1.10.*"}, outcome{Out: `Repository:  HOST/shop
Tags:        8, versions: 5
Highest:     2.0.0-rc.1, 1.10.0, 1.3.0, 1.2.9, 1.2.0

POLICY   TAG     WHY
minor    1.2.9   newer patch release; passed over 1.3.0: not built for linux/s390x
`}},
		"a tag by its digest": {[]string{"HOST/shop:edge", "--policy", "force", "--policy", "minor"}, outcome{Out: `Repository:  HOST/shop
Tags:        8, versions: 5
Highest:     2.0.0-rc.1, 1.10.0, 1.3.0, 1.2.9, 1.2.0

POLICY   TAG                         WHY
force    edge@sha256:……   same tag, followed by its digest
minor    edge                        not a version tag; use semver:, force or newest
`}},
		"no version at all": {[]string{"HOST/words"}, outcome{Out: `Repository:  HOST/words
Tags:        2, versions: 0
Highest:     b, a

POLICY   TAG      WHY
patch    latest   not a version tag; use semver:, force or newest
minor    latest   not a version tag; use semver:, force or newest
major    latest   not a version tag; use semver:, force or newest
all      latest   not a version tag; use semver:, force or newest
`}},
		"pre-releases": {[]string{"HOST/shop:1.2.0", "--match-prerelease=false", "--policy", "major"}, outcome{Out: `Repository:  HOST/shop
Tags:        8, versions: 5
Highest:     2.0.0-rc.1, 1.10.0, 1.3.0, 1.2.9, 1.2.0

POLICY   TAG          WHY
major    2.0.0-rc.1   newer pre-release
`}},
		"a tag that is not in the list": {[]string{"HOST/shop:1.0.0", "--policy", "minor"}, outcome{Out: `Repository:  HOST/shop
Tags:        8, versions: 5
Highest:     2.0.0-rc.1, 1.10.0, 1.3.0, 1.2.9, 1.2.0

POLICY   TAG     WHY
minor    1.0.0   registry list lacks the running tag
`}},
		"the list itself": {[]string{"HOST/shop:1.2.0", "--list"}, outcome{Out: `1.2.0
1.2.9
1.3.0
1.10.0
2.0.0-rc.1
build-9
build-10
edge
`}},
		"a digest alone": {[]string{"HOST/words@sha256:" + strings.Repeat("a", 64), "--policy", "minor"}, outcome{Out: `Repository:  HOST/words
Tags:        2, versions: 0
Highest:     b, a

POLICY   TAG                     WHY
minor    @sha256:……   no current tag to be higher than; only semver:, glob: and regexp: do without
`}},
		"no such repository": {[]string{"HOST/none:1"}, outcome{Code: 1, Err: `garboard: listing the tags of HOST/none: not found: status 404 (GET http://HOST/v2/none/tags/list?n=1000)
  tried: user and password (redacted) of Docker configuration: told that there is no such repository
  is the name right? Many registries say so, too, of what a credential may not read
`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := registryOutcome(t, s.host, append([]string{"tags"}, test.args...)...)
			wantNoSecret(t, got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The list is read once, whatever is asked of it.
func TestRegistryTagsSparesTheRegistry(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.3.0")
	got := registryOutcome(t, s.host, "tags", "HOST/shop:1.2.0")
	if requests := s.requests.Load(); got.Code != 0 || requests != 2 {
		t.Errorf("got %d requests, want a ping and a list; %+v", requests, got)
	}
}

func TestRegistryTagsPrintsJSON(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.3.0")
	got := registryOutcome(t, s.host, "tags", "HOST/shop:1.2.0", "--policy", "force", "--match-tag", "-o", "json")
	want := `{
  "image": "HOST/shop:1.2.0",
  "current": "1.2.0",
  "tags": {
    "total": 2,
    "versions": 2
  },
  "newest": [
    "1.3.0",
    "1.2.0"
  ],
  "policies": [
    {
      "policy": "force",
      "tag": "1.2.0",
      "digest": "sha256:…",
      "moved": true,
      "reason": "SameTag",
      "text": "same tag, followed by its digest"
    }
  ]
}
`
	if diff := cmp.Diff(want, got.Out); diff != "" || got.Code != 0 || !json.Valid([]byte(got.Out)) {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
