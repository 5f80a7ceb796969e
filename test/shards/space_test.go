package shards

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
	"github.com/garboard-dev/garboard/updater/shard"
)

// shared is the cluster of all tests.
var shared *cluster.Cluster

const (
	singleLease = "garboard-updater"
	// waitLimit bounds the wait for anything; it is no measure.
	waitLimit = 2 * time.Minute
)

// times are those of Leases.
type times struct{ lease, deadline, retry time.Duration }

var (
	// quick Leases run out within a test.
	quick = times{6 * time.Second, 4 * time.Second, 300 * time.Millisecond}
	// patient ones do not.
	patient = times{time.Hour, 30 * time.Minute, 300 * time.Millisecond}
)

// space is a namespace with members of its own. All that they work on is noted:
// two that work on one shard at a time fail the test.
type space struct {
	t       *testing.T
	name    string
	shards  int
	times   times
	members []*member

	mu   sync.Mutex
	busy map[int]string // who works on a shard
	done int
}

func newSpace(t *testing.T, shards int, times times) *space {
	t.Helper()
	object, err := shared.Client().CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "shards-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := &space{t: t, name: object.Name, shards: shards, times: times, busy: map[int]string{}}
	t.Cleanup(func() {
		for _, m := range s.members {
			m.stop()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.done == 0 {
			t.Error("nobody has worked on anything")
		}
		t.Logf("%d pieces of work", s.done)
	})
	return s
}

// member is an updater that works all the time on whatever it owns.
type member struct {
	*shard.Member
	transport *severed
	shards    int
	end       context.CancelFunc
	over      chan struct{}
}

func (s *space) start(name string) *member { return s.startWith(name, s.shards) }

func (s *space) startWith(name string, shards int) *member {
	s.t.Helper()
	config := shared.RESTConfig()
	config.Timeout = s.times.deadline / 2
	m := &member{shards: shards, transport: &severed{}, over: make(chan struct{})}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		m.transport.next = next
		return m.transport
	})
	client, err := coordinationv1client.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	m.Member, err = shard.New(shard.Options{
		Leases: client, Namespace: s.name, Shards: shards, Single: singleLease,
		Identity:      fmt.Sprintf("%s_%s-%d", name, name, len(s.members)),
		LeaseDuration: s.times.lease, RenewDeadline: s.times.deadline, RetryPeriod: s.times.retry,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, end := context.WithCancel(log.IntoContext(context.WithoutCancel(s.t.Context()), logr.Discard()))
	m.end = end
	var all sync.WaitGroup
	all.Go(func() {
		if err := m.Start(ctx); err != nil {
			s.t.Error(err)
		}
	})
	for shard := range shards {
		all.Go(func() { s.work(ctx, m, shard) })
	}
	go func() {
		all.Wait()
		close(m.over)
	}()
	s.members = append(s.members, m)
	return m
}

// work begins a piece of work on a shard as soon as the last one is done, some of
// them long, until the member is told that it has lost the shard.
func (s *space) work(ctx context.Context, m *member, number int) {
	repository := repositoryOf(number, m.shards)
	for ctx.Err() == nil {
		lasts := time.NewTimer(5 * time.Millisecond)
		work, done, ok := m.Begin(context.WithoutCancel(ctx), repository)
		if !ok {
			<-lasts.C
			continue
		}
		s.enter(m, number)
		lasts.Reset(time.Duration(rand.IntN(1000)) * time.Millisecond)
		select {
		case <-lasts.C:
		case <-work.Done():
		}
		s.leave(number)
		done()
	}
}

func (s *space) enter(m *member, shard int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.busy[shard]; other != "" {
		s.t.Errorf("%s and %s both work on shard %d", other, m.Identity, shard)
	}
	s.busy[shard] = m.Identity
	s.done++
}

func (s *space) leave(shard int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, shard)
}

// repositoryOf finds a repository of a shard.
func repositoryOf(number, shards int) string {
	for n := 0; ; n++ {
		if name := fmt.Sprintf("example.com/app-%d", n); shard.Of(name, shards) == number {
			return name
		}
	}
}

// owns is how many shards a member may work on.
func (m *member) owns() int {
	n := 0
	for shard := range m.shards {
		if m.Owns(repositoryOf(shard, m.shards)) {
			n++
		}
	}
	return n
}

// stopping ends a member in good order; the channel is closed when it has.
func (m *member) stopping() <-chan struct{} {
	m.end()
	return m.over
}

func (m *member) stop() { <-m.stopping() }

func (m *member) stopped() bool {
	select {
	case <-m.over:
		return true
	default:
		return false
	}
}

func (m *member) cut(off bool) { m.transport.off.Store(off) }

// severed is the way to the API server, which a test may cut.
type severed struct {
	next http.RoundTripper
	off  atomic.Bool
}

func (s *severed) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.off.Load() {
		return nil, errors.New("cut off")
	}
	return s.next.RoundTrip(r)
}

func (s *space) leases(prefix string) []coordinationv1.Lease {
	s.t.Helper()
	list, err := shared.Client().CoordinationV1().Leases(s.name).List(s.t.Context(), metav1.ListOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	var found []coordinationv1.Lease
	for _, lease := range list.Items {
		if strings.HasPrefix(lease.Name, prefix) {
			found = append(found, lease)
		}
	}
	return found
}

func (s *space) await(what string, check func() error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), waitLimit)
	defer cancel()
	if err := installation.Until(ctx, what, func(context.Context) error { return check() }); err != nil {
		s.t.Fatal(err)
	}
}
