package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	maxReferences = 16     // groups in a template
	maxText       = maxTag // bytes of an extracted text
)

// filter narrows tags, and rewrites them for comparison where it has a
// template.
type filter struct {
	pattern, template string
	re                *regexp.Regexp
	steps             int // of re
}

func parseFilter(c *Compiler, pattern string) (*filter, error) {
	if pattern == "" {
		return nil, nil
	}
	found, err := c.compile(pattern)
	if err == nil {
		err = found.ofTags()
	}
	if err != nil {
		return nil, err
	}
	return &filter{pattern: pattern, re: found.re, steps: found.steps}, nil
}

// parseExtract adds the template to the filter. Go leaves out a group that it
// does not know, which would make every tag extract alike: it is refused.
func (p *Policy) parseExtract() error {
	template := p.spec.Extract
	switch {
	case template == "":
		return nil
	case p.spec.Filter == "":
		return errors.New("nothing to extract from; allowed: together with filter")
	case len(template) > maxExpression:
		return fmt.Errorf("%d bytes; allowed: at most %d", len(template), maxExpression)
	case p.filter == nil:
		return nil // the filter's own fault is told already
	}
	groups, err := templateReferences(template)
	if err != nil {
		return err
	}
	if len(groups) > maxReferences {
		return fmt.Errorf("%d groups; allowed: at most %d", len(groups), maxReferences)
	}
	for _, group := range groups {
		if !p.filter.has(group) {
			return fmt.Errorf("%q is no group of the filter; allowed: %s", group, p.filter.groups())
		}
	}
	p.filter.template = template
	return nil
}

// templateReferences returns the groups that a template names, as Regexp.Expand reads
// it.
func templateReferences(template string) ([]string, error) {
	var groups []string
	for {
		_, rest, found := strings.Cut(template, "$")
		if !found {
			return groups, nil
		}
		if after, escaped := strings.CutPrefix(rest, "$"); escaped {
			template = after
			continue
		}
		name := rest[:wordLength(rest)]
		if braced, ok := strings.CutPrefix(rest, "{"); ok {
			name = braced[:wordLength(braced)]
			if !strings.HasPrefix(braced[len(name):], "}") {
				return nil, errors.New("'${' without '}'; allowed: $1, $name, ${name}")
			}
		}
		if name == "" {
			return nil, errors.New("'$' without a group; allowed: $1, $name, ${name}, and $$ for the sign itself")
		}
		groups = append(groups, name)
		template = rest
	}
}

func wordLength(s string) int {
	n := 0
	for n < len(s) && s[n] != '-' && s[n] != '.' && tagCharacters(s[n:n+1]) {
		n++
	}
	return n
}

func (f *filter) has(group string) bool {
	if n, err := strconv.Atoi(group); err == nil && leadingDigits(group) == len(group) {
		return n <= f.re.NumSubexp()
	}
	return f.re.SubexpIndex(group) >= 0
}

func (f *filter) groups() string {
	names := make([]string, 0, 1+f.re.NumSubexp())
	names = append(names, "$0")
	for i, name := range f.re.SubexpNames()[1:] {
		if name == "" {
			name = fmt.Sprint(i + 1)
		}
		names = append(names, "${"+name+"}")
	}
	return strings.Join(names, ", ")
}

// text returns what the filter makes of the tag, and false if it drops it.
func (f *filter) text(tag string) (string, bool) {
	if f.template == "" {
		return tag, f.re.MatchString(tag)
	}
	at := f.re.FindStringSubmatchIndex(tag)
	if at == nil {
		return "", false
	}
	text := f.re.ExpandString(nil, f.template, tag, at)
	return string(text), len(text) <= maxText
}

// apply shows the tags as the filter and the variants make them; no filter
// changes none.
// apply returns nil where ended is true before it is through.
func (f *filter) apply(ended func() bool, tags []string, counted variants) *view {
	kept, texts := tags, tags
	if f != nil {
		var whole bool
		if kept, texts, whole = f.narrow(ended, tags); !whole {
			return nil
		}
	}
	return newView(kept, texts, make([]keyed, 2*len(texts)), counted)
}

func (f *filter) narrow(ended func() bool, tags []string) (kept, texts []string, whole bool) {
	kept, texts = make([]string, 0, len(tags)), make([]string, 0, len(tags))
	for i, tag := range tags {
		if i%matchedAtOnce == 0 && ended != nil && ended() {
			return nil, nil, false
		}
		if text, ok := f.text(tag); ok {
			kept, texts = append(kept, tag), append(texts, text)
		}
	}
	if f.template == "" {
		texts = kept
	}
	return kept, texts, true
}
