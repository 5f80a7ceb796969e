// Package helmvalues reads what the block keel: in the values of a workload's
// Helm release says, as Keel's users write it into their charts.
//
// Helm keeps each revision of a release, values and all, in a Secret of the
// release's namespace. Values hold passwords, too: of what is decoded, only the
// block keel: and the texts at the paths that it names are kept, and the latter
// are never told. Secrets are input of all who may create them: what is
// read of one is bounded at every step.
package helmvalues

import (
	"cmp"
	"context"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// readTimeout is how long the values of one release may take to read. An
// admission request has less than five seconds, for its registries, too.
const readTimeout = time.Second

// Defaults of Options.
const (
	defaultMaxReleases = 4096
	defaultMaxBytes    = 16 << 20
)

// Options make a Reader.
type Options struct {
	// Live asks the API server.
	Live client.Reader
	// Informers tell which revisions there are, once Follow has them. The
	// default is to ask Live each time: Helm writes a release's Secret a moment
	// before its workloads, and no informer is sure to show it by then.
	Informers Informers
	// Now is the clock. The default is time.Now.
	Now func() time.Time
	// MaxReleases bounds the releases that are remembered, and MaxBytes what is
	// kept of all of them; what was used longest ago goes first. The defaults
	// are 4096 and 16 MiB.
	MaxReleases, MaxBytes int
}

// Reader reads releases, and remembers what it made of the newest revision of
// each. It is safe for concurrent use.
type Reader struct {
	Options
	flights singleflight.Group
	// decoding holds a place for the one Secret that is unpacked at a time,
	// which bounds the memory that hostile ones can take.
	decoding chan struct{}

	mu     sync.Mutex
	known  map[types.NamespacedName]*values
	synced bool // the informer is, by Follow
}

// values are what is known of a release.
type values struct {
	revision revision
	release  settings.Release
	failed   *Error
	used     time.Time
}

// New returns a Reader that knows nothing yet.
func New(o Options) *Reader {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.MaxReleases, o.MaxBytes = cmp.Or(o.MaxReleases, defaultMaxReleases), cmp.Or(o.MaxBytes, defaultMaxBytes)
	return &Reader{Options: o, decoding: make(chan struct{}, 1), known: map[types.NamespacedName]*values{}}
}

// Of returns what the Helm release of a workload in a namespace says; nothing
// for a workload that no release of this namespace installed, or of which there
// is no revision in use. The namespace is given, as an object that is being
// created need not name it.
//
// The error is an *Error. Where the API server gave no answer, there are the
// values that were read last, if there are any; else none.
func (r *Reader) Of(ctx context.Context, namespace string, o *workload.Object) (settings.Release, error) {
	name, ok := o.HelmRelease(namespace)
	if !ok {
		return settings.Release{}, nil
	}
	release := types.NamespacedName{Namespace: namespace, Name: name}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	found, failed := r.read(ctx, release)
	if failed == nil {
		return found, nil
	}
	if last := r.last(release); failed.Kind == Unavailable && last != nil {
		return last.release, failed.kept()
	}
	return settings.Release{}, failed
}

// last returns what is known of a release, of whichever revision; nil for
// nothing that could be used.
func (r *Reader) last(release types.NamespacedName) *values {
	return r.recall(release, func(known *values) bool { return known.failed == nil })
}

// of returns what is known of a revision; nil for nothing.
func (r *Reader) of(release types.NamespacedName, revision revision) *values {
	return r.recall(release, func(known *values) bool { return known.revision == revision })
}

// recall returns what is known of a release, and notes that it was wanted; nil
// where it does not serve.
func (r *Reader) recall(release types.NamespacedName, serves func(*values) bool) *values {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.known[release]
	if !ok || !serves(known) {
		return nil
	}
	known.used = r.Now()
	return known
}

// read returns the values of the newest revision, which are decoded once. All
// who want them at the same time wait for one read, each as long as it can.
func (r *Reader) read(ctx context.Context, release types.NamespacedName) (settings.Release, *Error) {
	newest, found, failed := r.newest(ctx, release)
	if failed != nil || !found {
		return settings.Release{}, failed
	}
	if known := r.of(release, newest); known != nil {
		return known.release, known.failed
	}
	flight := r.flights.DoChan(release.String()+"/"+newest.String(), func() (any, error) {
		// The read is for others, too, who have more time.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		return r.fetch(ctx, release, newest), nil
	})
	select {
	case done := <-flight:
		read, _ := done.Val.(*values) // fetch returns nothing else
		return read.release, read.failed
	case <-ctx.Done():
		return settings.Release{}, newError(Unavailable, release, ctx.Err())
	}
}

// fetch reads the Secret of a revision, and remembers what it holds.
func (r *Reader) fetch(ctx context.Context, release types.NamespacedName, newest revision) *values {
	secret := &corev1.Secret{}
	err := r.Live.Get(ctx, types.NamespacedName{Namespace: release.Namespace, Name: newest.secret(release.Name)}, secret)
	switch {
	case apierrors.IsForbidden(err):
		return &values{failed: newError(Forbidden, release, err)}
	case err != nil: // one that is gone has made place for another
		return &values{failed: newError(Unavailable, release, err)}
	}
	newest.uid, newest.version = secret.UID, secret.ResourceVersion
	select {
	case r.decoding <- struct{}{}:
		defer func() { <-r.decoding }()
	case <-ctx.Done():
		return &values{failed: newError(Unavailable, release, ctx.Err())}
	}
	read := &values{revision: newest, used: r.Now()}
	if read.release, err = decodeSafely(ctx, secret); err != nil {
		read.failed = newError(Unreadable, release, err)
	}
	r.remember(release, read)
	return read
}

// decodeSafely takes a panic for content that makes no sense: in a goroutine
// of its own it would end the process.
func decodeSafely(ctx context.Context, secret *corev1.Secret) (release settings.Release, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			// What it is about is in the Secret, and so is not told.
			log.FromContext(ctx).Error(errNoRelease, "recovered", "secret", secret.Name, "namespace", secret.Namespace, "stack", string(debug.Stack()))
			release, err = settings.Release{}, errNoRelease
		}
	}()
	return decodeRelease(secret)
}

// remember keeps the values, and forgets what was used longest ago where that
// is too much.
func (r *Reader) remember(release types.NamespacedName, read *values) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[release] = read
	weight := 0
	for _, v := range r.known {
		weight += v.release.Weight()
	}
	for len(r.known) > r.MaxReleases || weight > r.MaxBytes {
		var oldest types.NamespacedName
		for name, v := range r.known {
			if v != read && (r.known[oldest] == nil || v.used.Before(r.known[oldest].used)) {
				oldest = name
			}
		}
		if r.known[oldest] == nil {
			return // nothing but what was just read
		}
		weight -= r.known[oldest].release.Weight()
		delete(r.known, oldest)
	}
}

// String keeps a verb such as %q from walking into what is remembered.
func (r *Reader) String() string { return "reader of Helm values" }
