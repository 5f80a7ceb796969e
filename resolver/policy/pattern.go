package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// pattern is a glob or a regexp that says which tags match and what of them
// is compared.
type pattern struct {
	glob    glob
	re      *regexp.Regexp // nil for a glob
	steps   int            // of re
	compare int            // submatch that is compared; 0 is the whole tag
	exact   string         // the one text that matches; empty where there are more
}

// parseGlobPattern reads a glob. Over whole tags it may hold nothing that no
// tag holds; an extracted text may hold anything.
func parseGlobPattern(text string, wholeTags bool) (*pattern, error) {
	parse := parseGlob
	if wholeTags {
		parse = parseTagGlob
	}
	g, err := parse(text)
	p := &pattern{glob: g}
	if !strings.ContainsAny(text, "*?") {
		p.exact = text
	}
	return p, err
}

// parseRegexpPattern reads a regexp, over whole tags or over extracted texts as
// parseGlobPattern does.
func parseRegexpPattern(c *Compiler, text string, wholeTags bool) (*pattern, error) {
	found, err := c.compile(text)
	if err == nil && wholeTags {
		err = found.ofTags()
	}
	if err != nil {
		return nil, err
	}
	return &pattern{re: found.re, steps: found.steps, compare: max(found.re.SubexpIndex("compare"), 0), exact: exactText(text)}, nil
}

// key returns the part of the text that decides the order, if it matches.
func (p *pattern) key(text string) (string, bool) {
	if p.re == nil {
		return text, p.glob.match(text)
	}
	if p.compare == 0 {
		return text, p.re.MatchString(text)
	}
	at := p.re.FindStringSubmatchIndex(text)
	if at == nil {
		return "", false
	}
	if at[2*p.compare] < 0 {
		return "", true
	}
	return text[at[2*p.compare]:at[2*p.compare+1]], true
}

// whole reports whether key returns the text itself, so that the order is known
// before the costlier match.
func (p *pattern) whole() bool { return p.compare == 0 }

// glob is a pattern in which * stands for any text and ? for one character.
type glob string

func parseGlob(text string) (glob, error) {
	if text == "" {
		return "", errors.New("empty; allowed: a pattern with * and ?")
	}
	if len(text) > maxExpression {
		return "", fmt.Errorf("%d bytes; allowed: at most %d", len(text), maxExpression)
	}
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	return glob(text), nil
}

// parseTagGlob refuses what no tag holds: [0-9] and {a,b} of other tools would
// silently match nothing.
func parseTagGlob(text string) (glob, error) {
	for _, c := range text {
		if c != '*' && c != '?' && !tagCharacters(string(c)) {
			return "", fmt.Errorf("%q is in no tag; allowed: letters, digits, '.', '_', '-', and * and ?", c)
		}
	}
	return parseGlob(text)
}

// match needs no more than pattern times text steps: it only ever goes back to
// the last *.
func (g glob) match(text string) bool {
	var at, i int
	star, mark := -1, 0
	for i < len(text) {
		switch {
		case at < len(g) && g[at] == '*':
			star, mark = at, i
			at++
		case at < len(g) && (g[at] == '?' || g[at] == text[i]):
			at++
			i++
		case star >= 0:
			mark++
			at, i = star+1, mark
		default:
			return false
		}
	}
	for at < len(g) && g[at] == '*' {
		at++
	}
	return at == len(g)
}
