package page

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// VersionsReader tells what the images of one container say of themselves, and why higher
// tags were not taken. It may ask a registry: it is asked when a person opens a view, and
// never by one that is live.
type VersionsReader interface {
	Versions(ctx context.Context, request status.VersionsRequest) (*report.Versions, error)
}

// comparison is what two images of one container are.
type comparison struct {
	Images []imageColumn
	// Later is how much later the second was built; empty where that is not known.
	Later string
	// Tags is what is told of tags; nil for nothing.
	Tags *report.Versions
	// Untold is why nothing is told; empty where something is.
	Untold string
}

// imageColumn is one image, and what it is here.
type imageColumn struct {
	Label string
	report.ImageVersion
}

// versionsDetail is the view of the versions of one container.
type versionsDetail struct {
	Namespace, Kind, Name, Container string
	// Path is the workload's address.
	Path string
	comparison
}

// versions shows what a container runs beside the newest version, and the tags between.
func (p *Page) versions(w http.ResponseWriter, r *http.Request) {
	named, ok := p.workloadIn(w, r)
	if !ok {
		return
	}
	snapshot, err := p.feed.snapshot(r.Context(), p.options.Every)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	rows := snapshot.of(objectKey{named.Namespace, named.Kind.Kind, named.Name})
	container := r.URL.Query().Get("container")
	at := slices.IndexFunc(rows, func(row *Row) bool { return row.Container == container && row.Running != "" })
	if at < 0 {
		p.refuse(w, r, http.StatusNotFound, "The updater follows no such container.")
		return
	}
	row := rows[at]
	labels, of := []string{"Runs"}, []string{row.Running}
	if row.Behind() {
		labels, of = append(labels, "Newest allowed"), append(of, row.Newest)
	}
	p.show(w, r, http.StatusOK, "versions", view{
		Title: row.Name + " " + row.Container, Section: "workloads", Snapshot: snapshot,
		Content: versionsDetail{
			Namespace: row.Namespace, Kind: row.Kind, Name: row.Name, Container: row.Container, Path: pathOf(named),
			comparison: p.compare(r.Context(), row, labels, of),
		},
	})
}

// compare asks what images of a container are.
func (p *Page) compare(ctx context.Context, row *Row, labels, of []string) comparison {
	if p.options.Access.Versions == nil {
		return comparison{Untold: "What images say of themselves is not known: this page has no way to ask the updater for it."}
	}
	ctx, cancel := context.WithTimeout(ctx, p.options.Access.Timeout)
	defer cancel()
	told, err := p.options.Access.Versions.Versions(ctx, status.VersionsRequest{
		Namespace: row.Namespace, Kind: row.Kind, Name: row.Name, Container: row.Container, Of: of,
	})
	if err != nil {
		return comparison{Untold: "What images say of themselves is not known: " + shown(err.Error()) + "."}
	}
	c := comparison{Tags: told}
	for i, image := range told.Images[:min(len(told.Images), len(labels))] {
		c.Images = append(c.Images, imageColumn{labels[i], image})
	}
	if len(c.Images) > 1 {
		c.Later = daysBetween(c.Images[0].Created, c.Images[1].Created)
	}
	return c
}

// daysBetween is how much later than one image another was built; empty where one of the
// dates is not known.
func daysBetween(from, to *metav1.Time) string {
	if from == nil || to == nil {
		return ""
	}
	switch days := int(to.Sub(from.Time) / (24 * time.Hour)); {
	case to.Before(from):
		return "built earlier"
	case days == 0:
		return "less than a day"
	default:
		return plural(days, "day")
	}
}

// byteCount writes a size as registries do, in steps of a thousand.
func byteCount(size int64) string {
	units := []string{"kB", "MB", "GB", "TB"}
	if size < 1000 {
		return plural(int(size), "byte")
	}
	value, unit := float64(size)/1000, 0
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + units[unit]
}

// date is a day, as machines and people read it.
func date(at *metav1.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.DateOnly)
}

// list is some texts of others, on one line.
func list(texts []string) string { return shown(strings.Join(texts, ", ")) }

// VersionsPath is where the versions of a container are shown.
func (r *Row) VersionsPath() string {
	return "/workloads/" + url.PathEscape(r.Namespace) + "/" + url.PathEscape(r.Kind) + "/" + url.PathEscape(r.Name) +
		"/versions?" + url.Values{"container": {r.Container}}.Encode()
}
