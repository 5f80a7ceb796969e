package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/installation"
	"github.com/garboard-dev/garboard/updater/shard"
)

// sharded runs two updaters that share the work, as the overlay sharded does, until
// the test ends.
func (s *space) sharded(ctx context.Context) (servers []*installation.Server) {
	s.t.Helper()
	rights := filepath.Join("..", "..", "manifests", "components", "sharded", "rbac.yaml")
	if _, _, err := s.Kubectl(s.t.Context(), "", "apply", "-f", rights); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		end, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		for _, server := range servers {
			if err := server.Stop(end); err != nil {
				s.t.Error(err)
			}
		}
		s.startUpdater()
		if _, _, err := s.Kubectl(end, "", "delete", "-f", rights); err != nil {
			s.t.Error(err)
		}
	})
	s.stopUpdater()
	for range 2 {
		s.startUpdater(soon("--shards=4")...)
		servers = append(servers, s.garboard.Updater())
	}
	return servers
}

// owners waits until each of the four shards has an owner, of so many in all.
func (s *space) owners(want int) {
	s.t.Helper()
	s.await(fmt.Sprintf("%d owners of four shards", want), func(ctx context.Context) error {
		owners, shards := map[string]int{}, 0
		list, err := s.Client().CoordinationV1().Leases("garboard").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range list.Items {
			holder := list.Items[i].Spec.HolderIdentity
			if strings.HasPrefix(list.Items[i].Name, "garboard-updater-shard-") && holder != nil && *holder != "" {
				owners[*holder]++
				shards++
			}
		}
		if len(owners) != want || shards != 4 {
			return fmt.Errorf("they have %v", owners)
		}
		return nil
	})
}

// Two updaters move what is theirs and nothing else. When one is killed the other
// has its repositories within the time of a Lease, and nothing is moved twice.
//
// It takes more than 20 seconds: the Lease of the one that was killed runs out after ten,
// and the shards change hands in rounds.
func TestUpdatersShareTheRepositories(t *testing.T) {
	alone(t)
	s := newSpace(t)
	names := []string{"one", "two", "three", "four", "five", "six", "seven", "eight"}
	push := func(tag string) {
		for _, name := range names {
			if _, err := s.Push(t.Context(), s.name+"/"+name, tag); err != nil {
				t.Fatal(err)
			}
		}
	}
	running := func(name string) (tag string, generation int64) {
		d := s.deployment(name)
		image := d.Spec.Template.Spec.Containers[0].Image
		return image[strings.LastIndex(image, ":")+1:], d.Generation
	}
	moved := func(tag string) {
		for _, name := range names {
			s.awaitWithin(2*time.Minute, name+" to run "+tag, func(context.Context) error {
				if got, _ := running(name); got != tag {
					return fmt.Errorf("it runs %s", got)
				}
				return nil
			})
		}
	}
	bumped := func(server *installation.Server) int { return strings.Count(s.log(server), `"msg":"bumped"`) }
	push("1.2.0")
	for _, name := range names {
		manifest := strings.ReplaceAll(s.manifest(name, "1.2.0", "garboard.dev/policy: minor", everySecond), s.image, s.Registry+"/"+s.name+"/"+name)
		s.must(manifest, "apply", "-f", "-")
	}
	before := map[string]int64{}
	for _, name := range names {
		s.settled(name)
		_, before[name] = running(name)
	}
	updaters := s.sharded(context.WithoutCancel(t.Context()))
	s.owners(2)
	push("1.3.0")
	moved("1.3.0")
	for _, updater := range updaters {
		own := 0
		for _, name := range names {
			number := shard.Of(s.Registry+"/"+s.name+"/"+name, 4)
			if strings.Contains(s.metrics(updater), fmt.Sprintf("leader_election_master_status{name=%q} 1\n", shard.LeaseName(number))) {
				own++
			}
		}
		s.await(updater.Name+" to have bumped its own", func(context.Context) error {
			if n := bumped(updater); n != own {
				return fmt.Errorf("%d bumps, %d workloads are its own", n, own)
			}
			return nil
		})
	}
	if err := updaters[0].Kill(); err != nil {
		t.Fatal(err)
	}
	push("1.4.0")
	moved("1.4.0")
	s.owners(1)
	for _, name := range names {
		if _, generation := running(name); generation != before[name]+2 {
			t.Errorf("%s: generation %d -> %d, want two changes", name, before[name], generation)
		}
	}
}
