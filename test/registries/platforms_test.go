package registries

import (
	"testing"
	"time"
)

// What a workload's nodes cannot run is no candidate, and the writer is told of
// which newer one that was. A digest is looked into once.
func TestPlatforms(t *testing.T) {
	backend := distribution(t, read{})
	both := built{platforms: []string{"linux/amd64", "linux/arm64"}}
	amd64 := built{platforms: []string{"linux/amd64"}, index: true}
	type asked = map[string]int
	for name, test := range map[string]struct {
		repository string
		newer      []built // 1.0.1 and so on
		platforms  string
		want       func(image string) answer
		// tags are those that are looked at, and contents what is read of them beside the
		// ping and the list, at first.
		tags, contents int
	}{
		"the newest one is for amd64 alone": {
			"next", []built{both, amd64}, "linux/arm64",
			func(image string) answer {
				return moved(image, "1.0.1", "policy patch; 1.0.2: not built for linux/arm64")
			},
			2, 2,
		},
		"and so does the workload run": {
			"same", []built{both, amd64}, "linux/amd64",
			func(image string) answer { return moved(image, "1.0.2", "policy patch") }, 1, 1,
		},
		"the workload may run on either": {
			"either", []built{both, amd64}, "linux/arm64, linux/amd64",
			func(image string) answer {
				return moved(image, "1.0.1", "policy patch; 1.0.2: not built for linux/arm64")
			},
			2, 2,
		},
		"nobody asks": {
			"nobody", []built{both, amd64}, "",
			func(image string) answer { return moved(image, "1.0.2", "policy patch") }, 0, 0,
		},
		"no newer one is for it": {
			"none", []built{amd64, amd64}, "linux/s390x",
			func(image string) answer { return kept(image, "stays at 1.0.0: 1.0.2: not built for linux/s390x") },
			2, 2,
		},
		"an attestation is for no platform": {
			"attested", []built{{platforms: []string{"linux/amd64"}, attested: true, index: true}}, "linux/arm64",
			func(image string) answer { return kept(image, "stays at 1.0.0: 1.0.1: not built for linux/arm64") },
			1, 1,
		},
		"nothing but attestations": {
			"empty", []built{both, {attested: true, index: true}}, "linux/arm64",
			func(image string) answer { return moved(image, "1.0.1", "policy patch; 1.0.2: no container image") },
			2, 2,
		},
		"a single manifest tells its platform in its config": {
			"single", []built{{platforms: []string{"linux/arm64"}}, {platforms: []string{"linux/amd64"}}}, "linux/arm64",
			func(image string) answer {
				return moved(image, "1.0.1", "policy patch; 1.0.2: not built for linux/arm64")
			},
			2, 4,
		},
		"a variant runs a lower one, and no higher": {
			"variant", []built{{platforms: []string{"linux/arm/v6"}}, {platforms: []string{"linux/arm/v7"}}}, "linux/arm/v6",
			func(image string) answer {
				return moved(image, "1.0.1", "policy patch; 1.0.2: not built for linux/arm/v6")
			},
			2, 4,
		},
		"arm64 is arm64/v8": {
			"alias", []built{{platforms: []string{"linux/arm64/v8"}, index: true}}, "linux/arm64",
			func(image string) answer { return moved(image, "1.0.1", "policy patch") }, 1, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			repository := "/a/" + test.repository
			pushBuilt(t, backend+repository, "1.0.0", both)
			for i, b := range test.newer {
				pushBuilt(t, backend+repository, []string{"1.0.1", "1.0.2"}[i], b)
			}
			p, now := newProxy(t, backend), newClock()
			image, a := p.host()+repository+":1.0.0", newAdmission(t, timed(now))
			var annotations []string
			if test.platforms != "" {
				annotations = []string{"garboard.dev/platforms", test.platforms}
			}
			first := asked{ping: 1, list: 1}
			again := asked{list: 1} // a minute later tags may point elsewhere, but what they point at is known
			if test.tags > 0 {
				first[content], again[digest] = test.contents, test.tags
			}
			for _, step := range []struct {
				after time.Duration
				asked asked
			}{{0, first}, {0, asked{}}, {time.Minute, again}} {
				now.Step(step.after)
				check(t, a.create(t, image, "patch", annotations...), test.want(image))
				checkRequests(t, p, step.asked)
			}
		})
	}
}

// What is pinned is the index: the digest of one platform's image would run on no
// other.
func TestPinIsTheDigestOfTheIndex(t *testing.T) {
	backend := distribution(t, read{})
	both := built{platforms: []string{"linux/amd64", "linux/arm64"}}
	pushBuilt(t, backend+"/a/b", "1.0.0", both)
	index := pushBuilt(t, backend+"/a/b", "1.0.1", both)
	a, image := newAdmission(t, reachable()), backend+"/a/b:1.0.0"
	want := pinned(image, "1.0.1", index, "policy patch")
	check(t, a.create(t, image, "patch", "garboard.dev/pin", "digest"), want)
	check(t, a.create(t, image, "patch", "garboard.dev/pin", "digest", "garboard.dev/platforms", "linux/arm64"), want)
}
