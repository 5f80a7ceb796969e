package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blang/semver/v4"
)

// span is a compiled range. The range itself is blang's; what blang refuses or
// takes to mean something else is translated before it sees it.
type span struct {
	match semver.Range
	// within is the same as intervals: what tells a range that holds nothing,
	// and where a search need not look.
	within intervals
	// low and high enclose within; high is outside, and nil for no bound.
	low, high *entry
	// names reports a range that asks for pre-releases, each alternative for
	// its own.
	names        bool
	alternatives []alternative
}

// alternative is a list of terms that must all hold.
type alternative struct {
	match semver.Range
	// all pre-releases with a number are asked for, or those of the named x.y.z;
	// a channel only by its word.
	all   bool
	named []entry
}

// contains reports whether the version lies in the range. Whether a
// pre-release may be chosen at all is not the range's matter.
func (s *span) contains(v version) bool {
	return s.match(v.semver(v.identifiers()))
}

// asksFor reports whether a pre-release, given twice, lies in an alternative
// that asks for it.
func (s *span) asksFor(e *entry, v semver.Version) bool {
	for i := range s.alternatives {
		if s.alternatives[i].asksFor(e) && s.alternatives[i].match(v) {
			return true
		}
	}
	return false
}

func (a *alternative) asksFor(e *entry) bool {
	if a.all && !e.channel() {
		return true
	}
	for i := range a.named {
		if a.named[i].sameNumber(e) && (!e.channel() || e.suffix == a.named[i].suffix) {
			return true
		}
	}
	return false
}

// parseRange reads a range: alternatives joined by ||, each a list of terms
// that must all hold, joined by blanks or commas. Where pre-releases are
// candidates, a short lower bound begins with those of its first version.
func parseRange(text string, preReleases bool) (*span, error) {
	switch {
	case len(text) > maxExpression:
		return nil, fmt.Errorf("range of %d bytes; allowed: at most %d", len(text), maxExpression)
	case strings.Trim(text, " \t") == "":
		return nil, errors.New("empty range; allowed: " + rangeExamples)
	}
	var whole *span
	for part := range strings.SplitSeq(text, "||") {
		s, err := parseAlternative(part, preReleases)
		if err != nil {
			return nil, err
		}
		whole = whole.or(s)
	}
	whole.low, whole.high = whole.within.bounds()
	return whole, nil
}

const rangeExamples = `>=1.2 <2, ^1.2, ~1.2, 1.x, 1.2 - 1.4, !1.3.1, joined by "||"`

func parseAlternative(text string, preReleases bool) (*span, error) {
	terms, err := splitTerms(text, preReleases)
	if err != nil {
		return nil, err
	}
	var s *span
	var asked alternative
	for _, term := range terms {
		t, err := term.span()
		if err != nil {
			return nil, err
		}
		s = s.and(t)
		asked.ask(&term)
	}
	if len(s.within) == 0 {
		return nil, fmt.Errorf("%q matches no version; allowed: alternatives joined by %q", strings.Trim(text, " \t"), "||")
	}
	asked.match = s.match
	s.names = asked.all || len(asked.named) > 0
	s.alternatives = []alternative{asked}
	return s, nil
}

// ask adds the pre-releases that a term names. One that is shut out, and the -0
// of an upper bound, which only says where it ends, ask for none.
func (a *alternative) ask(t *term) {
	if t.operator == "!" || t.operator == "!=" {
		return
	}
	bounds := []*partial{&t.bound}
	if t.upper != nil {
		bounds = append(bounds, t.upper)
	}
	for _, b := range bounds {
		switch {
		case b.pre != "" && b.pre != lowest:
			a.named = append(a.named, b.entry())
		case b.all && b == &t.bound && t.operator != "<" && t.operator != "<=":
			a.all = true
		}
	}
}

func (s *span) or(t *span) *span {
	if s == nil {
		return t
	}
	return &span{
		match: s.match.OR(t.match), within: s.within.or(t.within),
		names: s.names || t.names, alternatives: slices.Concat(s.alternatives, t.alternatives),
	}
}

func (s *span) and(t *span) *span {
	if s == nil {
		return t
	}
	return &span{match: s.match.AND(t.match), within: s.within.and(t.within)}
}

// comparator is one comparison with a complete version, in blang's terms.
type comparator struct {
	operator string
	bound    version
}

func (c comparator) span() (*span, error) {
	match, err := semver.ParseRange(c.String())
	if err != nil {
		return nil, fmt.Errorf("translating to %q: %w", c, err)
	}
	return &span{match: match, within: c.intervals()}, nil
}

func (c comparator) String() string {
	v := c.bound
	text := fmt.Sprintf("%s%d.%d.%d", c.operator, v.major, v.minor, v.patch)
	if v.pre != "" {
		text += "-" + v.pre
	}
	if v.preNumbered {
		text += fmt.Sprintf(".%d", v.preNumber)
	}
	return text
}

// lowest is the pre-release below all others, as in <2.0.0-0.
const lowest = "0"
