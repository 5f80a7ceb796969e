package keel

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Rule is what Keel reads of a workload to choose a tag by.
type Rule struct {
	Policy string
	// MatchTag is read for force alone: the same tag, whatever its digest.
	MatchTag bool
	// AnyPreRelease is matchPreRelease: "false".
	AnyPreRelease bool
}

// latest is the one tag that Keel leaves for anything.
const latest = "latest"

// Follows reports whether Keel rolls out the same tag when its digest changes.
func (r Rule) Follows() bool { return r.Policy == "force" && r.MatchTag }

// Moves reports whether Keel moves anything by the rule: not by never, nor by a policy
// that it does not know or cannot read.
func (r Rule) Moves() bool { return r.chooser() != nil }

// Answer is the tag that Keel's next poll moves a container to, out of the tags as the
// registry lists them; the current one where it stays.
func (r Rule) Answer(current string, tags []string) string {
	choose := r.chooser()
	if choose == nil || r.Follows() {
		return current
	}
	return cmp.Or(choose(current, tags), current)
}

// chooser is how the rule chooses; nil where it moves nothing.
func (r Rule) chooser() func(current string, tags []string) string {
	kind, pattern, _ := strings.Cut(r.Policy, ":")
	switch {
	case slices.Contains([]string{"all", "major", "minor", "patch"}, r.Policy):
		return r.byLevel
	case r.Policy == "force":
		return byForce
	case kind == "glob" && pattern != "" && !strings.Contains(pattern, ":"):
		return func(current string, tags []string) string { return byGlob(pattern, current, tags) }
	case kind == "regexp":
		if re, err := regexp.Compile(pattern); err == nil {
			return func(_ string, tags []string) string { return byRegexp(re, tags) }
		}
	}
	return nil
}

// byLevel is all, major, minor and patch. A candidate has a dot.
func (r Rule) byLevel(current string, tags []string) string {
	from, known := parseVersion(current)
	if !known && current != latest {
		return ""
	}
	for _, tag := range sortDescending(tags) {
		if !hasDot(tag) {
			continue
		}
		to, _ := parseVersion(tag)
		if current == latest || to.compare(from) > 0 && r.reaches(from, to) {
			return tag
		}
	}
	return ""
}

// reaches reports whether a level leads from one version to a higher one.
func (r Rule) reaches(from, to version) bool {
	if r.Policy == "all" {
		return true
	}
	if !r.AnyPreRelease && from.pre != to.pre {
		return false
	}
	same := map[string]int{"major": 0, "minor": 1, "patch": 2}[r.Policy]
	return slices.Equal(from.numbers[:same], to.numbers[:same])
}

// byForce is force without matchTag: the first tag, but of two versions the higher one.
func byForce(current string, tags []string) string {
	from, known := parseVersion(current)
	candidates := sortDescending(tags)
	for _, tag := range tags {
		if _, is := parseVersion(tag); !is {
			candidates = append(candidates, tag)
		}
	}
	for _, tag := range candidates {
		to, is := parseVersion(tag)
		if !known || !is || to.compare(from) > 0 {
			return tag // the current one, too: Keel then updates to what runs
		}
	}
	return ""
}

// sortDescending are the tags that are versions, the highest first. Of equal ones the
// registry's order counts.
func sortDescending(tags []string) []string {
	var versions []string
	for _, tag := range tags {
		if _, ok := parseVersion(tag); ok {
			versions = append(versions, tag)
		}
	}
	slices.SortStableFunc(versions, func(a, b string) int {
		x, _ := parseVersion(a)
		y, _ := parseVersion(b)
		return y.compare(x)
	})
	return versions
}

// byGlob takes the highest text that matches, where it is above the current one.
func byGlob(pattern, current string, tags []string) string {
	literal := strings.NewReplacer(`\`, `\\`, `?`, `\?`, `[`, `\[`).Replace(pattern) // to Keel they are themselves
	best := ""
	for _, tag := range tags {
		if matches, err := path.Match(literal, tag); err == nil && matches && tag > current && tag > best {
			best = tag
		}
	}
	return best
}

// byRegexp takes the highest text that matches, or the one with the highest text in
// the group compare, whatever runs now.
func byRegexp(re *regexp.Regexp, tags []string) string {
	best, bestKey := "", ""
	for _, tag := range tags {
		found := re.FindStringSubmatch(tag)
		if found == nil {
			continue
		}
		key := tag
		if i := re.SubexpIndex("compare"); i >= 0 {
			key = found[i]
		}
		if best == "" || key > bestKey {
			best, bestKey = tag, key
		}
	}
	return best
}
