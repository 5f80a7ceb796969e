package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/garboard-dev/garboard/test/cluster"
)

type options struct{ cluster.Options }

func (o *options) addFlag(value string) error {
	o.APIServerFlags = append(o.APIServerFlags, value)
	return nil
}

type command func(ctx context.Context, o cluster.Options, args []string) error

func commands() map[string]command {
	return map[string]command{
		"up":     up,
		"down":   down,
		"status": status,
		"build":  build,
		"route":  route,
		"push":   push,
		"secret": secret,
		"token":  token,
	}
}

func up(ctx context.Context, o cluster.Options, args []string) error {
	if len(args) != 0 {
		return usage
	}
	c, err := cluster.Up(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("export KUBECONFIG=%s\n", c.Kubeconfig)
	fmt.Printf("alias kubectl=%s\n", c.KubectlPath)
	fmt.Printf("# registry: %s, logs and audit.log: %s\n", c.Registry, c.Dir)
	return nil
}

func down(ctx context.Context, o cluster.Options, args []string) error {
	if len(args) != 0 {
		return usage
	}
	return cluster.Down(ctx, o.Dir)
}

func status(_ context.Context, o cluster.Options, args []string) error {
	if len(args) != 0 {
		return usage
	}
	parts, err := cluster.Status(o.Dir)
	if err != nil {
		return err
	}
	var dead error
	for _, p := range parts {
		word := "running"
		if !p.Running {
			word, dead = "dead", errors.New("not all parts are running")
		}
		fmt.Printf("%-24s %8d  %s\n", p.Name, p.Pid, word)
	}
	if len(parts) == 0 {
		return fmt.Errorf("no cluster in %s", o.Dir)
	}
	return dead
}

func build(ctx context.Context, _ cluster.Options, args []string) error {
	if len(args) != 0 {
		return usage
	}
	binaries, err := cluster.Build(ctx, os.Stderr)
	if err != nil {
		return err
	}
	helm, err := cluster.BuildHelm(ctx, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Println(binaries.Dir)
	fmt.Println(helm)
	return nil
}

func route(_ context.Context, o cluster.Options, args []string) error {
	if len(args) == 0 {
		return usage
	}
	c, err := cluster.Open(o.Dir)
	if err != nil {
		return err
	}
	return c.Route(args[0], args[1:]...)
}

func push(ctx context.Context, o cluster.Options, args []string) error {
	if len(args) < 2 {
		return usage
	}
	c, err := cluster.Open(o.Dir)
	if err != nil {
		return err
	}
	for _, tag := range args[1:] {
		image, err := c.Push(ctx, args[0], tag)
		if err != nil {
			return err
		}
		fmt.Printf("%s@%s\n", image.Reference, image.Digest)
	}
	return nil
}

func secret(ctx context.Context, o cluster.Options, args []string) error {
	if len(args) != 3 {
		return usage
	}
	c, err := cluster.Open(o.Dir)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(args[2])
	if err != nil {
		return err
	}
	if err := c.FollowSecret(ctx, args[0], args[1], dir); err != nil {
		return err
	}
	fmt.Println(dir)
	<-ctx.Done()
	return nil
}

func token(ctx context.Context, o cluster.Options, args []string) error {
	if len(args) != 2 {
		return usage
	}
	c, err := cluster.Open(o.Dir)
	if err != nil {
		return err
	}
	name, err := c.ServiceAccountKubeconfig(ctx, args[0], args[1])
	if err == nil {
		fmt.Println(name)
	}
	return err
}
