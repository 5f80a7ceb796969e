//go:build manpages

package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra/doc"

	"github.com/garboard-dev/garboard/internal/cli"
)

// Built with this tag, the program writes its manual pages into a folder and does nothing
// else: their writer is no part of what is released.
//
//	go run -tags manpages ./cmd/garboard FOLDER VERSION SECONDS-SINCE-1970
func main() {
	if err := writePages(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

func writePages(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("%d arguments: want a folder, a version and a time", len(args))
	}
	seconds, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return fmt.Errorf("reading the time: %w", err)
	}
	environment := func(string) (string, bool) { return "", false }
	root := cli.Root(environment, serverCommands(environment)...)
	root.DisableAutoGenTag = true
	date := time.Unix(seconds, 0).UTC()
	header := &doc.GenManHeader{Section: "1", Date: &date, Source: "Garboard " + args[1], Manual: "Garboard"}
	if err := doc.GenManTree(root, header, args[0]); err != nil {
		return fmt.Errorf("writing the pages: %w", err)
	}
	return nil
}
