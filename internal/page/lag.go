package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// levels are the names of a version's first parts.
var levels = [...]string{"major", "minor", "patch", "revision"} //nolint:gochecknoglobals // a table

// lag says how far one version is from another, by the first part in which they differ:
// "2 minor" from 1.2.0 to 1.4.1. Where the tags are no versions it says "newer", and
// "rebuilt" where the tag is the same and the digest is not. The number orders by it.
func lag(running, newest string) (text string, distance uint64) {
	from, _ := record.ParseResult(running)
	to, _ := record.ParseResult(newest)
	if from.Tag == to.Tag {
		return "rebuilt", 1
	}
	have, want := numbersOf(from.Tag), numbersOf(to.Tag)
	for i := range min(len(have), len(want), len(levels)) {
		if have[i] < want[i] {
			// A step of a level counts more than any number of the next.
			steps := min(uint64(want[i]-have[i]), math.MaxUint16-1)
			return fmt.Sprintf("%d %s", want[i]-have[i], levels[i]), steps << (16 * (len(levels) - 1 - i))
		}
		if have[i] > want[i] {
			break
		}
	}
	return "newer", 1
}

// numbersOf are the numbers that a version begins with; none where a tag does not begin
// with one.
func numbersOf(tag string) []uint32 {
	var numbers []uint32
	rest := strings.TrimPrefix(tag, "v")
	for len(numbers) < len(levels) {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(rest)
		}
		number, err := strconv.ParseUint(rest[:end], 10, 32)
		if err != nil {
			return numbers
		}
		numbers = append(numbers, uint32(number))
		if end == len(rest) || rest[end] != '.' {
			return numbers
		}
		rest = rest[end+1:]
	}
	return numbers
}
