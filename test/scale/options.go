package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/updater/shard"
)

// options are what is measured, and how much of it.
type options struct {
	source       string
	against      string
	sizes        []size
	repositories int
	interval     time.Duration
	rest         time.Duration
	pace         int
	clients      int
	json         string
}

// size is one measurement: how many Deployments there are, and how many updaters move them.
type size struct{ workloads, updaters, shards int }

func (s size) String() string {
	if s.updaters == 1 {
		return fmt.Sprintf("%d workloads", s.workloads)
	}
	return fmt.Sprintf("%d workloads, %d updaters", s.workloads, s.updaters)
}

func parse(args []string) (options, error) {
	var o options
	var workloads, updaters string
	var shards int
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	flags.StringVar(&o.source, "source", ".", "folder of the repository")
	flags.StringVar(&o.against, "against", "", "folder of another version, whose updaters are measured at each size before those of -source; the default is none")
	flags.StringVar(&workloads, "workloads", "1000,10000", "Deployments, for each measurement as many as before or more")
	flags.StringVar(&updaters, "updaters", "1", "updaters that share the repositories: a number, or one for each measurement")
	flags.IntVar(&shards, "shards", 0, "shards, where several updaters share the repositories; the default is two for each updater")
	flags.IntVar(&o.repositories, "repositories", 200, "repositories that they use")
	flags.DurationVar(&o.interval, "interval", 30*time.Second, "the schedule that they are polled at")
	flags.DurationVar(&o.rest, "rest", time.Minute, "how long nothing happens, for what is asked meanwhile")
	flags.IntVar(&o.pace, "pace", 100, "rollouts at once, of all updaters together")
	flags.IntVar(&o.clients, "clients", 8, "clients that create at once")
	flags.StringVar(&o.json, "json", "", "file for the figures; the default is none")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("arguments %q: allowed: flags only", flags.Args())
	}
	var err error
	if o.sizes, err = sizesOf(workloads, updaters, shards); err == nil {
		err = o.check()
	}
	return o, err
}

// sizesOf reads the measurements; with 0 there are as many shards as
// manifests/overlays/sharded has for its updaters.
func sizesOf(workloads, updaters string, shards int) ([]size, error) {
	many, err := numbers("workloads", workloads)
	if err != nil {
		return nil, err
	}
	share, err := numbers("updaters", updaters)
	if err != nil {
		return nil, err
	}
	if len(share) == 1 {
		share = slices.Repeat(share, len(many))
	}
	if len(share) != len(many) {
		return nil, fmt.Errorf("-updaters: %q: allowed: one number, or one for each of -workloads=%s", updaters, workloads)
	}
	sizes := make([]size, len(many))
	for i := range many {
		sizes[i] = size{workloads: many[i], updaters: share[i], shards: 1}
		switch {
		case share[i] == 1:
		case shards == 0:
			sizes[i].shards = min(2*share[i], shard.Max)
		default:
			sizes[i].shards = shards
		}
	}
	return sizes, nil
}

func numbers(name, list string) ([]int, error) {
	var all []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-%s: %q: allowed: numbers of 1 or more, such as 1000,10000", name, list)
		}
		all = append(all, n)
	}
	return all, nil
}

func (o *options) check() error {
	if o.repositories < 1 || o.clients < 1 {
		return fmt.Errorf("-repositories=%d -clients=%d: allowed: 1 or more of each", o.repositories, o.clients)
	}
	least := o.repositories
	for _, s := range o.sizes {
		switch {
		case s.workloads < least:
			return fmt.Errorf("-workloads: %d: allowed: as many as before and as -repositories says, %d, or more", s.workloads, least)
		case s.shards < s.updaters || s.shards > shard.Max:
			return fmt.Errorf("-shards: %d: allowed: %d, one for each of -updaters, to %d", s.shards, s.updaters, shard.Max)
		case o.pace < s.updaters:
			return fmt.Errorf("-pace: %d: allowed: %d, one for each of -updaters, or more", o.pace, s.updaters)
		}
		least = s.workloads
	}
	return nil
}
