//go:build !nopage

package cli

import (
	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/page"
)

// pageCommands has the page. A program for servers is built without it, by the tag nopage:
// its templates call methods by their names, and so keep the linker from leaving out any.
func pageCommands() []*cobra.Command { return []*cobra.Command{page.NewCommand()} }
