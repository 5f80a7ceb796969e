package chat

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/printable"
)

// maxCommand bounds what is read of a message, in bytes: a comment is the longest part.
const maxCommand = 4096

// maxShown bounds what an answer repeats of a message, in characters.
const maxShown = 80

// Help is the answer to a message that is no command.
const Help = "Commands:\n" +
	"get approvals [NAMESPACE] - the updates that wait for votes\n" +
	"approve NAMESPACE/UPDATE [COMMENT] - vote for an update\n" +
	"reject NAMESPACE/UPDATE [COMMENT] - vote against it"

// verb is what a command does.
type verb string

const (
	verbHelp    verb = "help"
	verbGet     verb = "get"
	verbApprove verb = "approve"
	verbReject  verb = "reject"
)

// Command is a message that was understood.
type Command struct {
	verb verb
	// Namespace bounds a list; empty is all that the chat shows.
	namespace string
	// Update is what is voted on.
	update  types.NamespacedName
	uid     types.UID // of the update that a button belongs to; empty is any
	comment string
}

// Vote is a vote as a button casts it: on the update that its message shows, and on no
// later one of the same name.
func Vote(verdict v1alpha1.Verdict, update types.NamespacedName, uid types.UID) Command {
	return Command{verb: verbOf(verdict), update: update, uid: uid}
}

func verbOf(verdict v1alpha1.Verdict) verb {
	if verdict == v1alpha1.VerdictApprove {
		return verbApprove
	}
	return verbReject
}

// verdict is what a vote says; empty for a command that is no vote.
func (c Command) verdict() v1alpha1.Verdict {
	switch c.verb {
	case verbApprove:
		return v1alpha1.VerdictApprove
	case verbReject:
		return v1alpha1.VerdictReject
	default:
		return ""
	}
}

// ParseCommand reads a message. The error says, in a sentence for the writer, what was
// not understood.
func ParseCommand(text string) (Command, error) {
	if len(text) > maxCommand {
		return Command{}, fmt.Errorf("a message of %d bytes is not read: allowed are %d", len(text), maxCommand)
	}
	words := strings.Fields(strings.Trim(strings.TrimSpace(text), "`"))
	if len(words) == 0 || strings.EqualFold(words[0], string(verbHelp)) {
		return Command{verb: verbHelp}, nil
	}
	switch c := (Command{verb: verb(strings.ToLower(words[0]))}); c.verb {
	case verbGet:
		return c.parseGet(words[1:])
	case verbApprove, verbReject:
		return c.parseVote(words[1:])
	}
	return Command{}, fmt.Errorf("%q is no command. %s", printable.OneLine(words[0], maxShown), Help)
}

func (c Command) parseGet(words []string) (Command, error) {
	if len(words) == 0 || !strings.EqualFold(words[0], "approvals") || len(words) > 2 {
		return Command{}, fmt.Errorf("get takes: approvals [NAMESPACE]")
	}
	if len(words) == 2 {
		c.namespace = words[1]
	}
	return c, nil
}

func (c Command) parseVote(words []string) (Command, error) {
	if len(words) == 0 {
		return Command{}, fmt.Errorf("%s takes: NAMESPACE/UPDATE [COMMENT]; get approvals lists them", c.verb)
	}
	namespace, name, ok := strings.Cut(strings.Trim(words[0], "`"), "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return Command{}, fmt.Errorf("%q is no update: %s takes NAMESPACE/UPDATE; get approvals lists them",
			printable.OneLine(words[0], maxShown), c.verb)
	}
	c.update = types.NamespacedName{Namespace: namespace, Name: name}
	c.comment = strings.Join(words[1:], " ")
	return c, nil
}
