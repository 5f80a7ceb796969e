package policy

import (
	"errors"
	"fmt"
	"strings"
)

// term is one part of an alternative: an operator with a version that may be
// short, or a hyphen range.
type term struct {
	operator string
	bound    partial
	upper    *partial // of a hyphen range
}

// partial is a version of which parts may be missing or wildcards.
type partial struct {
	version
	numbers int // parts that are numbers, 0 to 3
	text    string
	// all: -0 asks for every pre-release.
	all bool
	// early: a short bound begins with the pre-releases of its first version.
	early bool
}

// splitTerms reads an alternative. An operator may stand apart from its
// version; versions never stand together.
func splitTerms(text string, preReleases bool) ([]term, error) {
	var terms []term
	for group := range strings.SplitSeq(text, ",") {
		fields := strings.FieldsFunc(group, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(fields) == 0 {
			return nil, errors.New("nothing on one side of a comma or ||; allowed: " + rangeExamples)
		}
		for len(fields) > 0 {
			t, rest, err := nextTerm(fields, preReleases)
			if err != nil {
				return nil, err
			}
			terms, fields = append(terms, t), rest
		}
	}
	return terms, nil
}

func nextTerm(fields []string, preReleases bool) (t term, rest []string, err error) {
	first := fields[0]
	bound := strings.TrimLeft(first, operatorCharacters)
	t.operator = first[:len(first)-len(bound)]
	if !operators[t.operator] {
		return t, nil, fmt.Errorf("unknown operator %q; allowed: =, !, >, >=, <, <=, ^, ~", t.operator)
	}
	if usual, ok := aliases[t.operator]; ok {
		t.operator = usual
	}
	rest = fields[1:]
	if bound == "" {
		if len(rest) == 0 {
			return t, nil, fmt.Errorf("no version after %q; allowed: %s", t.operator, rangeExamples)
		}
		bound, rest = rest[0], rest[1:]
	}
	if t.bound, err = parsePartial(bound, preReleases); err != nil {
		return t, nil, err
	}
	if len(rest) == 0 || rest[0] != "-" {
		return t, rest, nil
	}
	if t.operator != "" || len(rest) < 2 {
		return t, nil, errors.New("hyphen range without two plain versions; allowed: 1.2 - 1.4")
	}
	upper, err := parsePartial(rest[1], preReleases)
	t.upper = &upper
	return t, rest[2:], err
}

const operatorCharacters = "<>=!^~"

var operators = map[string]bool{
	"": true, "=": true, "==": true, "!": true, "!=": true,
	">": true, ">=": true, "<": true, "<=": true, "^": true, "~": true,
	"=>": true, "=<": true, "~>": true,
}

// aliases are other spellings that npm or Masterminds take.
var aliases = map[string]string{"=>": ">=", "=<": "<=", "~>": "~"}

// parsePartial reads a bound: [v]P[.P[.P]][-pre-release], where P is a number
// or a wildcard.
func parsePartial(text string, preReleases bool) (partial, error) {
	p := partial{text: text}
	written, suffix, hasSuffix := strings.Cut(strings.TrimPrefix(text, "v"), "-")
	parts := strings.Split(written, ".")
	if err := p.readParts(parts); err != nil {
		return p, err
	}
	p.early = preReleases && p.numbers < 3
	switch {
	case !hasSuffix:
		return p, nil
	case suffix == lowest:
		p.all = true
		if p.early = p.numbers < 3; !p.early {
			p.pre = lowest
		}
		return p, nil
	}
	if !p.readSuffix(suffix) || p.pre == "" || p.variant != "" || p.revision.count > 0 {
		return p, badBound(text, "its suffix is no pre-release; a range compares versions, and the variant follows the current tag")
	}
	if p.numbers < 3 {
		return p, fmt.Errorf("bound %q: a pre-release of no one version; allowed: all three numbers, as in 1.2.0-rc.1, "+
			"-0 for every pre-release, or matchPreRelease: \"false\"", text)
	}
	return p, nil
}

func (p *partial) readParts(parts []string) error {
	fields := [...]*uint64{&p.major, &p.minor, &p.patch}
	if len(parts) > len(fields) {
		return badBound(p.text, "more than three parts")
	}
	for i, part := range parts {
		if part == "*" || part == "x" || part == "X" {
			continue
		}
		n, ok := parseNumber(part[:leadingDigits(part)])
		switch {
		case !ok || leadingDigits(part) != len(part):
			return badBound(p.text, "not a version")
		case p.numbers < i:
			return badBound(p.text, "a number after a wildcard")
		}
		*fields[i] = n //nolint:gosec // no more parts than fields, checked above
		p.numbers++
	}
	return nil
}

func badBound(text, why string) error {
	return fmt.Errorf("bound %q: %s; allowed: %s", text, why, rangeExamples)
}

// whole reports a bound that names one version.
func (p partial) whole() bool { return p.numbers == 3 }

// lower is the first version that the bound covers.
func (p partial) lower() version {
	if p.early {
		return p.from()
	}
	return p.version
}

// from is lower with the pre-releases of the first version.
func (p partial) from() version {
	v := p.version
	if v.pre == "" {
		v.pre = lowest
	}
	return v
}

// after returns the first release with a higher number at the place: 0 is the
// major version.
func (p partial) after(place int) (version, error) {
	v := version{major: p.major, minor: p.minor, patch: p.patch}
	field := [...]*uint64{&v.major, &v.minor, &v.patch}[place]
	if *field++; *field == 0 {
		return v, badBound(p.text, "the number is too large")
	}
	if place < 2 {
		v.patch = 0
	}
	if place < 1 {
		v.minor = 0
	}
	return v, nil
}
