package manifest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/manifest"
)

var update = flag.Bool("update", false, "write the wanted results again")

// A case in testdata is a comment and sections: in is the file; replace has
// lines of document (counted from 0), path and value; out is the file
// afterwards; kept and refused are what Bytes and Replace say.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := readCase(t, string(data))
			got := c
			got.kept, got.refused = "", ""
			got.replaceAll(t)
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(c.String(), got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

type golden struct{ comment, in, replace, out, kept, refused string }

func (g *golden) section(name string) *string {
	switch name {
	case "in":
		return &g.in
	case "replace":
		return &g.replace
	case "out":
		return &g.out
	case "kept":
		return &g.kept
	case "refused":
		return &g.refused
	}
	return nil
}

var sections = []string{"in", "replace", "out", "kept", "refused"}

func readCase(t *testing.T, text string) golden {
	t.Helper()
	var g golden
	at := &g.comment
	for line := range strings.SplitAfterSeq(text, "\n") {
		if name, ok := strings.CutPrefix(line, "-- "); ok {
			if at = g.section(strings.TrimSuffix(name, " --\n")); at == nil {
				t.Fatalf("unknown section: %q", line)
			}
			continue
		}
		*at += line
	}
	return g
}

func (g golden) String() string {
	text := g.comment
	for _, name := range sections {
		body := *g.section(name)
		if body != "" || name == "out" {
			text += "-- " + name + " --\n" + body
		}
	}
	return text
}

func (g *golden) replaceAll(t *testing.T) {
	t.Helper()
	s, err := manifest.Parse("in", []byte(g.in))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(g.replace) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			t.Fatalf("want document, path and value: %q", line)
		}
		n, err := strconv.Atoi(fields[0])
		if err != nil || n >= len(s.Documents()) {
			t.Fatalf("there is no document %s", fields[0])
		}
		if err := s.Documents()[n].Replace(path(fields[1]), fields[2]); err != nil {
			g.refused += fmt.Sprintln(err)
		}
	}
	out, kept, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	g.out = string(out)
	for _, k := range kept {
		g.kept += fmt.Sprintln(k)
	}
}

// path reads a.b.0.c.
func path(s string) []any {
	var elements []any
	for element := range strings.SplitSeq(s, ".") {
		if i, err := strconv.Atoi(element); err == nil {
			elements = append(elements, i)
			continue
		}
		elements = append(elements, element)
	}
	return elements
}
