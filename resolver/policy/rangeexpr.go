package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/blang/semver/v4"
)

// span is a compiled range. The range itself is blang's; what blang refuses or
// takes to mean something else is translated before it sees it.
type span struct {
	match semver.Range
	// low and high enclose everything that may match, so that a search need
	// not try what lies outside. Nil is no bound.
	low, high *version
}

// contains reports whether the version lies in the range. Whether a
// pre-release may be chosen at all is not the range's matter.
func (s *span) contains(v version) bool {
	return s.match(v.semver(v.identifiers()))
}

// parseRange reads a range: alternatives joined by ||, each a list of terms
// that must all hold, joined by blanks or commas.
func parseRange(text string) (*span, error) {
	switch {
	case len(text) > maxExpression:
		return nil, fmt.Errorf("range of %d bytes; allowed: at most %d", len(text), maxExpression)
	case strings.Trim(text, " \t") == "":
		return nil, errors.New("empty range; allowed: " + rangeExamples)
	}
	var whole *span
	for alternative := range strings.SplitSeq(text, "||") {
		s, err := parseAlternative(alternative)
		if err != nil {
			return nil, err
		}
		whole = whole.or(s)
	}
	return whole, nil
}

const rangeExamples = `>=1.2 <2, ^1.2, ~1.2, 1.x, 1.2 - 1.4, !1.3.1, joined by "||"`

func parseAlternative(text string) (*span, error) {
	terms, err := splitTerms(text)
	if err != nil {
		return nil, err
	}
	var s *span
	for _, term := range terms {
		t, err := term.span()
		if err != nil {
			return nil, err
		}
		s = s.and(t)
	}
	if s.contradictory() {
		return nil, fmt.Errorf("%q matches no version; allowed: alternatives joined by %q", strings.Trim(text, " \t"), "||")
	}
	return s, nil
}

// contradictory reports terms that no version can satisfy together, such as
// "1.2.3 1.3.0".
func (s *span) contradictory() bool {
	if s.low == nil || s.high == nil {
		return false
	}
	c := compareVersions(s.low, s.high)
	return c > 0 || c == 0 && !s.contains(*s.low)
}

func (s *span) or(t *span) *span {
	if s == nil {
		return t
	}
	return &span{match: s.match.OR(t.match), low: outer(s.low, t.low, -1), high: outer(s.high, t.high, 1)}
}

func (s *span) and(t *span) *span {
	if s == nil {
		return t
	}
	return &span{match: s.match.AND(t.match), low: inner(s.low, t.low, 1), high: inner(s.high, t.high, -1)}
}

// outer returns the bound that lies further in the direction; none is furthest.
func outer(a, b *version, direction int) *version {
	if a == nil || b == nil {
		return nil
	}
	return inner(a, b, direction)
}

// inner returns the bound that lies further in the direction, which is inwards;
// none is no bound.
func inner(a, b *version, direction int) *version {
	switch {
	case a == nil:
		return b
	case b == nil || compareVersions(a, b) == direction:
		return a
	default:
		return b
	}
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
	s := &span{match: match}
	switch c.operator {
	case ">", ">=":
		s.low = &c.bound
	case "<", "<=":
		s.high = &c.bound
	case "==":
		s.low, s.high = &c.bound, &c.bound
	}
	return s, nil
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
