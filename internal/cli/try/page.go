package try

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// columns is how wide a terminal may be taken to be.
const columns = 80

// page prints the story. The first error of its writer is kept, and nothing is
// written after it.
type page struct {
	out   io.Writer
	err   error
	steps int
}

func newPage(out io.Writer) *page { return &page{out: out} }

// line writes a line as it is.
func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format+"\n", args...)
	}
}

// step writes a numbered heading.
func (p *page) step(heading string) {
	p.steps++
	p.line("\n%d. %s", p.steps, heading)
}

// quote writes what was sent or answered: indented, and each line as far as it
// fits.
func (p *page) quote(text string) {
	for line := range strings.Lines(text) {
		p.line("%s", fitted("  "+strings.TrimRight(line, "\n")))
	}
}

// warn writes warnings as kubectl prints them, and goes on below where a line is
// full: nothing of them is left out.
func (p *page) warn(warnings []string) {
	for _, warning := range warnings {
		line := "  Warning:"
		for word := range strings.FieldsSeq(warning) {
			if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns {
				p.line("%s", line)
				line = "          "
			}
			line += " " + word
		}
		p.line("%s", fitted(line))
	}
}

// fitted cuts a line that is too long for the terminal.
func fitted(line string) string {
	if utf8.RuneCountInString(line) <= columns {
		return line
	}
	return string([]rune(line)[:columns-1]) + "…"
}
