package selecttag

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/resolver/policy"
)

// Bounds on a list of tags. A tag has at most 128 characters.
const (
	maxTagLine = 4096
	maxTags    = 100_000
)

// readTags reads tags, one a line; blanks around a tag, a carriage return and
// empty lines do not count. A read that hangs ends with the context.
func readTags(ctx context.Context, in io.Reader) ([]string, error) {
	type result struct {
		tags []string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		tags, err := scanTags(in)
		done <- result{tags, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("reading tags: %w", ctx.Err())
	case r := <-done:
		return r.tags, r.err
	}
}

func scanTags(in io.Reader) ([]string, error) {
	var tags []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxTagLine+1)
	number := 1
	for ; lines.Scan(); number++ {
		tag := strings.TrimSpace(lines.Text())
		if tag == "" {
			continue
		}
		if len(tags) == maxTags {
			return nil, cmdline.Faults{fmt.Sprintf("standard input: more than %d tags", maxTags)}
		}
		tags = append(tags, tag)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, cmdline.Faults{fmt.Sprintf("standard input: line %d: longer than %d bytes", number, maxTagLine)}
	case err != nil:
		return nil, fmt.Errorf("reading tags: %w", err)
	case len(tags) > 0 && !slices.ContainsFunc(tags, policy.ValidTag):
		return nil, cmdline.Faults{fmt.Sprintf("standard input: %.80q: no line is a tag; allowed: one tag a line, without its image", tags[0])}
	}
	return tags, nil
}
