//go:build nopage

package main

import "github.com/spf13/cobra"

// serverCommands are those of a program that has no page.
func serverCommands(env func(string) (string, bool)) []*cobra.Command {
	return []*cobra.Command{newWebhookCommand(), newUpdaterCommand(env)}
}
