//go:build !linux

package main

import (
	"fmt"
	"os"

	"github.com/garboard-dev/garboard/test/node/sandbox"
)

func main() {
	fmt.Fprintln(os.Stderr, "node:", sandbox.Fit())
	os.Exit(1)
}
