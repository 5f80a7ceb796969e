package policy

import (
	"slices"
	"strings"
)

// OtherLines are the tags that a selection passes over: higher than the current
// one, such as the policy allows, but of another line. The zero value is none.
type OtherLines struct {
	// Tags are up to three examples, the highest first, of different lines.
	Tags []string `json:"tags"`
	// More is how many lines like those have a higher tag, too.
	More int `json:"more,omitempty"`
	// Settings are those that would let the examples in, as they are written:
	// "variant: alpine*", "filter and extract", `matchPreRelease: "false"`. There
	// are none where the way would lead out of the variant.
	Settings []string `json:"settings,omitempty"`
}

// maxExamples is how many tags of other lines are named.
const maxExamples = 3

// Text is what is passed over, as a clause for people; empty where nothing is.
func (o OtherLines) Text() string {
	if len(o.Tags) == 0 {
		return ""
	}
	examples := strings.Join(o.Tags, ", ")
	if o.More > 0 {
		examples += " and more"
	}
	if len(o.Settings) == 0 {
		return "nothing newer in its line; others have " + examples
	}
	return "nothing newer in its line; " + strings.Join(o.Settings, ", or ") + " would let in " + examples
}

// OtherLines tells what Select passes over where it stays for StayOtherLines, or
// for StayNoCandidate under a range. It looks at every line, and is meant for
// what people read. Once ended is true it tells nothing: see SelectUntil.
func (p *Policy) OtherLines(ended func() bool, ix *Index, current string, allow func(tag string) bool) OtherLines {
	view, whole := ix.viewUntil(ended, p)
	if !whole {
		return OtherLines{}
	}
	s := search{policy: p, view: view, current: current, allow: allow}
	s.read()
	if !s.isVersion || !p.hasLines() {
		return OtherLines{}
	}
	s.readAlone()
	var found []passed
	for i := range s.view.lines {
		if e := s.higherIn(&s.view.lines[i]); e != nil {
			found = append(found, s.passed(e))
		}
	}
	slices.SortFunc(found, func(a, b passed) int { return a.compare(&b) })
	var out OtherLines
	for i := range found {
		if (found[i].setting == "") != (found[0].setting == "") {
			break // of another variant
		}
		if i >= maxExamples {
			out.More++
			continue
		}
		out.Tags = append(out.Tags, found[i].tag)
		if way := found[i].setting; way != "" && !slices.Contains(out.Settings, way) {
			out.Settings = append(out.Settings, way)
		}
	}
	return out
}

// hasLines reports a policy that keeps a container in its line.
func (p *Policy) hasLines() bool {
	switch p.kind {
	case kindAll, kindMajor, kindMinor, kindPatch, kindSemver:
		return true
	default:
		return false
	}
}

// passed is a tag of another line, and the setting that would let it in.
type passed struct {
	tag, setting string
	version      version
}

// compare puts first what a setting lets in, then what is higher.
func (p *passed) compare(other *passed) int {
	if (p.setting == "") != (other.setting == "") {
		return strings.Compare(other.setting, p.setting)
	}
	if c := compareVersions(&other.version, &p.version); c != 0 {
		return c
	}
	return compareTags(other.tag, p.tag)
}

func (s *search) passed(e *entry) passed {
	v, _ := parseVersion(s.view.texts[e.tag])
	return passed{tag: s.view.tags[e.tag], setting: s.lettingIn(&v), version: v}
}

// lettingIn names the setting that lets in a version of another line, without
// leaving what the image is built on.
func (s *search) lettingIn(v *version) string {
	mine, its := s.view.variants.line(&s.version), s.view.variants.line(v)
	sameVariant := mine.variant == its.variant
	mine.variant, its.variant, mine.bare, its.bare = "", "", false, false
	switch {
	case mine.parts != its.parts, !sameVariant && !alikeVariants(s.version.variant, v.variant):
		return ""
	case mine != its:
		return "filter and extract"
	case sameVariant:
		return `matchPreRelease: "false"`
	}
	if _, commit := cutCommit(v.variant); commit {
		return "filter and extract"
	}
	if g := s.globOver(v.variant); g != "" {
		return "variant: " + g
	}
	return "filter and extract"
}

// globOver is a pattern of both variants that no other variant of the list
// matches; empty where there is none.
func (s *search) globOver(other string) string {
	const moving = "0123456789."
	mine := s.version.variant
	front, back := 0, 0
	for front < min(len(mine), len(other)) && mine[front] == other[front] {
		front++
	}
	for back < min(len(mine), len(other))-front && mine[len(mine)-1-back] == other[len(other)-1-back] {
		back++
	}
	before := strings.TrimRight(mine[:front], moving)
	after := strings.TrimLeft(mine[len(mine)-back:], moving)
	if before == "" && after == "" {
		return ""
	}
	g := glob(before + "*" + after)
	for i := range s.view.lines {
		if variant := s.view.lines[i].key.variant; g.match(variant) && variant != "" && !alikeVariants(mine, variant) {
			return ""
		}
	}
	return string(g)
}

// alikeVariants reports variants that differ in their numbers alone, or in the commit that
// they end in, too.
func alikeVariants(a, b string) bool {
	x, mine := cutCommit(a)
	y, its := cutCommit(b)
	if mine != its {
		return false
	}
	i, j, letters := 0, 0, mine
	for {
		for i < len(x) && counts(x[i]) {
			i++
		}
		for j < len(y) && counts(y[j]) {
			j++
		}
		switch {
		case i == len(x) || j == len(y):
			return i == len(x) && j == len(y) && letters
		case x[i] != y[j]:
			return false
		}
		i, j, letters = i+1, j+1, true
	}
}

// counts reports what numbers are made of, and what stands between them.
func counts(c byte) bool { return isDigit(c) || isSeparator(c) || c == '_' }

// cutCommit takes the commit off that a variant ends in, also as git describe writes it: the
// 4-g1a2b3c4 of 1.2.0-4-g1a2b3c4. ended is false where it ends in none.
func cutCommit(variant string) (rest string, ended bool) {
	last := lastPiece(variant)
	if !isCommit(last) && (last == "" || last[0] != 'g' || !isHash(last[1:])) {
		return variant, false
	}
	return variant[:len(variant)-len(last)], true
}

// isCommit reports a commit hash that is no number: one with a letter.
func isCommit(s string) bool { return isHash(s) && leadingDigits(s) < len(s) }

// isHash reports 7 to 40 hex digits.
func isHash(s string) bool {
	return len(s) >= 7 && len(s) <= 40 && strings.Trim(s, "0123456789abcdef") == ""
}
