package policy

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"testing"
)

// program is how many steps a regular expression has in truth.
func program(t testing.TB, text string) int {
	t.Helper()
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := syntax.Compile(tree.Simplify())
	if err != nil {
		t.Fatal(err)
	}
	return len(compiled.Inst)
}

func TestStepsAreCountedOnTheTree(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		over int // by how much the count may be above the truth
	}{
		"letters":                 {"abc", 0},
		"nothing":                 {"()", 0},
		"a class":                 {`[a-z]\pL.`, 0},
		"a release":               {`^v?(\d+)\.(\d+)\.(\d+)(-alpine)?$`, 0},
		"words":                   {"^(main|master|develop)-", 3},
		"a repetition":            {"a{3}b{2,5}c{4,}", 3},
		"none or more":            {"(ab)*c+d?", 1},
		"a repetition of nothing": {"(){9}", 9},
		"repetitions in others":   {"((a{3}b){4}c){5}", 3},
	} {
		t.Run(name, func(t *testing.T) {
			got, want := measureExpression(test.text).steps, program(t, test.text)
			if got < want || got > want+test.over {
				t.Errorf("counted %d steps of %d", got, want)
			}
		})
	}
}

// Whatever is accepted has no more steps than were counted: nothing is unrolled
// before that is known.
func FuzzStepsAreNeverMore(f *testing.F) {
	for _, seed := range []string{"a{40}", "(a|bc*)+?", "(?i)k{2,}", "((a{10}){10}){9}", "x**", "(?:){3,7}|", `\Qab\E[^x]$`, "(a*)*", "(|a)*{2}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := NewCompiler(maxSteps)
		if _, err := c.Compile(text); err != nil {
			return
		}
		if got, want := c.Steps(), program(t, text); got < want {
			t.Errorf("%q: counted %d steps of %d", text, got, want)
		}
	})
}

func TestCompilersBudget(t *testing.T) {
	dear := "(a{30}){30}" // some 960 steps
	bomb := "a{999}b{999}"
	for name, test := range map[string]struct {
		texts     []string
		compiled  int // texts
		exhausted bool
	}{
		"a text is paid for once":                {[]string{dear, dear, dear, dear}, 4, false},
		"others are paid for each":               {[]string{dear, dear + "b", dear + "c"}, 2, true},
		"what is refused has cost, too":          {[]string{bomb, bomb + "b", bomb + "c", "d"}, 0, true},
		"so has what is none":                    {[]string{strings.Repeat("(", 500), strings.Repeat("[", 500), strings.Repeat("((", 250) + "a", strings.Repeat("[", 499) + "a", strings.Repeat("[", 498) + "aa"}, 0, true},
		"so have classes of many letters":        {[]string{strings.Repeat(`\pL`, 80), "d"}, 0, true},
		"after the budget not even a letter":     {[]string{dear, dear + "b", dear + "c", "d"}, 2, true},
		"what is within the budget is all there": {[]string{"a", "b", "c"}, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewCompiler(2000)
			for range 2 { // a second object with the same texts fares the same
				c.Renew()
				n := 0
				for _, text := range test.texts {
					if re, err := c.Compile(text); err == nil && re != nil {
						n++
					}
				}
				if n != test.compiled || c.Exhausted() != test.exhausted {
					t.Errorf("compiled %d, exhausted %v; want %d, %v", n, c.Exhausted(), test.compiled, test.exhausted)
				}
			}
			if c.Steps() > 2000 {
				t.Errorf("compiled %d steps in all, though the texts are the same", c.Steps())
			}
		})
	}
}

func TestPoliciesShareABudget(t *testing.T) {
	c := NewCompiler(500)
	for i := range 10 {
		p, err := c.Parse(Spec{Name: fmt.Sprintf("regexp:^%d-a{40}$", i), Filter: "a{40}"})
		if err != nil {
			if !strings.Contains(err.Error(), "at most 500 steps in all settings together") {
				t.Errorf("got %v", err)
			}
			if !c.Exhausted() || c.Steps() > 500 || i == 0 {
				t.Errorf("the policy %d is refused after %d steps", i, c.Steps())
			}
			return
		}
		if p.Steps() < 80 {
			t.Errorf("got %d steps", p.Steps())
		}
	}
	t.Error("ten policies of 40 steps, and none refused")
}
