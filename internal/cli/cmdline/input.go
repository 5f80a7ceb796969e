package cmdline

import (
	"context"
	"fmt"
	"io"
	"os"
)

// standardInput is what -f calls it.
const standardInput = "-"

// ReadFile reads a file, or standard input if that is its name. title is what messages
// call it; what is in it, such as "manifests", is for the error.
func ReadFile(ctx context.Context, what, name string, in io.Reader) (title string, data []byte, err error) {
	if name == standardInput {
		data, err = readAll(ctx, in)
		return "standard input", data, err
	}
	data, err = os.ReadFile(name)
	if err != nil {
		return name, nil, fmt.Errorf("reading %s: %w", what, err)
	}
	return name, data, nil
}

// readAll reads to the end. A read that hangs ends with the context.
func readAll(ctx context.Context, in io.Reader) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(in)
		done <- result{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("reading standard input: %w", ctx.Err())
	case r := <-done:
		if r.err != nil {
			return nil, fmt.Errorf("reading standard input: %w", r.err)
		}
		return r.data, nil
	}
}
