package policy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Bounds on what settings may hold: they come from writers of
// workloads.
const (
	maxExpression = 512 // bytes of a range, pattern, filter or template
	maxExclude    = 64  // globs
	maxVariant    = 16  // globs
)

// Spec is a policy as settings give it.
type Spec struct {
	// Name is exact and in lower case: all, major, minor, patch, semver:RANGE,
	// glob:PATTERN, regexp:RE, force, newest or never.
	Name string
	// MatchTag is read for force alone. The default is true where the current
	// tag is no version.
	MatchTag *bool
	// MatchPreRelease, set to false, allows any pre-release. The default is
	// true.
	MatchPreRelease *bool
	// Filter is a regexp that drops the tags that it does not match; Extract
	// rewrites the others for every comparison ($1, $name, ${name}). The
	// default is no filter, and the tag itself.
	Filter, Extract string
	// Exclude are globs of tags that are dropped.
	Exclude []string
	// Variant are globs of variants that count as one, in natural order after
	// the version: alpine* lets 1.2.0-alpine3.19 move to 1.2.1-alpine3.20. It
	// is read for all, major, minor, patch and semver: alone. The default is
	// none, which keeps each variant to the letter.
	Variant []string
}

// Fault is one setting that cannot be used. Field is the setting's name:
// policy, matchTag, filter, extract, exclude or variant. Allowed says what is wrong and
// what is allowed instead.
type Fault struct{ Field, Value, Allowed string }

// Error names the setting, what was given and what is allowed.
func (f Fault) Error() string {
	return fmt.Sprintf("%s: %q: %s", f.Field, short(f.Value), f.Allowed)
}

// short keeps a hostile value from filling a terminal.
func short(value string) string {
	const most = 80
	if len(value) <= most {
		return value
	}
	return strings.ToValidUTF8(value[:most], "") + "…"
}

// Faults are all the faults of one Spec, in the order of its fields.
type Faults []Fault

// Error joins the faults.
func (f Faults) Error() string {
	texts := make([]string, len(f))
	for i := range f {
		texts[i] = f[i].Error()
	}
	return strings.Join(texts, "; ")
}

// Parse compiles a policy by itself. Its error is of type Faults, and holds every
// fault at once.
func Parse(spec Spec) (*Policy, error) { return NewCompiler(math.MaxInt).Parse(spec) }

// Parse is the function Parse, for one of several policies that have a budget
// together.
func (c *Compiler) Parse(spec Spec) (*Policy, error) {
	spec.Exclude = slices.Clone(spec.Exclude)
	slices.Sort(spec.Exclude)
	spec.Variant = slices.Clone(spec.Variant)
	slices.Sort(spec.Variant)
	p := &Policy{spec: spec, preReleases: spec.MatchPreRelease != nil && !*spec.MatchPreRelease}
	var faults Faults
	note := func(field, value string, err error) {
		if err != nil {
			faults = append(faults, Fault{Field: field, Value: value, Allowed: err.Error()})
		}
	}
	note("policy", spec.Name, p.parseName(c))
	var err error
	p.filter, err = parseFilter(c, spec.Filter)
	note("filter", spec.Filter, err)
	note("extract", spec.Extract, p.parseExtract())
	p.exclude = parseGlobs(spec.Exclude, "exclude", maxExclude, note)
	p.variants = parseGlobs(spec.Variant, "variant", maxVariant, note)
	if p.hasLines() {
		p.counted = strings.Join(spec.Variant, ",")
	} else {
		p.variants = nil
	}
	if faults != nil {
		return nil, faults
	}
	return p, nil
}

func parseGlobs(texts []string, field string, most int, note func(field, value string, err error)) []glob {
	if len(texts) > most {
		note(field, strings.Join(texts, ","), fmt.Errorf("%d globs; allowed: at most %d", len(texts), most))
		return nil
	}
	var globs []glob
	for _, text := range texts {
		g, err := parseTagGlob(text)
		note(field, text, err)
		globs = append(globs, g)
	}
	return globs
}

func (p *Policy) parseName(c *Compiler) (err error) {
	name, argument, hasArgument := strings.Cut(p.spec.Name, ":")
	p.kind = kind(name)
	switch p.kind {
	case kindAll, kindMajor, kindMinor, kindPatch, kindForce, kindNewest, kindNever:
		if hasArgument {
			return fmt.Errorf("%s takes no argument; allowed: %s", name, name)
		}
	case kindSemver:
		p.span, err = parseRange(argument, p.preReleases)
	case kindGlob:
		p.pattern, err = parseGlobPattern(argument, p.spec.Extract == "")
	case kindRegexp:
		p.pattern, err = parseRegexpPattern(c, argument, p.spec.Extract == "")
	default:
		return p.unknownPolicy()
	}
	return err
}

// Names returns the policies that are a name and nothing else.
func Names() []string { return []string{"all", "major", "minor", "patch", "force", "newest", "never"} }

// Patterns returns the policies that a name and an argument make, name:ARGUMENT,
// by their names. An empty argument is none.
func Patterns() []string { return []string{"semver", "glob", "regexp"} }

const allowedPolicies = "allowed: all, major, minor, patch, semver:RANGE, glob:PATTERN, regexp:RE, force, newest, never"

func (p *Policy) unknownPolicy() error {
	if p.spec.Name == "" {
		return errors.New("no policy; " + allowedPolicies)
	}
	if meant := p.meant(); meant != "" {
		return fmt.Errorf("unknown policy; did you mean %q? %s", short(meant), allowedPolicies)
	}
	return errors.New("unknown policy; " + allowedPolicies)
}
