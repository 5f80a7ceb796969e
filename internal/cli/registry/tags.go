package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/registry/inspect"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// maxNewest is how many tags stand above the table: those in which a person
// looks for the one that was pushed last.
const maxNewest = 8

type tagsOptions struct {
	accessOptions
	rules cmdline.PolicyOptions

	policies, platforms []string
	list                bool

	compiled []*policy.Policy
	wanted   []resolver.Platform
}

func newRegistryTagsCommand() *cobra.Command {
	var o tagsOptions
	command := &cobra.Command{
		Use:   "tags IMAGE",
		Short: "Show the tags of an image, and what each policy would choose",
		Long: "List the tags of an image in its registry, and show what each policy would\n" +
			"choose from the tag of IMAGE, as admission does. Without a tag it is latest, as\n" +
			"in a manifest.\n\n" +
			"The policies are patch, minor, major and all, unless --policy names others.\n" +
			"newest and force look at images, which costs requests that may count as pulls.",
		Example: "  garboard registry tags nginx:1.27.0\n" +
			"  garboard registry tags ghcr.io/org/app:1.2.3 --policy 'semver:>=1.2 <2' --policy newest\n" +
			"  garboard registry tags nginx --list | garboard select --policy minor --current 1.27.0 --explain",
		Args:    oneImage,
		PreRunE: func(_ *cobra.Command, args []string) error { return o.check(args).OrNil() },
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command.Context(), command.OutOrStdout()) },
	}
	flags := command.Flags()
	o.accessOptions.addFlags(flags)
	o.rules.AddFlags(flags)
	flags.StringArrayVar(&o.policies, "policy", nil, "`POLICY` to ask, such as minor, 'semver:>=1.2 <2' or newest; may be repeated")
	flags.StringSliceVar(&o.platforms, "platforms", nil, "platforms that a chosen image must be built for, such as linux/amd64,linux/arm64")
	flags.BoolVar(&o.list, "list", false, "print all tags and nothing else, one a line, in natural order")
	return command
}

func (o *tagsOptions) check(args []string) cmdline.Faults {
	faults := o.accessOptions.check(args)
	if o.list && len(o.policies) > 0 {
		faults = append(faults, "--list: not together with --policy")
	}
	names := o.policies
	if len(names) == 0 {
		names = []string{"patch", "minor", "major", "all"}
	}
	for _, name := range names {
		compiled, wrong := o.rules.Compile(name)
		o.compiled = append(o.compiled, compiled)
		for _, fault := range wrong {
			if !slices.Contains(faults, fault) { // one of the filter is every policy's
				faults = append(faults, fault)
			}
		}
	}
	for _, text := range o.platforms {
		platform, err := resolver.ParsePlatform(strings.TrimSpace(text))
		if err != nil {
			faults = append(faults, fmt.Sprintf("--platforms: %q: allowed: os/architecture or os/architecture/variant, such as linux/amd64", cmdline.Shown(text)))
			continue
		}
		o.wanted = append(o.wanted, platform)
	}
	return faults
}

// tagsAnswer is the outcome as -o json and -o yaml print it.
type tagsAnswer struct {
	Image string `json:"image"`
	// Current is the tag that the policies start from.
	Current string       `json:"current"`
	Tags    inspect.Tags `json:"tags"`
	// Newest are the highest versions, or the last tags where none is one.
	Newest  []string `json:"newest"`
	All     []string `json:"all,omitempty"`
	Choices []choice `json:"policies,omitempty"`
}

// choice is what one policy makes of the tags.
type choice struct {
	Policy string        `json:"policy"`
	Tag    string        `json:"tag"`
	Digest string        `json:"digest,omitempty"`
	Moved  bool          `json:"moved"`
	Reason policy.Reason `json:"reason"`
	Text   string        `json:"text"`
}

func (o *tagsOptions) run(ctx context.Context, out io.Writer) error {
	inspector, err := o.connect()
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	report := inspector.Tags(asking, o.image)
	if err := commandError(ctx, report); err != nil {
		return err
	}
	tags, credential := report.List()
	answer := o.answer(tags)
	if o.list {
		answer.All = policy.NewIndex(tags).Natural()
		return o.output.Write(out, answer, lines(answer.All))
	}
	r := resolver.New(knownTags{inspector.Client, tags}, resolver.Options{
		FreshFor: cmdline.FreshForRun, ReadOnce: true, Credentials: oneCredential{credential}, Allows: inspector.Client.Allows,
	})
	for _, p := range o.compiled {
		answer.Choices = append(answer.Choices, o.choose(asking, r, p))
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("resolving: %w", ctx.Err())
	}
	return o.output.Write(out, answer, answer.text(o.image.Repository.String()))
}

// knownTags is a registry whose list was read already: it is not asked twice.
type knownTags struct {
	*registry.Client
	tags []string
}

func (k knownTags) Tags(context.Context, registry.Repository, registry.Credential) ([]string, error) {
	return k.tags, nil
}

// oneCredential is the credential that the list was read with.
type oneCredential struct{ credential registry.Credential }

func (o oneCredential) For(context.Context, registry.Repository) ([]registry.Credential, error) {
	return []registry.Credential{o.credential}, nil
}

// current is the tag that the policies start from; a digest alone has none.
func (o *tagsOptions) current() string {
	if o.image.Digest != "" {
		return o.image.Tag
	}
	return o.image.TagOrLatest()
}

func (o *tagsOptions) answer(tags []string) tagsAnswer {
	index := policy.NewIndex(tags)
	current := o.current()
	versions := index.Versions(current)
	newest := versions
	if len(newest) == 0 {
		newest = index.Natural()
		slices.Reverse(newest)
	}
	return tagsAnswer{
		Image: o.image.String(), Current: current,
		Tags:   inspect.Tags{Total: index.Len(), Versions: len(versions)},
		Newest: newest[:min(len(newest), maxNewest)],
	}
}

// choose asks one policy, as admission does.
func (o *tagsOptions) choose(ctx context.Context, r *resolver.Resolver, p *policy.Policy) choice {
	rule := settings.Rule{Policy: p, Platforms: o.wanted}
	query := rule.Query(o.image.Repository, o.current(), o.image.Digest, o.image.Digest != "")
	query.TellOthers = true
	answer, _ := r.Resolve(ctx, query) // the error is in the answer, too
	texts := []string{answer.Why()}
	if answer.Err != nil && answer.Reason == resolver.StayRegistryUnavailable {
		texts = []string{resolver.Summary(answer.Err)}
	}
	if preferred := answer.Preferred(); preferred != "" && answer.Reason != resolver.StayNoPlatform {
		texts = append(texts, "passed over "+preferred)
	}
	if answer.Warning != "" && answer.Warning != texts[0] {
		texts = append(texts, answer.Warning)
	}
	return choice{
		Policy: p.Name(), Tag: answer.Tag, Digest: answer.Digest, Moved: answer.Moved(query),
		Reason: answer.Reason, Text: strings.Join(texts, "; "),
	}
}

func (a tagsAnswer) text(repository string) string {
	var text strings.Builder
	fields := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(fields, "Repository:\t%s\nTags:\t%s\n", cmdline.Shown(repository), tagCounts(&a.Tags))
	if len(a.Newest) > 0 {
		fmt.Fprintf(fields, "Highest:\t%s\n", strings.Join(a.Newest, ", "))
	}
	_ = fields.Flush() // into memory
	text.WriteString("\n")
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "POLICY\tTAG\tWHY")
	for _, c := range a.Choices {
		fmt.Fprintf(table, "%s\t%s\t%s\n", cmdline.Shown(c.Policy), c.Tag+cmdline.ShortDigest(c.Digest), cmdline.Shown(c.Text))
	}
	_ = table.Flush() // into memory
	return text.String()
}

func lines(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	return strings.Join(tags, "\n") + "\n"
}
