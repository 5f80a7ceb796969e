package manifest_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/manifest"
)

// A generated file is written twice, with the old values and with the new
// ones; replacing must lead from the one text to the other.
func TestRandomManifests(t *testing.T) {
	for seed := range uint64(1000) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
		g.file()
		s, err := manifest.Parse("f", []byte(g.before.String()))
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, g.before.String())
		}
		if got, _, err := s.Bytes(); err != nil || string(got) != g.before.String() {
			t.Fatalf("seed %d, without replacements: %v (-want +got):\n%s", seed, err, cmp.Diff(g.before.String(), string(got)))
		}
		for _, r := range g.replacements {
			if err := s.Documents()[r.document].Replace(r.path, r.value); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, g.before.String())
			}
		}
		got, kept, err := s.Bytes()
		if err != nil || len(kept) > 0 {
			t.Fatalf("seed %d: kept %v, %v\n%s", seed, kept, err, g.before.String())
		}
		if diff := cmp.Diff(g.after.String(), string(got)); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

type replacement struct {
	document int
	path     []any
	value    string
}

type generator struct {
	*rand.Rand
	before, after strings.Builder
	replacements  []replacement
	eol           string
	document      int
}

func (g *generator) write(text string) {
	text = strings.ReplaceAll(text, "\n", g.eol)
	g.before.WriteString(text)
	g.after.WriteString(text)
}

func (g *generator) pick(choices ...string) string { return choices[g.IntN(len(choices))] }

func (g *generator) file() {
	g.eol = g.pick("\n", "\n", "\r\n")
	g.write(g.pick("", "", "\ufeff") + g.pick("", "# h\u00e9ad\n", "---\n", "--- # \U0001f600\n", "%YAML 1.1\n---\n"))
	for g.document = range 1 + g.IntN(3) {
		if g.document > 0 {
			g.write(g.pick("---\n", "--- # next\n", "...\n---\n", "---\n# nothing\n---\n", "---   \n\n"))
		}
		if g.IntN(5) == 0 {
			g.flow([]any{}, 0)
			g.write("\n")
			continue
		}
		g.mapping([]any{}, "", 0)
	}
	if g.IntN(3) == 0 {
		g.write("# the end, without a line break")
	}
}

func (g *generator) image() string {
	repository := g.pick("nginx", "example.com/app", "localhost:5000/a/b_c", "x", "1x")
	tag := g.pick(":1.2.3", ":v1-alpine", ":latest", "/z", "@sha256:0a", ":1.2@sha256:0a")
	return fmt.Sprintf("%s%d%s", repository, g.IntN(100), tag)
}

// scalar writes one of the values that will be replaced, or another.
func (g *generator) scalar(at []any, block bool) {
	if g.IntN(3) == 0 {
		g.write(g.pick("12", "true", "\"a\\\"b: #c\"", "'it''s # é'", "é\U0001f600", "~", "\"\\\\\"", "x#y"))
		return
	}
	styles := []string{"%s", "%s", "\"%s\"", "'%s'", "!!str %s", "!!str '%s'", "&a%d %%s"}
	if block {
		styles = append(styles, ">-\n                    %s", "|- # é\n                    %s", "\n                    %s")
	}
	style := g.pick(styles...)
	if strings.Contains(style, "%d") {
		style = fmt.Sprintf(style, g.IntN(1000))
	}
	style = strings.ReplaceAll(style, "\n", g.eol)
	old, value := g.image(), g.image()
	if g.IntN(3) == 0 {
		value = old
	}
	fmt.Fprintf(&g.before, style, old)
	fmt.Fprintf(&g.after, style, value)
	g.replacements = append(g.replacements, replacement{g.document, append([]any{}, at...), value})
}

func (g *generator) end() {
	g.write(g.pick("\n", "\n", "\n", "\n\n", "\n# \u00e9 # x\n", "\n   # odd: [indent\n"))
}

func (g *generator) key(i int) (text, name string) {
	name = fmt.Sprintf("%s%d", g.pick("image", "ключ", "a b"), i)
	return fmt.Sprintf(g.pick("%s", "%s", "'%s'", "\"%s\""), name), name
}

func (g *generator) mapping(at []any, indent string, depth int) {
	for i := range 1 + g.IntN(4) {
		text, name := g.key(i)
		if i > 0 || len(at) == 0 {
			g.write(indent)
		}
		g.write(text + ":")
		g.value(append(at, name), indent, depth)
	}
}

func (g *generator) value(at []any, indent string, depth int) {
	switch n := g.IntN(6); {
	case n == 0 && depth < 4:
		g.write(g.pick("\n", " # comment\n", "  \n"))
		deeper := indent + g.pick(" ", "  ", "    ")
		g.write(deeper)
		g.mapping(at, deeper, depth+1)
	case n == 1 && depth < 4:
		g.write("\n")
		g.sequence(at, indent+g.pick("", "  "), depth+1)
	case n == 2:
		g.write(" ")
		g.flow(at, depth)
		g.end()
	default:
		g.write(g.pick(" ", "   "))
		g.scalar(at, true)
		g.end()
	}
}

func (g *generator) sequence(at []any, indent string, depth int) {
	for i := range 1 + g.IntN(3) {
		item := append(append([]any{}, at...), i)
		g.write(indent + "-")
		if g.IntN(2) == 0 {
			g.write(" ")
			g.scalar(item, true)
			g.end()
			continue
		}
		space := g.pick(" ", "   ")
		g.write(space)
		g.mapping(item, indent+" "+space, depth+1)
	}
}

func (g *generator) flow(at []any, depth int) {
	space := func() { g.write(g.pick("", " ", "\n                    ", " \t")) }
	g.write("{")
	for i := range 1 + g.IntN(3) {
		if i > 0 {
			space()
			g.write(", ")
		}
		space()
		text, name := g.key(i)
		g.write(text + ": ")
		next := append(append([]any{}, at...), name)
		switch n := g.IntN(4); {
		case n == 0 && depth < 4:
			g.flow(next, depth+1)
		case n == 1:
			g.write("[")
			g.scalar(append(next, 0), false)
			g.write(g.pick(",", " , ", " ,\n                    "))
			g.scalar(append(next, 1), false)
			g.write("]")
		default:
			g.scalar(next, false)
		}
	}
	space()
	g.write("}")
}
