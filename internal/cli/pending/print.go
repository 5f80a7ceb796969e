package pending

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/updates"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/voting"
)

// format is the value of -o. Empty is the table.
type format string

const (
	formatTable format = ""
	formatWide  format = "wide"
	formatJSON  format = "json"
	formatYAML  format = "yaml"
	formatName  format = "name"
)

// String returns the format as it is written on the command line.
func (f *format) String() string { return string(*f) }

// Type names the value in the help.
func (f *format) Type() string { return "format" }

// Choices are all formats but the table.
func (f *format) Choices() []string {
	return cmdline.Words(formatWide, formatJSON, formatYAML, formatName)
}

// Set refuses every format but the four.
func (f *format) Set(text string) error { return cmdline.SetChoice(f, text) }

func (f format) forPeople() bool { return f == formatTable || f == formatWide }

// printer writes updates in one format.
type printer struct {
	out        io.Writer
	format     format
	namespaces bool
	now        func() time.Time

	widths []int
}

// list writes all updates at once.
func (p *printer) list(all []v1alpha1.ImageUpdate) error {
	if p.format == formatJSON || p.format == formatYAML {
		return updates.WriteList(p.out, updates.Format(p.format), typed(all))
	}
	return p.rows(all)
}

// typed says of each what it is, as in a list of kubectl's.
func typed(all []v1alpha1.ImageUpdate) []v1alpha1.ImageUpdate {
	all = slices.Clone(all)
	for i := range all {
		all[i].APIVersion, all[i].Kind = v1alpha1.SchemeGroupVersion.String(), v1alpha1.ImageUpdateKind
		all[i].ManagedFields = nil
	}
	return all
}

// rows writes updates one by one, after those that were written before.
func (p *printer) rows(all []v1alpha1.ImageUpdate) error {
	var text strings.Builder
	for _, update := range typed(all) {
		if err := p.document(&text, &update); err != nil {
			return err
		}
	}
	if p.format.forPeople() {
		p.table(&text, all)
	}
	_, err := io.WriteString(p.out, text.String())
	return err
}

func (p *printer) document(text *strings.Builder, update *v1alpha1.ImageUpdate) error {
	switch p.format {
	case formatName:
		text.WriteString(updates.Name(update) + "\n")
	case formatJSON:
		out, err := json.MarshalIndent(update, "", "  ")
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		text.Write(append(out, '\n'))
	case formatYAML:
		out, err := yaml.Marshal(update)
		if err != nil {
			return fmt.Errorf("writing YAML: %w", err)
		}
		text.WriteString("---\n" + string(out))
	}
	return nil
}

// table writes rows, below a head before the first. Columns stay as wide as they were.
func (p *printer) table(text *strings.Builder, all []v1alpha1.ImageUpdate) {
	var rows [][]string
	if len(all) > 0 && p.widths == nil {
		rows = append(rows, p.columns())
		p.widths = make([]int, len(rows[0]))
	}
	for i := range all {
		rows = append(rows, p.row(&all[i]))
	}
	for _, row := range rows {
		for i, cell := range row {
			p.widths[i] = max(p.widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			text.WriteString(cell + strings.Repeat(" ", p.widths[i]-utf8.RuneCountInString(cell)+3))
		}
		text.WriteString(row[len(row)-1] + "\n")
	}
}

func (p *printer) columns() []string {
	columns := []string{"NAME", "WORKLOAD", "CONTAINER", "FROM", "TO", "PHASE", "VOTES", "DEADLINE", "AGE"}
	if p.format == formatWide {
		columns = append(columns, "POLICY", "REPOSITORY", "VOTERS")
	}
	if p.namespaces {
		columns = append([]string{"NAMESPACE"}, columns...)
	}
	return columns
}

func (p *printer) row(u *v1alpha1.ImageUpdate) []string {
	now := p.now()
	columns := []string{
		u.Name, strings.ToLower(u.Spec.WorkloadRef.Kind) + "/" + u.Spec.WorkloadRef.Name, u.Spec.Container,
		p.version(u.Spec.From), p.version(u.Spec.To), string(voting.PhaseOf(u)),
		fmt.Sprintf("%d/%d", u.Status.Approvals, u.Spec.VotesRequired), due(voting.Deadline(u), now),
		duration.HumanDuration(now.Sub(u.CreationTimestamp.Time)),
	}
	if p.format == formatWide {
		columns = append(columns, u.Spec.Policy, u.Spec.Repository, voters(u.Status.Voters))
	}
	if p.namespaces {
		columns = append([]string{u.Namespace}, columns...)
	}
	for i := range columns {
		columns[i] = cmdline.OrDash(cmdline.Shown(columns[i]))
	}
	return columns
}

// shortDigest is how much of a digest tells two apart.
const shortDigest = 12

// version is a tag with its digest, cut to what tells two apart.
func (p *printer) version(v v1alpha1.ImageVersion) string {
	digest := v.Digest
	if p.format != formatWide {
		digest = printable.Digest(digest, shortDigest)
	}
	switch {
	case digest == "":
		return v.Tag
	case v.Tag == "":
		return digest
	default:
		return v.Tag + "@" + digest
	}
}

func voters(all []v1alpha1.Voter) string {
	named := make([]string, 0, len(all))
	for _, voter := range all {
		text := voter.Name + " " + strings.ToLower(string(voter.Verdict))
		if voter.Comment != "" {
			text += " " + strconv.Quote(voter.Comment) // it may read like another's vote
		}
		named = append(named, text)
	}
	return strings.Join(named, ", ")
}

// due is how far off a deadline is, as kubectl writes ages.
func due(at, now time.Time) string {
	if at.After(now) {
		return "in " + duration.HumanDuration(at.Sub(now))
	}
	return "passed"
}
