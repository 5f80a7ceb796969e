// Package selecttag is garboard select: a tag of a list, chosen by a policy.
package selecttag

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/resolver/policy"
)

type selectOptions struct {
	cmdline.PolicyOptions

	policy, current string
	explain         bool
	output          cmdline.OutputFormat

	compiled *policy.Policy
}

// NewCommand returns garboard select.
func NewCommand() *cobra.Command {
	var o selectOptions
	command := &cobra.Command{
		Use:   "select --policy POLICY [--current TAG] < tags",
		Short: "Choose a tag from a list by a policy",
		Long: "Read tags from standard input, one a line, and print the one that the policy\n" +
			"chooses; the current tag where nothing newer is allowed.\n\n" +
			"The exit code is 1 where nothing is chosen and there is no current tag, and 2\n" +
			"for a bad policy or flag.",
		Example: "  crane ls alpine | garboard select --policy minor --current 3.19.1\n" +
			"  garboard select --policy 'semver:>=1.2 <2' --explain < tags.txt",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check() },
		RunE: func(command *cobra.Command, _ []string) error {
			return o.run(command.Context(), command.InOrStdin(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.policy, "policy", "", "policy: all, major, minor, patch, semver:RANGE, glob:PATTERN, regexp:RE, force or never")
	flags.StringVar(&o.current, "current", "", "tag that runs now; may be left out for semver:, glob: and regexp:")
	o.AddFlags(flags)
	flags.BoolVar(&o.explain, "explain", false, "say why each other tag was rejected")
	flags.VarP(&o.output, "output", "o", "output format: json or yaml")
	return command
}

// check compiles the policy and returns all its faults.
func (o *selectOptions) check() error {
	var faults cmdline.Faults
	if o.current != "" && !policy.ValidTag(o.current) {
		faults = append(faults, policy.Fault{
			Field: "--current", Value: o.current, Allowed: "not a tag; allowed: letters, digits, '.', '_' and '-', at most 128",
		}.Error())
	}
	compiled, wrong := o.Compile(o.policy)
	if faults = append(faults, wrong...); wrong == nil {
		o.compiled = compiled
		if reason := compiled.Select(nil, o.current).Reason; reason == policy.StayNeedsRegistry {
			faults = append(faults, policy.Fault{Field: "--policy", Value: o.policy, Allowed: reason.Text() + ": garboard registry tags IMAGE --policy " + o.policy}.Error())
		}
	}
	if faults != nil {
		return faults
	}
	return nil
}

func (o *selectOptions) run(ctx context.Context, in io.Reader, out, errOut io.Writer) error {
	tags, err := readTags(ctx, in)
	if err != nil {
		return err
	}
	index := policy.NewIndex(tags)
	selection := o.compiled.Select(index, o.current)
	answer := selectAnswer{
		Tag: selection.Tag, Moved: selection.Moved(o.current),
		Reason: selection.Reason, Text: selection.Reason.Text(),
	}
	if others := o.compiled.OtherLines(nil, index, o.current, nil); !answer.Moved && len(others.Tags) > 0 {
		answer.OtherLines, answer.Text = &others, others.Text()
	}
	if o.explain {
		answer.Rejected = newRejections(tags, o.compiled.Explain(index, o.current))
	}
	if o.output == cmdline.OutputText {
		answer.explain(errOut)
	}
	if selection.Tag == "" {
		if o.output != cmdline.OutputText {
			err = o.output.Write(out, answer, "")
		}
		return errors.Join(err, &cmdline.ExitError{Code: cmdline.ExitFailure, Err: errors.New("no tag chosen: " + answer.Text)})
	}
	if answer.troubling() {
		fmt.Fprintf(errOut, "garboard: stays at %s: %s\n", selection.Tag, answer.stay(o.explain))
	}
	return o.output.Write(out, answer, selection.Tag+"\n")
}

// selectAnswer is the outcome as -o json and -o yaml print it.
type selectAnswer struct {
	Tag      string        `json:"tag"`
	Moved    bool          `json:"moved"`
	Reason   policy.Reason `json:"reason"`
	Text     string        `json:"text"`
	Rejected []rejection   `json:"rejected,omitzero"`
	// OtherLines are the higher tags that a stay passes over.
	OtherLines *policy.OtherLines `json:"otherLines,omitempty"`
}

// troubling reports a stay that a person should hear of.
func (a *selectAnswer) troubling() bool {
	switch a.Reason {
	case policy.StayNotAVersion, policy.StayUnreadVersion, policy.StayFiltered, policy.StayExactPattern:
		return true
	default:
		return a.OtherLines != nil
	}
}

// stay is why the tag stays. An explanation names the reason, too.
func (a *selectAnswer) stay(explained bool) string {
	if explained && a.OtherLines != nil {
		return string(policy.StayOtherLines) + ": " + a.Text
	}
	return a.Text
}

type rejection struct {
	Tag    string        `json:"tag"`
	Reason policy.Reason `json:"reason"`
	Text   string        `json:"text"`
}

// newRejections adds the lines that are no tags at all, which an index does not
// hold, to the verdicts.
func newRejections(lines []string, verdicts []policy.Verdict) []rejection {
	out := make([]rejection, 0, len(verdicts))
	for _, v := range verdicts {
		out = append(out, rejection{Tag: v.Tag, Reason: v.Reason, Text: v.Reason.Text()})
	}
	for _, line := range lines {
		if !policy.ValidTag(line) {
			reason := policy.RejectNotATag
			out = append(out, rejection{Tag: line, Reason: reason, Text: reason.Text()})
		}
	}
	return out
}

// maxAligned keeps one long tag, as of a signature, from pushing all texts out
// of sight.
const maxAligned = 32

// explain writes a line for each rejected tag.
func (a selectAnswer) explain(w io.Writer) {
	tags := make([]string, len(a.Rejected))
	width := 0
	for i, r := range a.Rejected {
		tags[i] = r.Tag
		if r.Reason == policy.RejectNotATag {
			tags[i] = fmt.Sprintf("%.80q", r.Tag)
		}
		if len(tags[i]) <= maxAligned {
			width = max(width, len(tags[i]))
		}
	}
	var text strings.Builder
	for i, r := range a.Rejected {
		fmt.Fprintf(&text, "%-*s  %s\n", width, tags[i], r.Text)
	}
	_, _ = io.WriteString(w, text.String())
}
