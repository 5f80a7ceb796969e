package policy

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Bounds on regular expressions, which come from writers of workloads.
const (
	// maxSteps is how many steps one may have: it is matched with every tag.
	maxSteps = 1000
	// classSteps is what a Unicode class such as \pL counts for. It is one step of the
	// program, but has hundreds of ranges: to read a set of them takes as long as to
	// compile so many steps.
	classSteps = 100
)

// Compiler compiles the regular expressions of settings. It compiles each text
// once, and no more steps than its budget has. It is not safe for concurrent use.
type Compiler struct {
	budget, left int
	known        map[string]compiled
	charged      map[string]bool
	steps        int
	exhausted    bool
}

type compiled struct {
	re    *regexp.Regexp
	steps int // of the program
	cost  int // what it takes of the budget, also where it is refused
	// foreign is a character that it needs and that is in no tag; 0 for none.
	foreign rune
	err     error
}

// NewCompiler returns a Compiler with a budget of steps.
func NewCompiler(steps int) *Compiler {
	return &Compiler{budget: steps, left: steps, known: map[string]compiled{}, charged: map[string]bool{}}
}

// Renew gives the whole budget again, for the next object. What is compiled stays
// known, but is charged to each object alike: whether an object is within its
// budget does not depend on the one before.
func (c *Compiler) Renew() {
	c.left, c.exhausted = c.budget, false
	clear(c.charged)
}

// Exhausted reports whether a regular expression was refused since Renew for want
// of budget. All later ones are.
func (c *Compiler) Exhausted() bool { return c.exhausted }

// Steps is how many steps were compiled in all.
func (c *Compiler) Steps() int { return c.steps }

// Compile compiles a regular expression, or tells what is wrong with it and what
// is allowed.
func (c *Compiler) Compile(text string) (*regexp.Regexp, error) {
	found, err := c.compile(text)
	return found.re, err
}

func (c *Compiler) compile(text string) (compiled, error) {
	switch {
	case text == "":
		return compiled{}, errors.New("empty; allowed: an RE2 regular expression")
	case len(text) > maxExpression:
		return compiled{}, fmt.Errorf("%d bytes; allowed: at most %d", len(text), maxExpression)
	case len(text) > 1 && text[0] == '/' && text[len(text)-1] == '/':
		return compiled{}, errors.New("between slashes, which no tag and no name has; allowed: an RE2 regular expression without them")
	case c.exhausted || !c.charged[text] && c.left < readingCost(text):
		return compiled{}, c.refuse()
	}
	found, known := c.known[text]
	if !known {
		found = measureExpression(text)
		c.known[text] = found
	}
	if !c.charged[text] {
		c.charged[text] = true
		c.left -= found.cost
	}
	if c.left < 0 {
		return compiled{}, c.refuse()
	}
	if found.err == nil && found.re == nil {
		found.re, found.err = regexp.Compile(text)
		c.steps += found.steps
		c.known[text] = found
	}
	return found, found.err
}

func (c *Compiler) refuse() error {
	c.exhausted = true
	return fmt.Errorf("too much; allowed: regular expressions of at most %d steps in all settings together", c.budget)
}

// measureExpression looks at a regular expression before anything is compiled: a few bytes
// with nested repetitions would be unrolled to many thousand steps.
func measureExpression(text string) compiled {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return compiled{cost: readingCost(text), err: fmt.Errorf("%s; allowed: an RE2 regular expression", complaint(err))}
	}
	found := compiled{steps: countSteps(tree) + 2} // it begins with a failure and ends with a match
	found.foreign, _ = foreignRune(tree)
	found.cost = max(readingCost(text), found.steps)
	if found.steps > maxSteps {
		found.cost = max(readingCost(text), maxSteps)
		found.err = fmt.Errorf("too many repetitions; allowed: a regular expression of at most %d steps", maxSteps)
	}
	return found
}

func complaint(err error) string {
	var fault *syntax.Error
	if errors.As(err, &fault) {
		return fmt.Sprintf("%s in %q", fault.Code, fault.Expr)
	}
	return err.Error()
}

// countSteps returns how many steps the program of a tree has at most, as
// syntax.Regexp.Simplify and syntax.Compile make it. It counts no further than a
// little above maxSteps.
func countSteps(re *syntax.Regexp) int {
	inner := 0
	for _, sub := range re.Sub {
		if inner += countSteps(sub); inner > maxSteps {
			return maxSteps + 1
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCapture, syntax.OpStar:
		return inner + 2
	case syntax.OpPlus, syntax.OpQuest:
		return inner + 1
	case syntax.OpAlternate:
		return inner + len(re.Sub)
	case syntax.OpConcat:
		return max(inner, 1)
	case syntax.OpRepeat:
		return countRepeated(re, inner)
	default:
		return 1
	}
}

// countRepeated counts x{n} as n times x, and what may be missing with a step
// that passes it over. No product is more than 1000 times maxSteps.
func countRepeated(re *syntax.Regexp, inner int) int {
	n := re.Min * inner
	switch {
	case re.Max < 0 && re.Min == 0:
		n = inner + 2
	case re.Max < 0:
		n++
	default:
		n += (re.Max - re.Min) * (inner + 1)
	}
	return min(max(n, 1), maxSteps+1)
}

// readingCost is what it takes of the budget to read a text, whatever is in it.
func readingCost(text string) int {
	return len(text) + classSteps*(strings.Count(text, `\p`)+strings.Count(text, `\P`))
}
