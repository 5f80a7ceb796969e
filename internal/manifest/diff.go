package manifest

import (
	"fmt"
	"strings"
)

// context is how many equal lines surround a difference.
const context = 3

// Diff returns a unified diff of two texts of the file, empty where they are
// equal. patch -p0 and git apply -p0 take it. It is made for texts that differ
// in a few lines here and there: those it compares in linear time, where the
// usual search for the longest common part takes the square.
func Diff(name string, before, after []byte) string {
	a, b := splitLines(before), splitLines(after)
	found := diffLines(a, b)
	if len(found) == 0 {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", name, name)
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].a-found[n-1].aEnd <= 2*context {
			n++
		}
		writeHunk(&out, a, b, found[:n])
		found = found[n:]
	}
	return out.String()
}

// splitLines splits a text behind its line feeds. A last line without one is
// marked, as diff does.
func splitLines(text []byte) []string {
	split := strings.SplitAfter(string(text), "\n")
	last := len(split) - 1
	if split[last] == "" {
		return split[:last]
	}
	split[last] += "\n\\ No newline at end of file\n"
	return split
}

// difference says that lines a to aEnd have become lines b to bEnd.
type difference struct{ a, aEnd, b, bEnd int }

func diffLines(a, b []string) []difference {
	var found []difference
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		if i < len(a) && j < len(b) && a[i] == b[j] {
			i, j = i+1, j+1
			continue
		}
		inA, inB := skipUnequal(a[i:], b[j:])
		found = append(found, difference{i, i + inA, j, j + inB})
		i, j = i+inA, j+inB
	}
	return found
}

// skipUnequal returns how many lines to skip in both so that they agree again.
func skipUnequal(a, b []string) (inA, inB int) {
	for sum := 1; sum < len(a)+len(b); sum++ {
		for inA = max(0, sum-len(b)); inA <= min(sum, len(a)); inA++ {
			inB = sum - inA
			if inA < len(a) && inB < len(b) && a[inA] == b[inB] {
				return inA, inB
			}
		}
	}
	return len(a), len(b)
}

func writeHunk(out *strings.Builder, a, b []string, found []difference) {
	first, last := found[0], found[len(found)-1]
	before := min(context, first.a)
	behind := min(context, len(a)-last.aEnd)
	fmt.Fprintf(out, "@@ -%s +%s @@\n", extent(first.a-before, last.aEnd+behind), extent(first.b-before, last.bEnd+behind))
	at := first.a - before
	for _, d := range found {
		writeLines(out, " ", a[at:d.a])
		writeLines(out, "-", a[d.a:d.aEnd])
		writeLines(out, "+", b[d.b:d.bEnd])
		at = d.aEnd
	}
	writeLines(out, " ", a[at:at+behind])
}

func writeLines(out *strings.Builder, mark string, lines []string) {
	for _, line := range lines {
		out.WriteString(mark + line)
	}
}

// extent writes first line and length; an empty one is counted from the line
// before it.
func extent(start, end int) string {
	switch end - start {
	case 0:
		return fmt.Sprintf("%d,0", start)
	case 1:
		return fmt.Sprint(start + 1)
	}
	return fmt.Sprintf("%d,%d", start+1, end-start)
}
