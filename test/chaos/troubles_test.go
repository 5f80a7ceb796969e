package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/test/installation"
)

// troubles are what happens to Garboard and around it, one at a time, so that
// one replica always serves.
type troubles struct {
	*world
	garboard *installation.Installation
	certs    client.Client
	mirror   *mirror
	random   *rand.Rand
	had      map[string]int
	// leave tells a replica to end, and waits for nothing.
	leave func(*installation.Server)
}

// trouble returns when all is whole again.
type trouble struct {
	name string
	do   func(context.Context) error
}

func (t *troubles) all() []trouble {
	return []trouble{
		{"a replica is killed", t.kill},
		{"a replica is drained", t.drain},
		{"the certificate is renewed", t.renew},
		{"the API server is killed", t.restart},
		{"the updater is restarted", t.restartUpdater},
		{"a mirror comes and goes", t.comesAndGoes},
	}
}

// run goes on until the context ends, and at least until each trouble has come
// once: none comes again before all others. Between two of them the writers get
// on with their work.
func (t *troubles) run(ctx context.Context) error {
	life := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		round := t.all()
		t.random.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		for _, next := range round {
			if ctx.Err() != nil && t.had[next.name] > 0 {
				continue
			}
			t.weather.turns(next.name)
			if err := next.do(life); err != nil {
				return fmt.Errorf("%s: %w", next.name, err)
			}
			t.weather.turns("over: " + next.name)
			t.had[next.name]++
			if err := t.after(life, int64(20+t.random.IntN(40))); err != nil {
				return fmt.Errorf("after this: %s: %w", next.name, err)
			}
		}
	}
	return nil
}

// after waits for so many more writes.
func (w *world) after(ctx context.Context, more int64) error {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	until := w.writes.Load() + more
	return installation.Until(ctx, fmt.Sprintf("%d more writes", more), func(context.Context) error {
		if w.writes.Load() < until {
			return errors.New("not yet")
		}
		return nil
	})
}

// kill ends a replica without warning. What it had in hand fails, and so may
// what is sent over the connections that it held.
func (t *troubles) kill(ctx context.Context) error {
	victim, others := t.pick()
	spell, err := t.weather.begin(ctx, "a replica is killed")
	if err != nil {
		return err
	}
	if err := victim.Kill(); err != nil {
		return err
	}
	if err := t.calm(ctx); err != nil {
		return err
	}
	if err := t.weather.end(ctx, spell); err != nil {
		return err
	}
	return t.replace(ctx, others)
}

// drain ends a replica as the kubelet does: no new connections first, then
// SIGTERM, which answers for a while. Another takes its place meanwhile. No write may
// fail.
func (t *troubles) drain(ctx context.Context) error {
	victim, others := t.pick()
	if err := t.garboard.Route(others...); err != nil {
		return err
	}
	t.leave(victim)
	return t.replace(ctx, others)
}

func (t *troubles) pick() (victim *installation.Server, others []*installation.Server) {
	servers := t.garboard.Webhooks()
	i := t.random.IntN(len(servers))
	return servers[i], append(servers[:i:i], servers[i+1:]...)
}

func (t *troubles) replace(ctx context.Context, others []*installation.Server) error {
	if err := t.garboard.Route(others...); err != nil {
		return err
	}
	_, err := t.garboard.StartWebhook(ctx)
	return err
}

// calm waits until writes come through the webhooks again and again.
func (t *troubles) calm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	probe := (&app{name: "probe", image: t.images[0], style: serverSide}).object()
	for good := 0; good < 10; {
		err := installation.Until(ctx, "calm", func(ctx context.Context) error {
			_, err := t.deployments().Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			if err != nil {
				good = 0
			}
			return err
		})
		if err != nil {
			return err
		}
		good++
	}
	return nil
}

// renew does what `cmctl renew` does, and waits until cert-manager has. No write
// may fail.
func (t *troubles) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	key := client.ObjectKey{Namespace: "garboard", Name: "garboard-webhook"}
	certificate, before := &cmv1.Certificate{}, 0
	err := installation.Until(ctx, "the renewal to be asked for", func(ctx context.Context) error {
		if err := t.certs.Get(ctx, key, certificate); err != nil {
			return err
		}
		before = *certificate.Status.Revision
		certificate.Status.Conditions = append(certificate.Status.Conditions, cmv1.CertificateCondition{
			Type: cmv1.CertificateConditionIssuing, Status: cmmeta.ConditionTrue, Reason: "ManuallyTriggered",
		})
		return t.certs.Status().Update(ctx, certificate)
	})
	if err != nil {
		return err
	}
	return installation.Until(ctx, "the renewal", func(ctx context.Context) error {
		if err := t.certs.Get(ctx, key, certificate); err != nil {
			return err
		}
		if *certificate.Status.Revision == before {
			return errors.New("it has the same revision")
		}
		return nil
	})
}

// restart kills the API server and starts it again.
func (t *troubles) restart(ctx context.Context) error {
	spell, err := t.weather.begin(ctx, "the API server is killed")
	if err != nil {
		return err
	}
	if err := t.cluster.StopAPIServer(); err != nil {
		return err
	}
	if err := t.cluster.LaunchAPIServer(ctx); err != nil {
		return err
	}
	if err := t.calm(ctx); err != nil {
		return err
	}
	return t.weather.end(ctx, spell)
}

// restartUpdater: its successor knows what the API server knows, and no more.
func (t *troubles) restartUpdater(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	old := t.garboard.Updater()
	if err := old.Stop(ctx); err != nil {
		return err
	}
	return installation.Until(ctx, "the next updater", func(context.Context) error {
		if t.garboard.Updater() == old {
			return errors.New("not started yet")
		}
		return nil
	})
}

// kubelet starts the updater again whenever it has ended: it does so by itself
// where an API server that is away takes its Lease.
func (t *troubles) kubelet(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.garboard.Updater().Done():
		}
		started := func(ctx context.Context) error { return t.garboard.StartUpdater(ctx) }
		if err := installation.Until(ctx, "the updater", started); err != nil && ctx.Err() == nil {
			return err
		}
	}
}
