package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The inputs of people's reports, with what they want.
func TestReportedCases(t *testing.T) {
	no := false
	plex := Spec{Name: "semver:1.x", Filter: `^([0-9]+(\.[0-9]+){2})\.[0-9]+-.*`, Extract: "$1"}
	for name, test := range map[string]struct {
		spec    Spec
		current string
		tags    string
		want    string
		others  OtherLines
	}{
		"an environment moves within itself":         {Spec{Name: "minor"}, "0.5.0-dev", "0.5.0-dev 0.6.0-dev 0.5.0-prod 0.6.0-prod", "0.6.0-dev", OtherLines{}},
		"and not to the release":                     {Spec{Name: "minor"}, "0.5.0-dev", "0.5.0-dev 0.6.0-dev 0.5.0 0.6.0", "0.6.0-dev", OtherLines{}},
		"nor to a higher one":                        {Spec{Name: "minor"}, "0.0.1-dev", "0.0.1-dev 0.0.5-dev 0.0.6", "0.0.5-dev", OtherLines{}},
		"but under all":                              {Spec{Name: "all"}, "0.0.1-dev", "0.0.1-dev 0.0.3-dev 0.0.3", "0.0.3", OtherLines{}},
		"an image with a shell keeps it":             {Spec{Name: "minor"}, "24.16-dev", "24.16 24.16-dev 24.17 24.17-dev", "24.17-dev", OtherLines{}},
		"linuxserver":                                {Spec{Name: "minor"}, "v1.0.20210914-ls22", "v1.0.20210914-ls22 v1.0.20210914-ls99 v1.0.20210914-ls126", "v1.0.20210914-ls126", OtherLines{}},
		"linuxserver without matchPreRelease":        {Spec{Name: "minor", MatchPreRelease: &no}, "v0.1.0-ls1", "v0.1.0-ls1 v0.1.0-ls2 v0.2.0-ls3", "v0.2.0-ls3", OtherLines{}},
		"Bitnami":                                    {Spec{Name: "patch"}, "0.28.1-scratch-r0", "0.28.1-scratch-r0 0.28.1-scratch-r1", "0.28.1-scratch-r1", OtherLines{}},
		"version and date":                           {Spec{Name: "minor"}, "v0.0.11-20260226", "v0.0.11-20260226 v0.0.12-20260316", "v0.0.12-20260316", OtherLines{}},
		"UBI":                                        {Spec{Name: "minor"}, "8.6-990", "8.6-903 8.6-990 8.7-929 8.7", "8.7-929", OtherLines{}},
		"k3s":                                        {Spec{Name: "patch"}, "v1.29.5-k3s2", "v1.29.5-k3s2 v1.29.6-k3s1", "v1.29.6-k3s1", OtherLines{}},
		"apk":                                        {Spec{Name: "minor"}, "1.2.3-r1", "1.2.3-r1 1.2.3-r2 1.2.4-r0", "1.2.4-r0", OtherLines{}},
		"a commit in each tag is told":               {Spec{Name: "all"}, "1.2.0-7f3c2e1", "1.2.0-7f3c2e1 1.3.0-0a1b2c3 1.4.0-deadbee", "1.2.0-7f3c2e1", OtherLines{Tags: []string{"1.4.0-deadbee", "1.3.0-0a1b2c3"}, Settings: []string{"filter and extract"}}},
		"git describe is told":                       {Spec{Name: "minor"}, "v1.2.0-4-g1a2b3c4", "v1.2.0-4-g1a2b3c4 v1.3.0-1-gdeadbee v1.4.0", "v1.2.0-4-g1a2b3c4", OtherLines{Tags: []string{"v1.3.0-1-gdeadbee"}, Settings: []string{"filter and extract"}}},
		"a branch and a commit are told":             {Spec{Name: "minor"}, "1.2.0-main-1a2b3c4", "1.2.0-main-1a2b3c4 1.3.0-main-deadbee 1.4.0-other-deadbee", "1.2.0-main-1a2b3c4", OtherLines{Tags: []string{"1.3.0-main-deadbee"}, Settings: []string{"filter and extract"}}},
		"a counter in front of a commit is told":     {Spec{Name: "patch"}, "1.2.0-4-g5d6e7f8", "1.2.0-4-g5d6e7f8 1.2.0-5-g1a2b3c4 1.2.0-3-g1111111", "1.2.0-4-g5d6e7f8", OtherLines{Tags: []string{"1.2.0-5-g1a2b3c4"}, Settings: []string{"filter and extract"}}},
		"a time in front of a commit is told":        {Spec{Name: "patch"}, "v0.0.0-20240105120000-abcdef123456", "v0.0.0-20240105120000-abcdef123456 v0.0.0-20240205120000-1bcdef123456", "v0.0.0-20240105120000-abcdef123456", OtherLines{Tags: []string{"v0.0.0-20240205120000-1bcdef123456"}, Settings: []string{"filter and extract"}}},
		"a fourth part in front of a commit is told": {Spec{Name: "patch"}, "1.2.3.45-gabcdef1", "1.2.3.45-gabcdef1 1.2.3.46-gbcdef12 1.2.3.44-gccccccc", "1.2.3.45-gabcdef1", OtherLines{Tags: []string{"1.2.3.46-gbcdef12"}, Settings: []string{"filter and extract"}}},
		"a counter in a pre-release is told":         {Spec{Name: "all"}, "v1.15.0-rc.0.41.g1234567", "v1.15.0-rc.0.41.g1234567 v1.15.0-rc.0.45.g89abcde v1.15.0-rc.0.9.g1111111", "v1.15.0-rc.0.41.g1234567", OtherLines{Tags: []string{"v1.15.0-rc.0.45.g89abcde"}, Settings: []string{"filter and extract"}}},
		// Red Hat's base images, of which a rebuild has a second number.
		"a revision of more numbers is told":      {Spec{Name: "patch"}, "9.3-1552", "9.3-1552 9.3-1552.1706093463 9.3-1475.1", "9.3-1552", OtherLines{Tags: []string{"9.3-1552.1706093463"}, Settings: []string{"filter and extract"}}},
		"and one of fewer":                        {Spec{Name: "patch"}, "9.3-1361.1699548029", "9.3-1361.1699548029 9.3-1475 9.3-1361", "9.3-1361.1699548029", OtherLines{Tags: []string{"9.3-1475"}, Settings: []string{"filter and extract"}}},
		"but not a lower one":                     {Spec{Name: "patch"}, "9.3-1552.1706093463", "9.3-1552 9.3-1475 9.3-1552.1706093463", "9.3-1552.1706093463", OtherLines{}},
		"commits of one version have no order":    {Spec{Name: "all"}, "1.2.0-7f3c2e1", "1.2.0-7f3c2e1 1.2.0-deadbee 1.2.0-main-deadbee", "1.2.0-7f3c2e1", OtherLines{}},
		"a counter of an unknown word is told":    {Spec{Name: "all"}, "1.2.0-test3", "1.2.0-test3 1.2.0-test4 1.2.0-other5", "1.2.0-test3", OtherLines{Tags: []string{"1.2.0-test4"}, Settings: []string{"variant: test*"}}},
		"an update of an update is told":          {Spec{Name: "all"}, "0.9-u50-r1", "0.9-u50-r1 0.9-u51-r1", "0.9-u50-r1", OtherLines{Tags: []string{"0.9-u51-r1"}, Settings: []string{"variant: u*"}}},
		"a choice of what it is built for is not": {Spec{Name: "all"}, "1.2.0-pg15", "1.1.0-pg15 1.2.0-pg15 1.2.0-pg16", "1.2.0-pg15", OtherLines{}},
		// https://github.com/argoproj-labs/argocd-image-updater/issues/1768
		"dates without leading zeros": {Spec{Name: "all"}, "v2026-9-01", "v2026-9-01 v2026-10-03 v2026-11-04 v2026-12-25", "v2026-12-25", OtherLines{}},
		// https://github.com/keel-hq/keel/issues/252
		"a counter with leading zeros": {Spec{Name: "patch"}, "0.1.0-unstable0001", "0.1.0-unstable0001 0.1.0-unstable0002", "0.1.0-unstable0002", OtherLines{}},
		// https://github.com/getwud/wud/issues/1261, 566 and 741
		"linuxserver, of four parts": {Spec{Name: "patch"}, "4.0.12.2823-ls267", "4.0.9.2244-ls257 4.0.12.2823-ls267 4.0.15.2941-ls289", "4.0.15.2941-ls289", OtherLines{}},
		// https://github.com/renovatebot/renovate/issues/4827 and 2968
		"a pre-release of Python without a hyphen": {Spec{Name: "all"}, "3.8.0-alpine3.10", "3.8.0-alpine3.10 3.8.0b1-alpine3.10 3.9.0rc1-alpine3.10", "3.8.0-alpine3.10", OtherLines{}},
		"the variant of a variant":                 {Spec{Name: "minor"}, "1.12-alpine", "1.12-alpine 1.15-alpine-perl 1.15-alpine 1.15", "1.15-alpine", OtherLines{}},
		// https://github.com/renovatebot/renovate/issues/4339
		"a v that comes and goes": {Spec{Name: "minor"}, "v1.7.13-alpine", "v1.7.13-alpine 1.7.14-alpine v1.7.14-alpine", "v1.7.14-alpine", OtherLines{}},
		// https://github.com/crazy-max/diun/issues/1836
		"two parts and a variant": {Spec{Name: "minor"}, "17.9-alpine", "17.9-alpine 17.10-alpine 17.11-alpine 17.2-alpine", "17.11-alpine", OtherLines{}},
		// https://github.com/fluxcd/image-reflector-controller/issues/192
		"a prefix with a number in it": {Spec{Name: "glob:3d-dev-*"}, "3d-dev-1.0.9", "3d-dev-1.0.9 3d-dev-1.0.63 3d-dev-0.0.20200821111819 3d-stg-2.0.0", "3d-dev-1.0.63", OtherLines{}},
		// https://github.com/argoproj-labs/argocd-image-updater/issues/942
		"an environment behind three digits": {Spec{Name: "regexp:-prod$"}, "1.0.90-prod", "1.0.9-prod 1.0.90-prod 1.0.100-prod 1.0.101-stg", "1.0.100-prod", OtherLines{}},
		// https://github.com/argoproj-labs/argocd-image-updater/issues/426
		"a build of the next patch release": {Spec{Name: "all"}, "v1.0.0", "v1.0.1-64.272fa09 v1.0.0", "v1.0.0", OtherLines{Tags: []string{"v1.0.1-64.272fa09"}}},
		// https://github.com/linuxserver/docker-openssh-server/issues/89
		"openssh of linuxserver": {Spec{Name: "patch"}, "9.7_p1-r4-ls166", "9.7_p1-r4-ls166 9.7_p1-r4-ls167 9.7_p1-r5-ls170 9.9_p1-r0-ls172", "9.7_p1-r5-ls170", OtherLines{}},
		// The builds of one version, of which other versions have the same numbers.
		"a number right behind the version is told": {Spec{Name: "patch"}, "7.7.1-1-ubi8", "7.7.0-1-ubi8 7.7.1-1-ubi8 7.7.1-2-ubi8 7.7.1-3-ubi9", "7.7.1-1-ubi8", OtherLines{Tags: []string{"7.7.1-2-ubi8"}, Settings: []string{"variant: *-ubi8"}}},
		"a patch of a version is told":              {Spec{Name: "patch"}, "2.4.7-p1", "2.4.6-p1 2.4.7-p1 2.4.7-p3 2.4.7-p2", "2.4.7-p1", OtherLines{Tags: []string{"2.4.7-p3", "2.4.7-p2"}, Settings: []string{"variant: p*"}}},
		"and a fix of one in front of a variant":    {Spec{Name: "patch"}, "1.7.1-hotfix-1-slim", "1.7.0-hotfix-1-slim 1.7.1-hotfix-1-slim 1.7.1-hotfix-2-slim 1.7.1-hotfix-3", "1.7.1-hotfix-1-slim", OtherLines{Tags: []string{"1.7.1-hotfix-2-slim"}, Settings: []string{"variant: hotfix-*-slim"}}},
		"but no word that only begins like it":      {Spec{Name: "patch"}, "1.2.0-php8.2", "1.1.0-php8.2 1.2.0-php8.2 1.2.0-php8.3", "1.2.0-php8.2", OtherLines{}},
		"but not a version of something else":       {Spec{Name: "patch"}, "3.10-7.3.17-slim", "3.9-7.3.17-slim 3.10-7.3.17-slim 3.10-7.3.18-slim", "3.10-7.3.17-slim", OtherLines{}},
		// https://github.com/dependabot/dependabot-core/issues/15530
		"nor a choice in its place":                  {Spec{Name: "minor"}, "4.0.13-22-trixie", "4.0.12-22-trixie 4.0.12-24-trixie 4.0.13-22-trixie 4.0.13-24-trixie 4-24-trixie", "4.0.13-22-trixie", OtherLines{}},
		"nor a lower number":                         {Spec{Name: "patch"}, "16.4-14-bookworm", "16.3-14-bookworm 16.4-14-bookworm 16.4-9-bookworm 16.4-1-bookworm", "16.4-14-bookworm", OtherLines{}},
		"a build of a channel with a commit is told": {Spec{Name: "minor"}, "1.2.0-dev-20241029-a1b2c3d", "1.2.0-dev-20241029-a1b2c3d 1.2.0-dev-20241030-b1b2c3d 1.2.0 1.3.0", "1.2.0-dev-20241029-a1b2c3d", OtherLines{Tags: []string{"1.2.0-dev-20241030-b1b2c3d"}, Settings: []string{"filter and extract"}}},
		// https://github.com/keel-hq/keel/issues/432
		"another branch": {Spec{Name: "glob:branch-*"}, "master-01", "master-01 master-02 branch-02", "branch-02", OtherLines{}},
		"a number in front of the variant is told":     {Spec{Name: "minor"}, "0.9.2-alpine", "0.9.2-alpine 0.9.3-2-alpine 0.9.4-2-alpine", "0.9.2-alpine", OtherLines{Tags: []string{"0.9.4-2-alpine"}, Settings: []string{"variant: *alpine"}}},
		"a cumulative update is told":                  {Spec{Name: "major"}, "2022-CU9-ubuntu-22.04", "2022-CU9-ubuntu-22.04 2022-CU12-ubuntu-22.04", "2022-CU9-ubuntu-22.04", OtherLines{Tags: []string{"2022-CU12-ubuntu-22.04"}, Settings: []string{"variant: CU*-ubuntu-22.04"}}},
		"the base image's next version is told":        {Spec{Name: "minor"}, "1.29.0-alpine3.19", "1.29.0-alpine3.19 1.30.0-alpine3.20 1.30.0", "1.29.0-alpine3.19", OtherLines{Tags: []string{"1.30.0-alpine3.20"}, Settings: []string{"variant: alpine*"}}},
		"a glob that takes more is not proposed":       {Spec{Name: "minor"}, "1.29.0-alpine3.19", "1.29.0-alpine3.19 1.30.0-alpine3.20 1.30.0-alpine3.20-slim", "1.29.0-alpine3.19", OtherLines{Tags: []string{"1.30.0-alpine3.20"}, Settings: []string{"filter and extract"}}},
		"another variant is no way":                    {Spec{Name: "minor"}, "1.2.3-alpine", "1.2.3-alpine 1.4.0 1.3.0-slim", "1.2.3-alpine", OtherLines{Tags: []string{"1.4.0", "1.3.0-slim"}}},
		"many are counted":                             {Spec{Name: "all"}, "1.0.0-ubi8.1", "1.1.0-ubi8.2 1.2.0-ubi8.3 1.3.0-ubi8.4 1.4.0-ubi8.5 1.5.0", "1.0.0-ubi8.1", OtherLines{Tags: []string{"1.4.0-ubi8.5", "1.3.0-ubi8.4", "1.2.0-ubi8.3"}, More: 1, Settings: []string{"variant: ubi*"}}},
		"a channel that has ended is told":             {Spec{Name: "minor"}, "0.5.0-dev", "0.5.0-dev 0.6.0", "0.5.0-dev", OtherLines{Tags: []string{"0.6.0"}, Settings: []string{`matchPreRelease: "false"`}}},
		"a range in another line is told":              {Spec{Name: "semver:>=2"}, "1.0.0-r1", "1.0.0-r1 2.0.0 2.1.0-alpine", "1.0.0-r1", OtherLines{Tags: []string{"2.0.0"}, Settings: []string{"filter and extract"}}},
		"a date with hyphens":                          {Spec{Name: "all"}, "2025-08-05", "2025-08-05 2025-09-02 2026-08-05 2026-10-01", "2026-10-01", OtherLines{}},
		"Plex":                                         {plex, "1.28.0.5999-97678ded3", "1.28.0.5999-97678ded3 1.28.1.6104-788f82488 1.28.1.6092-aaaaaaaaa", "1.28.1.6104-788f82488", OtherLines{}},
		"builds that extract alike":                    {Spec{Name: "minor", Filter: `^(.*)-ls\d+$`, Extract: "$1"}, "1.40.2-ls5", "1.40.2-ls5 1.41.0-ls9 1.41.0-ls10 1.41.0-ls11", "1.41.0-ls11", OtherLines{}},
		"Temurin under a range":                        {Spec{Name: "semver:^17"}, "17.0.3_7-jdk-alpine", "17.0.3_7-jdk-alpine 17.0.5_8-jdk-alpine", "17.0.5_8-jdk-alpine", OtherLines{}},
		"a glob does not go back to the rc":            {Spec{Name: "glob:1.*"}, "1.2.0", "1.2.0 1.2.0-rc1 1.1.0", "1.2.0", OtherLines{}},
		"and leaves it":                                {Spec{Name: "glob:v1.*"}, "v1.3.0-rc.1", "v1.3.0-rc.1 v1.3.0", "v1.3.0", OtherLines{}},
		"and keeps the variant":                        {Spec{Name: "glob:1.*"}, "1.0", "1.0 1.0-jmx 1.1 1.1-jmx", "1.1", OtherLines{}},
		"a bare number does not go to a date":          {Spec{Name: "major"}, "3", "2 3 3.19 3.20.1 20210804 20230329 edge", "3", OtherLines{}},
		"nor behind a variant":                         {Spec{Name: "major"}, "3-alpine", "3-alpine 20230329-alpine", "3-alpine", OtherLines{}},
		"a range that names a pre-release":             {Spec{Name: "semver:=1.2.3-rc.1"}, "1.2.2", "1.2.2 1.2.3-rc.1", "1.2.3-rc.1", OtherLines{}},
		"a range that asks for all":                    {Spec{Name: "semver:>=1.0.0-0"}, "", "1.0.0 1.1.0-rc.1", "1.1.0-rc.1", OtherLines{}},
		"Flux's own example":                           {Spec{Name: "semver:^1.x-0"}, "1.0.0", "1.0.0 1.1.0-rc.1 2.0.0-rc.1", "1.1.0-rc.1", OtherLines{}},
		"a channel of Keel's tests":                    {Spec{Name: "major"}, "1.2.0-dev", "1.2.0-dev 1.3.0-dev 1.5.0 1.8.0-alpha", "1.3.0-dev", OtherLines{}},
		"a shorter tag stands for a longer":            {Spec{Name: "minor"}, "1.2", "1.2 1.2.7", "1.2", OtherLines{}},
		"but where the level leaves it nothing":        {Spec{Name: "patch"}, "1.2", "1.2 1.2.7", "1.2", OtherLines{Tags: []string{"1.2.7"}}},
		"the word of a stable tag is no pre-release's": {Spec{Name: "minor"}, "1.2.0", "1.2.0 1.3.0-dev 1.3.0-rc.1-alpine", "1.2.0", OtherLines{}},
	} {
		t.Run(name, func(t *testing.T) {
			p, tags := parsed(t, test.spec), strings.Fields(test.tags)
			if got := p.Select(NewIndex(tags), test.current); got.Tag != test.want {
				t.Errorf("got %q (%s), want %q", got.Tag, got.Reason, test.want)
			}
			if got := p.OtherLines(nil, NewIndex(tags), test.current, nil); test.want == test.current {
				if diff := cmp.Diff(test.others, got); diff != "" {
					t.Errorf("other lines (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestOtherLinesText(t *testing.T) {
	for want, others := range map[string]OtherLines{
		"": {},
		"nothing newer in its line; variant: ubi* would let in 3-ubi9, 2-ubi9 and more": {Tags: []string{"3-ubi9", "2-ubi9"}, More: 2, Settings: []string{"variant: ubi*"}},
		"nothing newer in its line; filter and extract, or variant: a* would let in b":  {Tags: []string{"b"}, Settings: []string{"filter and extract", "variant: a*"}},
		"nothing newer in its line; others have 1.9.0-slim":                             {Tags: []string{"1.9.0-slim"}},
	} {
		if got := others.Text(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What is advised for a tag that is no version never leads out of its variant.
func TestAdviceForNoVersion(t *testing.T) {
	for tag, want := range map[string]Reason{
		"latest": StayNotAVersion, "main": StayNotAVersion, "9f8e7d6c": StayNotAVersion,
		"alpine": StayUnreadVersion, "latest-alpine": StayUnreadVersion, "alpine-2.3.0": StayUnreadVersion,
		"release-1.2.3": StayUnreadVersion, "ci-0.150.0": StayUnreadVersion, "RELEASE.2024-01-01T16-36-33Z": StayUnreadVersion,
		"1.2.3.4.5": StayUnreadVersion, "4.2.21.Final": StayUnreadVersion, "stable-slim": StayUnreadVersion,
	} {
		if got := parsed(t, Spec{Name: "minor"}).Select(NewIndex([]string{"1.0.0"}), tag); got.Reason != want || got.Tag != tag {
			t.Errorf("%s: got %+v, want %s", tag, got, want)
		}
	}
}
