package poll

import (
	"context"
	"slices"
	"time"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/watched"
)

// promoted resolves the image of a container. Where it comes after other workloads, that is
// the highest version that has run there for long enough; if none has, the highest that
// runs there, and else the highest of all, which wait at the gate: so people see what is
// on its way, and until when. The registry is read once for all three.
func (p *Poller) promoted(ctx context.Context, r *round, key watched.Key, c watched.Container, query resolver.Query) (answer resolver.Resolution, ended bool, err error) {
	soaks := p.Mover.Soaks(ctx, key, &c.Rule, r.repository)
	p.pollAt(r.repository, p.nextSoakedAt(soaks))
	for _, of := range stepsOf(soaks) {
		query.Soaks = of
		answer, ended, err = p.ask(ctx, r, c, query)
		if ended || err != nil || answer.Moved(query) {
			break
		}
	}
	if len(soaks) > 0 {
		answer.List = 0 // what the others run has a say
	}
	return answer, ended, err
}

// stepsOf are what a container is asked about one after the other, until something moves it.
func stepsOf(soaks []resolver.Soak) [][]resolver.Soak {
	if len(soaks) == 0 {
		return [][]resolver.Soak{nil}
	}
	return [][]resolver.Soak{soaks, onTheirWay(soaks), nil}
}

// onTheirWay lets through what runs in all places, whether for long enough or not.
func onTheirWay(soaks []resolver.Soak) []resolver.Soak {
	all := make([]resolver.Soak, len(soaks))
	for i, soak := range soaks {
		all[i] = soak
		all[i].Versions = slices.Clone(soak.Versions)
		for n := range all[i].Versions {
			if v := &all[i].Versions[n]; !v.Left {
				v.Why = ""
			}
		}
	}
	return all
}

// nextSoakedAt is when the next version has run somewhere for long enough; the zero time is
// never.
func (p *Poller) nextSoakedAt(soaks []resolver.Soak) time.Time {
	var first time.Time
	now := p.Clock.Now()
	for _, soak := range soaks {
		for _, v := range soak.Versions {
			if v.SoakedAt.After(now) && (first.IsZero() || v.SoakedAt.Before(first)) {
				first = v.SoakedAt
			}
		}
	}
	return first
}
