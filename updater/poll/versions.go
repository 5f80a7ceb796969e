package poll

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Images tells of images and tags what no poll needs: for people.
type Images interface {
	// Describe tells what an image says of itself.
	Describe(ctx context.Context, q resolver.Query, tag, digest string) (resolver.Description, error)
	// Explain says why each other tag is not the answer.
	Explain(ctx context.Context, q resolver.Query, answer resolver.Resolution) ([]resolver.Rejection, error)
	// Built is when an image was built, as far as that was read before.
	Built(ctx context.Context, q resolver.Query, tag, digest string) time.Time
}

// maxHigher is how many higher tags are told.
const maxHigher = 100

// ErrNotFollowed is the answer for a container that this updater does not follow.
var ErrNotFollowed = errors.New("the updater follows no such container")

// Versions reads what the versions of one container are, for a person: what of them is not
// known is asked of the registry, with the workload's own credentials. The repository is the
// container's; who asks chooses tags and digests alone.
func (p *Poller) Versions(ctx context.Context, key watched.Key, container string, of []record.Result) (*report.Versions, error) {
	c, query, err := p.queryOf(ctx, key, container)
	if err != nil {
		return nil, err
	}
	told := &report.Versions{}
	for _, version := range of {
		told.Images = append(told.Images, p.describe(ctx, query, version))
	}
	var answer resolver.Resolution
	for _, soaks := range stepsOf(p.Mover.Soaks(ctx, key, &c.Rule, c.Reference.Repository.String())) {
		query.Soaks = soaks
		if answer, err = p.Resolver.Resolve(ctx, query); err != nil || answer.Moved(query) {
			break
		}
	}
	if err != nil {
		told.Fault = resolver.Summary(err)
		return told, nil
	}
	told.Chosen, told.Why = answer.Tag, answer.Why()
	rejected, err := p.Images.Explain(ctx, query, answer)
	if err != nil {
		told.Fault = resolver.Summary(err)
		return told, nil
	}
	higher := resolver.Higher(rejected, query.Tag)
	told.More = max(0, len(higher)-maxHigher)
	for _, one := range higher[:len(higher)-told.More] {
		told.Higher = append(told.Higher, report.RejectedTag{Tag: one.Tag, Why: one.Text})
	}
	return told, nil
}

// queryOf is the query of one container, as a poll asks it.
func (p *Poller) queryOf(ctx context.Context, key watched.Key, container string) (watched.Container, resolver.Query, error) {
	w, ok := p.Workloads.Governed(ctx, key)
	if !ok || p.Images == nil {
		return watched.Container{}, resolver.Query{}, ErrNotFollowed
	}
	for _, c := range w.Containers() {
		if c.Slot.Key() == container && p.Ownership.Owns(c.Reference.Repository.String()) {
			query := (&round{}).query(c)
			p.complete(&query, w, c, func() []resolver.Platform { return p.Placement.Required(ctx, w.Object) })
			return c, query, nil
		}
	}
	return watched.Container{}, resolver.Query{}, ErrNotFollowed
}

func (p *Poller) describe(ctx context.Context, q resolver.Query, version record.Result) report.ImageVersion {
	told := report.ImageVersion{Version: version.String(), Digest: version.Digest}
	found, err := p.Images.Describe(ctx, q, version.Tag, version.Digest)
	if err != nil {
		told.Fault = resolver.Summary(err)
		return told
	}
	told.Digest, told.Size = found.Digest, found.Size
	if told.Size > 0 {
		told.SizeOf = found.SizeOf.String()
	}
	told.Source, told.Revision, told.URL = found.Source, found.Revision, found.URL
	if !found.Created.IsZero() {
		told.Created = &metav1.Time{Time: found.Created}
	}
	for _, platform := range found.Platforms {
		if platform != (resolver.Platform{}) {
			told.Platforms = append(told.Platforms, platform.String())
		}
	}
	return told
}

// date tells when what a container runs and the newest were built, as far as the registry
// was asked for other reasons: a date is worth no request of a poll.
func (p *Poller) date(ctx context.Context, key watched.Key, c watched.Container, q resolver.Query, answer resolver.Resolution) {
	if p.Images == nil {
		return
	}
	p.Report.Date(key, c.Slot.Key(), record.Result{Tag: answer.Tag, Digest: answer.Digest}, func(version string) time.Time {
		of, ok := record.ParseResult(version)
		if !ok {
			return time.Time{}
		}
		return p.Images.Built(ctx, q, of.Tag, of.Digest)
	})
}
