package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	inSentence = regexp.MustCompile("`(kubectl [^`\n]+)`")
	inBlock    = regexp.MustCompile(`(?m)^(kubectl [^#|\n]+?) *(?:#.*)?$`)
	// ofTheReader: the command names something that only the reader has.
	ofTheReader = regexp.MustCompile(`…|\b(my-team|shop|POD|OVERLAY|garboard-demo)\b|^kubectl garboard\b`)
)

// documented are kubectl's commands of a page that can be tried as they are.
func documented(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", page))
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for i, part := range strings.Split(string(text), "```") {
		form := inSentence
		if i%2 == 1 {
			form = inBlock
		}
		for _, match := range form.FindAllStringSubmatch(part, -1) {
			if len(strings.Fields(match[1])) > 3 && !ofTheReader.MatchString(match[1]) {
				commands = append(commands, match[1])
			}
		}
	}
	return commands
}

// Labels, names and rights that the README and the runbooks tell people to look at
// are those of an installation. What changes something is tried as a dry run.
func TestCommandsOfTheRunbooksFindWhatTheyName(t *testing.T) {
	s := share(t)
	commands := append(documented(t, "README.md"), documented(t, "docs/operations.md")...)
	slices.Sort(commands)
	commands = slices.Compact(commands)
	if len(commands) < 10 {
		t.Fatalf("the pages have more commands than these: %q", commands)
	}
	for _, command := range commands {
		t.Run(command, func(t *testing.T) {
			out, said, err := s.Kubectl(t.Context(), "", harmless(command)...)
			if err != nil {
				t.Fatal(err)
			}
			if out == "" || strings.Contains(said, "No resources found") {
				t.Errorf("it found nothing: %q, %q", out, said)
			}
		})
	}
}

// harmless are the arguments of a command, as a dry run unless it only reads.
func harmless(command string) []string {
	command = strings.ReplaceAll(command, " NAME", " garboard-updater") // of the Lease
	command = strings.ReplaceAll(command, "manifests/install.yaml", "../../manifests/install.yaml")
	args := strings.Fields(command)[1:]
	for _, verb := range []string{"get", "describe", "status"} {
		if slices.Contains(args, verb) {
			return args
		}
	}
	return append(args, "--dry-run=server")
}
