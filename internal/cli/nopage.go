//go:build nopage

package cli

import "github.com/spf13/cobra"

// pageCommands has none in a program that is built without the page.
func pageCommands() []*cobra.Command { return nil }
