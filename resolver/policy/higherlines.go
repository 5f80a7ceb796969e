package policy

import (
	"math"
	"slices"
	"strings"
)

// hasHigherLines reports whether a line that the container does not move among
// has a higher tag, such as the policy would take if it were of the line.
func (s *search) hasHigherLines() bool {
	s.readAlone()
	for i := range s.view.lines {
		if s.higherIn(&s.view.lines[i]) != nil {
			return true
		}
	}
	return false
}

// higherIn is the highest tag above the current one that the policy would take
// out of the line, if it were the current tag's own. A line of dates is never
// above one of counters.
func (s *search) higherIn(l *line) *entry {
	e := s.aboveFloor(l)
	if e != nil && s.otherCount(&l.key) && !s.laterRevision(e) {
		return nil
	}
	return e
}

func (s *search) aboveFloor(l *line) *entry {
	if l.key.bare || l.key.dates != s.key.dates {
		return nil
	}
	floor, other := s.floor(l)
	if !other || len(l.all) == 0 || compareEntries(&s.view.entries[l.all[len(l.all)-1]], &floor) <= 0 {
		return nil
	}
	above := &floor
	switch {
	case s.policy.kind != kindSemver:
		return s.highest(s.passable(l), s.reach(s.policy.kind), everything, above)
	case !s.contained():
		above = nil
	}
	if s.entry.channel() {
		return s.inSpan(l.all, everything, above)
	}
	return s.rangedLine(l, above)
}

// passable are the tags of another line that the policy would take: releases,
// unless it takes pre-releases, or the current tag is of a channel.
func (s *search) passable(l *line) order {
	if s.anyPreRelease() || s.entry.channel() {
		return l.all
	}
	return l.releases
}

// floor is what a tag of the line must be above to be higher than the current
// one; false for the current tag's own line.
func (s *search) floor(l *line) (floor entry, other bool) {
	key := l.key
	key.bare = s.key.bare
	own := key == s.key
	if own && !s.entry.channel() {
		return floor, false
	}
	floor = s.entry
	floor.tail = math.MaxUint64 // revisions of two lines have no order
	switch {
	case key.parts > s.key.parts && !s.stuck():
		floor.cover(s.key.parts)
	case !own && (s.climbs(&key) || s.otherCount(&key)):
		floor.lower()
	case !own && s.otherBuild(&key):
		floor.tail = s.entry.tail
	}
	return floor, true
}

// cover raises the entry above all that a tag of so many parts stands for: 1.2
// is 1.2.7, too.
func (e *entry) cover(parts uint8) {
	if parts == 1 {
		e.minor = math.MaxUint64
	}
	e.patch, e.suffix = math.MaxUint64, released
}

// stuck reports a level that leaves the current tag no other number to move to.
func (s *search) stuck() bool {
	r := s.reach(s.policy.kind)
	return r != reachAll && int(s.key.parts) <= int(r)
}

// readAlone notes whether no other tag has the variant of the current one. Then what tells
// variants apart may be a counter, such as that of 1.2.0-test3: of what an image is built on
// or for, each version has several, and each of these has other versions.
func (s *search) readAlone() {
	l := s.view.line(&s.key)
	s.alone = l == nil || len(l.all) <= 1
	s.builds = s.countsBuilds()
}

// countsBuilds reports a variant that begins with a number, right behind the version, of
// which there is a first one, too: 7.7.1-2-ubi8 beside 7.7.1-1-ubi8. A choice, such as the
// Node.js of 4.0.13-22-trixie, begins higher.
func (s *search) countsBuilds() bool {
	number, rest, found := strings.Cut(s.version.variant, "-")
	if !found || number == "" || leadingDigits(number) < len(number) {
		return false
	}
	key := s.key
	for _, first := range [...]string{"0", "1"} {
		if key.variant = first + "-" + rest; s.view.line(&key) != nil {
			return true
		}
	}
	return false
}

// climbs reports a variant that counts up: where the version has no more than one number,
// where it may be a counter, or where it ends in a commit, which a number stands before:
// 2022-CU12 is above 2022-CU9, and 1.2.0-5-g1a2b3c4 above 1.2.0-4-g1a2b3c4.
func (s *search) climbs(key *lineKey) bool {
	mine, committed := cutCommit(s.version.variant)
	its, too := cutCommit(key.variant)
	if key.parts != s.key.parts || key.form != s.key.form || committed != too {
		return false
	}
	counter := committed || s.alone || s.key.parts == 1 || countsPatches(mine) || s.builds && sameBehindNumber(mine, its)
	return counter && compareNatural(its, mine) > 0 && alikeVariants(s.version.variant, key.variant)
}

// sameBehindNumber reports variants that differ in the number alone that they begin with.
func sameBehindNumber(a, b string) bool {
	x, y := leadingDigits(a), leadingDigits(b)
	return x > 0 && y > 0 && a[x:] == b[y:]
}

// otherBuild reports a variant that differs by the commit that it ends in, and by nothing
// else: revisions in front of it have an order.
func (s *search) otherBuild(key *lineKey) bool {
	mine, committed := cutCommit(s.version.variant)
	its, too := cutCommit(key.variant)
	return committed && too && mine == its && key.parts == s.key.parts && key.form == s.key.form
}

// otherCount reports revisions of more or fewer numbers than the current one has: that of
// 9.3-1552.1706093463 is higher than that of 9.3-1552.
func (s *search) otherCount(key *lineKey) bool {
	mine, its := s.key.form, key.form
	if mine.suffix != numberForm || mine.numbers == its.numbers {
		return false
	}
	its.numbers = mine.numbers
	return mine == its && key.variant == s.key.variant && key.parts == s.key.parts
}

// laterRevision reports a tag of the current one's version, or not, whose revision is no
// lower, as far as numbers go.
func (s *search) laterRevision(e *entry) bool {
	if !e.sameRelease(&s.entry) {
		return true
	}
	v, ok := parseVersion(s.view.texts[e.tag])
	return ok && compareRevisions(&v.revision, &s.version.revision) > 0
}

// lower makes the entry the highest below its version and pre-release.
func (e *entry) lower() {
	e.tail = math.MaxUint64
	switch {
	case e.preNumber > 0:
		e.preNumber--
	case e.suffix > 0:
		e.suffix, e.preNumber = e.suffix-1, math.MaxUint64
	}
}

// patchWords are what patches of a version are counted by: 2.4.7-p1, v1.7.1-hotfix-1.
var patchWords = [...]string{"fix", "hf", "hotfix", "p", "patch", "pl", "post", "sp", "update"}

// countsPatches reports a variant that begins with such a word and a number, which is never
// a choice of what the image is built on or for.
func countsPatches(variant string) bool {
	variant = strings.TrimPrefix(variant, "_")
	end := 0
	for end < len(variant) && isLetter(variant[end]) {
		end++
	}
	return leadingDigits(strings.TrimLeft(variant[end:], "-.")) > 0 &&
		slices.ContainsFunc(patchWords[:], func(known string) bool { return strings.EqualFold(known, variant[:end]) })
}
