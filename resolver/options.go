package resolver

import (
	"cmp"
	"time"
)

// Defaults of Options, with their reasons.
const (
	defaultFreshFor    = time.Minute
	defaultReadTimeout = time.Minute
	// A registry that failed is left alone for a moment: each admission would
	// wait for it otherwise.
	defaultRetryAfter = 10 * time.Second
	// What makes a list suspect is told from the last poll's: a monthly schedule,
	// and a day for its jitter.
	defaultDropAfter  = 32 * 24 * time.Hour
	defaultMaxEntries = 4096
	// A webhook has 256 MiB, and needs some for the lists that are being read.
	defaultMaxBytes = 96 << 20
)

// Options of a Resolver.
type Options struct {
	// FreshFor is how long a list or digest answers without being read again.
	// The default is one minute.
	FreshFor time.Duration
	// ConfirmAfter is the time between the two reads that make a suspect list
	// believed. The default is FreshFor.
	ConfirmAfter time.Duration
	// RetryAfter is how long a registry that could not be read is not asked
	// again, but for the updater; it doubles with each failure, up to FreshFor.
	// The default is ten seconds.
	RetryAfter time.Duration
	// ReadTimeout bounds one read, however many callers wait for it. The default is one
	// minute.
	ReadTimeout time.Duration
	// DropAfter is how long an unused entry is kept. A repository that is used
	// less often has no protection against suspect lists. The default is 32 days;
	// it is MaxEntries and MaxBytes that bound the memory.
	DropAfter time.Duration
	// MaxEntries bounds the lists that are kept, and eight times as many digests,
	// twice as many images; what was used longest ago goes first. The default is 4,096.
	MaxEntries int
	// MaxBytes bounds, about, the memory that all lists take together: a writer of
	// workloads can name the longest lists there are. The default is 96
	// MiB; a thousand lists of a thousand tags take 66 MB.
	MaxBytes int
	// MaxReads bounds the reads that are under way at once, those whose callers have left
	// among them, and an eighth of it those that one Query.Owner has begun. Callers wait for a
	// place as long as they have time. The default is 256.
	MaxReads int
	// ReadOnce is for programs that end soon: a list is never read again for a
	// tag that it lacks. The default is to read it once a tag and FreshFor.
	ReadOnce bool
	// Credentials come after those that a query brings. The default is none.
	Credentials Credentials
	// Allows says whether a repository may be asked about at all; it is asked
	// before what is known of it is looked at. The default is that all may.
	Allows func(repository Repository) error
	// Metrics counts how answers were had. The default is none.
	Metrics *Metrics
	// Now is the clock. The default is time.Now.
	Now func() time.Time

	conditions []condition // asked after the others; for tests
}

func (o Options) withDefaults() Options {
	o.FreshFor = cmp.Or(o.FreshFor, defaultFreshFor)
	o.ConfirmAfter = cmp.Or(o.ConfirmAfter, o.FreshFor)
	o.RetryAfter = cmp.Or(o.RetryAfter, defaultRetryAfter)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, defaultReadTimeout)
	o.DropAfter = cmp.Or(o.DropAfter, defaultDropAfter)
	o.MaxEntries = cmp.Or(o.MaxEntries, defaultMaxEntries)
	o.MaxBytes = cmp.Or(o.MaxBytes, defaultMaxBytes)
	o.MaxReads = cmp.Or(o.MaxReads, defaultMaxReads)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
