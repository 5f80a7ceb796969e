// Package status is garboard status: where workloads stand between what they run and
// the newest image.
package status

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/updater/status"
)

// watchInterval is how often -w asks the updater again.
const watchInterval = 2 * time.Second

// statusOptions are the flags of garboard status.
type statusOptions struct {
	access.ConnectionOptions
	updater    access.UpdaterOptions
	format     statusFormat
	colour     colourMode
	all, watch bool
}

// NewCommand returns garboard status.
func NewCommand(env func(string) (string, bool)) *cobra.Command {
	var o statusOptions
	command := &cobra.Command{
		Use:   "status [RESOURCE/NAME]",
		Short: "Show where workloads stand between what they run and the newest image",
		Long: "Show each container that Garboard governs: what it runs, the newest image that\n" +
			"its policy allows, and what keeps it from there. The updater that leads tells,\n" +
			"and is asked through the API server, by the proxy of its Pod: your own rights\n" +
			"decide. The Role garboard-status in Garboard's namespace has what is needed.",
		Example: "  garboard status\n  garboard status deployment/shop -o wide\n  garboard status -A -w\n" +
			"  garboard status -A -o json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cmdline.Faults{"takes one RESOURCE/NAME, such as deployment/shop"}
			}
			return nil
		},
		PreRunE: func(*cobra.Command, []string) error { return o.check().OrNil() },
		RunE: func(command *cobra.Command, args []string) error {
			out := command.OutOrStdout()
			return o.run(command, newStatusPrinter(out, o.format, o.all, o.colour.on(out, env)), strings.Join(args, ""))
		},
	}
	o.addFlags(command.Flags())
	return command
}

func (o *statusOptions) addFlags(flags *pflag.FlagSet) {
	o.ConnectionOptions.AddFlags(flags)
	flags.VarP(&o.format, "output", "o", "output format: table, wide, json or yaml")
	flags.Var(&o.colour, "color", "when to colour the table: auto (on a terminal, unless NO_COLOR is set), always or never")
	flags.BoolVarP(&o.all, "all-namespaces", "A", false, "show all namespaces")
	flags.BoolVarP(&o.watch, "watch", "w", false, "go on, and print what changes")
	o.updater.AddFlags(flags)
}

func (o *statusOptions) check() cmdline.Faults {
	faults := o.ConnectionOptions.Check()
	if o.all && o.Namespace != "" {
		faults = append(faults, "--namespace: not together with --all-namespaces")
	}
	return append(faults, o.updater.Check()...)
}

// lister is whom to ask for the status.
type lister interface {
	List(ctx context.Context, namespace string) (*status.List, error)
}

// asked is a question that may be asked many times.
type asked struct {
	lister
	namespace string
	// kind and name are those of one workload, or empty.
	kind, name string
	// where is what a person reads of the place.
	where string
	// warnings is where it is told what an answer lacks; warned is what was told.
	warnings io.Writer
	warned   string
}

// warn tells once what is missing from an answer.
func (a *asked) warn(list *status.List) {
	warning := missingShards(list.Unowned)
	if warning != "" && warning != a.warned {
		fmt.Fprintln(a.warnings, "garboard:", warning)
	}
	a.warned = warning
}

// missingShards says which shards have no owner; it is empty if all have one.
func missingShards(shards []int) string {
	numbers := make([]string, 0, len(shards))
	for _, shard := range shards {
		numbers = append(numbers, strconv.Itoa(shard))
	}
	switch len(numbers) {
	case 0:
		return ""
	case 1:
		return "shard " + numbers[0] + " has no owner at the moment: its workloads are missing"
	default:
		return "shards " + strings.Join(numbers, ", ") + " have no owner at the moment: their workloads are missing"
	}
}

func (o *statusOptions) run(command *cobra.Command, printer *statusPrinter, named string) error {
	question, err := o.ask(command.ErrOrStderr(), named)
	if err != nil {
		return o.Late(err)
	}
	items, err := o.once(command.Context(), question)
	if err != nil {
		return err
	}
	if len(items) == 0 && question.name != "" && !o.watch {
		return fmt.Errorf("the updater governs no container of %s %q in %s: has the namespace opted in, and the workload a policy?",
			strings.ToLower(question.kind), question.name, question.where)
	}
	if len(items) == 0 && o.format.forPeople() {
		fmt.Fprintf(command.ErrOrStderr(), "No governed workloads in %s.\n", question.where)
	}
	if !o.watch {
		return printer.list(items)
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	return o.follow(command.Context(), command.ErrOrStderr(), question, printer, items, tick.C)
}

// ask finds out whom to ask, and what.
func (o *statusOptions) ask(warnings io.Writer, named string) (*asked, error) {
	question := &asked{where: "any namespace", warnings: warnings}
	direct, err := o.updater.Direct()
	if err != nil {
		return nil, err
	}
	if direct != nil {
		question.lister = direct
		if named == "" && (o.all || o.Namespace != "") {
			question.in(o.Namespace) // no cluster is needed
			return question, nil
		}
	}
	cluster, err := o.Connect(warnings)
	if err != nil {
		return nil, err
	}
	if !o.all {
		question.in(cluster.Namespace)
	}
	if named != "" {
		w, err := cluster.Workload(named)
		if err != nil {
			return nil, err
		}
		question.kind, question.name = w.Kind.Kind, w.Name
	}
	if question.lister == nil {
		kube, err := access.NewClients(cluster.Config)
		if err != nil {
			return nil, err
		}
		question.lister = o.updater.Through(kube)
	}
	return question, nil
}

func (a *asked) in(namespace string) {
	if a.namespace = namespace; namespace != "" {
		a.where = fmt.Sprintf("namespace %q", namespace)
	}
}

// once asks, within the time that one question has.
func (o *statusOptions) once(ctx context.Context, question *asked) ([]status.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	list, err := question.List(ctx, question.namespace)
	if err != nil {
		return nil, o.Late(err)
	}
	question.warn(list)
	items := list.Items[:0]
	for _, item := range list.Items {
		if question.name == "" || item.Name == question.name && strings.EqualFold(item.Kind, question.kind) {
			items = append(items, item)
		}
	}
	return items, nil
}

// follow asks with each tick, and prints what changes, until the context ends. A leader that changes, or
// an API server that is away, is no reason to stop.
func (o *statusOptions) follow(ctx context.Context, warnings io.Writer, question *asked, printer *statusPrinter, items []status.Item, tick <-chan time.Time) error {
	seen := newSightings()
	if err := printer.rows(seen.news(items)); err != nil {
		return err
	}
	said := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
		}
		items, err := o.once(ctx, question)
		if err != nil {
			if said != err.Error() && ctx.Err() == nil {
				fmt.Fprintln(warnings, "garboard:", err)
			}
			said = err.Error()
			continue
		}
		said = ""
		if err := printer.rows(seen.news(items)); err != nil {
			return err
		}
	}
}

// sightings remember what was printed of each container.
type sightings struct{ last map[[4]string]status.Item }

func newSightings() *sightings { return &sightings{last: map[[4]string]status.Item{}} }

// news are the items that are new, or are not what they were. When a registry
// was asked is no news.
func (s *sightings) news(items []status.Item) []status.Item {
	var news []status.Item
	next := make(map[[4]string]status.Item, len(items))
	for _, item := range items {
		key := [4]string{item.Namespace, item.Kind, item.Name, item.Container}
		now := item
		now.LastCheck, now.NextCheck, now.Opens = nil, nil, nil
		if was, ok := s.last[key]; !ok || was != now {
			news = append(news, item)
		}
		next[key] = now
	}
	s.last = next
	return news
}
