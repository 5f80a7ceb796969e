package registries

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// newest goes by the date of the build, wherever an image has it. What runs is
// a, and it is pinned where it stays.
func TestDates(t *testing.T) {
	backend := distribution(t, read{})
	on := func(date string) built { return built{platforms: []string{"linux/amd64"}, created: date} }
	index := func(config, annotation string) built {
		return built{platforms: []string{"linux/amd64", "linux/arm64"}, created: config, annotated: annotation}
	}
	type asked = map[string]int
	const noDate = "stays at a: no image has a usable build date"
	for name, test := range map[string]struct {
		repository string
		a, b, c    built
		want       string // a tag, or why a stays as it is
		contents   int
	}{
		"the date of the config":                {"config", on("2024-01-01"), on("2026-01-01"), on("2025-01-01"), "b", 6},
		"what runs is the newest":               {"runs", on("2026-01-01"), on("2024-01-01"), on("2025-01-01"), "a", 6},
		"two are of one day: what runs":         {"tie", on("2026-01-01"), on("2026-01-01"), on("2025-01-01"), "a", 6},
		"1970, as Bazel and Nix have it":        {"epoch", on("2024-01-01"), on("1970-01-01"), on("1980-01-01"), "a", 6},
		"none, beside one that has":             {"some", on(""), on(""), on("1999-01-01"), "c", 6},
		"none anywhere":                         {"none", on(""), on("1970-01-01"), on(""), noDate, 6},
		"in the future: a clock that was wrong": {"future", on("2024-01-01"), on("2999-01-01"), on("2025-01-01"), "b", 6},
		"an index has that of its amd64 image":  {"index", index("2024-01-01", ""), index("2025-01-01", ""), index("2026-01-01", ""), "c", 9},
		"an index's annotation goes before": {
			"annotation", index("2024-01-01", ""), index("2026-01-01", "2023-05-05T00:00:00Z"), index("2023-01-01", "2025-05-05T00:00:00+02:00"), "c", 5,
		},
		"an annotation that is no date": {"bad", index("2024-01-01", "yesterday"), index("2025-01-01", "1970-01-01T00:00:00Z"), on("2023-01-01"), "b", 8},
	} {
		t.Run(name, func(t *testing.T) {
			digests := map[string]string{}
			for tag, b := range map[string]built{"a": test.a, "b": test.b, "c": test.c} {
				digests[tag] = pushBuilt(t, backend+"/a/"+test.repository, tag, b)
			}
			p, now := newProxy(t, backend), newClock()
			image, a := p.host()+"/a/"+test.repository+":a", newAdmission(t, timed(now))
			want := kept(image, test.want)
			if known, ok := digests[test.want]; ok {
				want = pinned(image, test.want, known, "policy newest")
			}
			for i, step := range []struct {
				after time.Duration
				asked asked
			}{
				{0, asked{ping: 1, list: 1, digest: 3, content: test.contents}},
				{0, asked{}},
				{time.Minute, asked{list: 1, digest: 1}},      // of what runs
				{10 * time.Minute, asked{list: 1, digest: 3}}, // and of the others, in their time
			} {
				now.Step(step.after)
				check(t, a.create(t, image, "newest"), want)
				if diff := cmp.Diff(step.asked, p.since()); diff != "" {
					t.Errorf("requests of step %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}
