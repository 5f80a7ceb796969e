package status

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// statusPrinter writes the status in one format.
type statusPrinter struct {
	out        io.Writer
	format     statusFormat
	namespaces bool
	coloured   bool
	now        func() time.Time

	headed bool
	widths []int
}

func newStatusPrinter(out io.Writer, format statusFormat, namespaces, coloured bool) *statusPrinter {
	return &statusPrinter{out: out, format: format, namespaces: namespaces, coloured: coloured, now: time.Now}
}

// list writes all items as one list.
func (p *statusPrinter) list(items []status.Item) error {
	list := status.List{TypeMeta: metav1.TypeMeta{APIVersion: status.APIVersion, Kind: status.Kind}, Items: append([]status.Item{}, items...)}
	switch p.format {
	case statusJSON:
		return cmdline.OutputJSON.Write(p.out, list, "")
	case statusYAML:
		return cmdline.OutputYAML.Write(p.out, list, "")
	default:
		return p.rows(items)
	}
}

// rows writes items one by one, after those that were written before.
func (p *statusPrinter) rows(items []status.Item) error {
	var text strings.Builder
	for _, item := range items {
		if err := p.document(&text, item); err != nil {
			return err
		}
	}
	if p.format.forPeople() {
		p.table(&text, items)
	}
	_, err := io.WriteString(p.out, text.String())
	return err
}

func (p *statusPrinter) document(text *strings.Builder, item status.Item) error {
	switch p.format {
	case statusJSON:
		out, err := json.MarshalIndent(item, "", "  ")
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		text.Write(append(out, '\n'))
	case statusYAML:
		out, err := yaml.Marshal(item)
		if err != nil {
			return fmt.Errorf("writing YAML: %w", err)
		}
		text.WriteString("---\n" + string(out))
	}
	return nil
}

// stateColumn is where the state stands, without a column for namespaces.
const stateColumn = 5

func (p *statusPrinter) columns() []string {
	columns := []string{"WORKLOAD", "CONTAINER", "RUNNING", "NEWEST", "POLICY", "STATE", "REASON", "LAST CHECK", "NEXT CHECK"}
	if p.format == statusWide {
		columns = append(columns, "REPOSITORY", "MESSAGE")
	}
	return p.inNamespace("NAMESPACE", columns)
}

func (p *statusPrinter) inNamespace(namespace string, columns []string) []string {
	if p.namespaces {
		return append([]string{namespace}, columns...)
	}
	return columns
}

func (p *statusPrinter) row(item status.Item, now time.Time) []string {
	columns := []string{
		strings.ToLower(item.Kind) + "/" + item.Name, item.Container, p.version(item.Running), p.version(item.Newest),
		item.Policy, string(item.State), reason(item, now), cmdline.Ago(item.LastCheck, now), dueText(item.NextCheck, now),
	}
	if p.format == statusWide {
		columns = append(columns, item.Repository, item.Message)
	}
	columns = p.inNamespace(item.Namespace, columns)
	for i := range columns {
		columns[i] = cmdline.OrDash(cmdline.Shown(columns[i]))
	}
	return columns
}

// reason is the word for what keeps an image back, with when that ends if it does so by
// itself.
func reason(item status.Item, now time.Time) string {
	if item.Opens == nil {
		return item.Reason
	}
	return item.Reason + " (" + dueText(item.Opens, now) + ")"
}

// Version cuts a digest to what tells two apart.
func (p *statusPrinter) version(text string) string {
	result, ok := record.ParseResult(text)
	if !ok || result.Digest == "" || p.format == statusWide {
		return text
	}
	return result.Tag + cmdline.ShortDigest(result.Digest)
}

// table aligns rows with those that were written before; a watch cannot go back
// and widen its columns.
func (p *statusPrinter) table(text *strings.Builder, items []status.Item) {
	if len(items) == 0 {
		return
	}
	now := p.now()
	var rows [][]string
	if !p.headed {
		rows = append(rows, p.columns())
		p.widths = make([]int, len(rows[0]))
	}
	for _, item := range items {
		rows = append(rows, p.row(item, now))
	}
	for _, row := range rows {
		for i, column := range row {
			p.widths[i] = max(p.widths[i], utf8.RuneCountInString(column))
		}
	}
	for i, row := range rows {
		p.line(text, row, p.headed || i > 0)
	}
	p.headed = true
}

func (p *statusPrinter) line(text *strings.Builder, row []string, colour bool) {
	at := stateColumn
	if p.namespaces {
		at++
	}
	for i, column := range row {
		padding := strings.Repeat(" ", p.widths[i]-utf8.RuneCountInString(column)+3)
		if i == len(row)-1 {
			padding = "\n"
		}
		if code, ok := colours[report.State(column)]; ok && i == at && colour && p.coloured {
			column = "\x1b[" + code + "m" + column + "\x1b[0m"
		}
		text.WriteString(column + padding)
	}
}
