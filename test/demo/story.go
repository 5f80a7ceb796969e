package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/test/installation"
)

const (
	namespace  = "garboard-demo"
	deployment = "deployment/keel-demo"
	repository = "netutils"
)

// manifest is a Deployment as Keel's users write it.
const manifest = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: keel-demo
  labels:
    keel.sh/policy: all
    keel.sh/trigger: poll
  annotations:
    keel.sh/pollSchedule: "@every 10s"
spec:
  replicas: 2
  selector:
    matchLabels: {app: keel-demo}
  template:
    metadata:
      labels: {app: keel-demo}
    spec:
      containers:
      - name: netutils
        image: %s/netutils:0.1.0
`

// teller prints the steps and remembers what they need.
type teller struct {
	*stage
	steps    int
	manifest string
}

// story is the reason for the tool.
func story(ctx context.Context, s *stage) error {
	t := &teller{stage: s, manifest: fmt.Sprintf(manifest, s.registry)}
	for _, step := range []func(context.Context) error{
		t.installed, t.optIn, t.deploy,
		func(ctx context.Context) error { return t.pushed(ctx, "0.1.1") },
		func(ctx context.Context) error { return t.pushed(ctx, "1.1.1") },
		t.applyAgain,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *teller) installed(ctx context.Context) error {
	t.step("Garboard is there")
	if err := t.show(ctx, "", "get", "mutatingwebhookconfiguration,validatingwebhookconfiguration", "garboard"); err != nil {
		return fmt.Errorf("looking for Garboard (the README tells how to install it): %w", err)
	}
	return nil
}

func (t *teller) optIn(ctx context.Context) error {
	t.step("A namespace opts in")
	if err := t.show(ctx, "", "create", "namespace", namespace); err != nil {
		return err
	}
	return t.show(ctx, "", "label", "namespace", namespace, "garboard.dev/enabled=true")
}

func (t *teller) deploy(ctx context.Context) error {
	t.step("A Deployment with Keel's own labels, image netutils:0.1.0")
	fmt.Printf("(a build has pushed %s/%s:0.1.0)\n", t.registry, repository)
	if err := t.push(ctx, repository, "0.1.0"); err != nil {
		return err
	}
	fmt.Print(quote(t.manifest))
	if err := t.show(ctx, t.manifest, "apply", "-n", namespace, "-f", "-"); err != nil {
		return err
	}
	return t.running(ctx, "0.1.0")
}

// pushed pushes a tag and waits for the Pods that run it.
func (t *teller) pushed(ctx context.Context, tag string) error {
	t.step("netutils:" + tag + " is pushed; the cluster is not touched")
	fmt.Printf("(a build pushes %s/%s:%s)\n", t.registry, repository, tag)
	start := time.Now()
	if err := t.push(ctx, repository, tag); err != nil {
		return err
	}
	if err := t.image(ctx, tag); err != nil {
		return err
	}
	fmt.Printf("  the updater saw it after %s (it polls every 10s)\n", time.Since(start).Round(time.Second))
	if err := t.running(ctx, tag); err != nil {
		return err
	}
	return t.event(ctx, tag)
}

func (t *teller) applyAgain(ctx context.Context) error {
	t.step("The old manifest, netutils:0.1.0, is applied again: nothing goes back")
	// The generation grows with each change of the spec, the revision with
	// each rollout.
	get := []string{"-n", namespace, "get", deployment,
		"-o", `jsonpath=generation {.metadata.generation}, revision {.metadata.annotations.deployment\.kubernetes\.io/revision}`}
	before, _, err := t.kubectl(ctx, "", get...)
	if err != nil {
		return err
	}
	if err := t.show(ctx, t.manifest, "diff", "-n", namespace, "-f", "-"); err != nil {
		return fmt.Errorf("kubectl diff should find nothing: %w", err)
	}
	fmt.Println("  (no difference)")
	if err := t.show(ctx, t.manifest, "apply", "-n", namespace, "-f", "-"); err != nil {
		return err
	}
	after, _, err := t.kubectl(ctx, "", get...)
	if err != nil {
		return err
	}
	if before != after {
		return fmt.Errorf("the apply changed the Deployment: %s -> %s", before, after)
	}
	fmt.Printf("  (kubectl sent the old image, admission kept the new one: %s as before, nothing rolls)\n", after)
	return t.running(ctx, "1.1.1")
}

// step prints a heading.
func (t *teller) step(what string) {
	t.steps++
	fmt.Printf("\n%d. %s\n", t.steps, what)
}

// show runs kubectl and prints the command and what it answered.
func (t *teller) show(ctx context.Context, stdin string, args ...string) error {
	fmt.Println("$ kubectl", strings.Join(args, " "))
	out, warnings, err := t.kubectl(ctx, stdin, args...)
	fmt.Print(quote(warnings), quote(out))
	return err
}

// image waits until the Deployment's template names the tag.
func (t *teller) image(ctx context.Context, tag string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return installation.Until(ctx, "the Deployment to name "+tag, func(ctx context.Context) error {
		out, _, err := t.kubectl(ctx, "", "-n", namespace, "get", deployment, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
		if err == nil && !strings.HasSuffix(out, ":"+tag) {
			err = fmt.Errorf("it names %s", out)
		}
		return err
	})
}

// running waits for the rollout and shows that each Pod runs the tag.
func (t *teller) running(ctx context.Context, tag string) error {
	if err := t.show(ctx, "", "-n", namespace, "rollout", "status", deployment, "--timeout=60s"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	args := []string{"-n", namespace, "get", "pods", "-l", "app=keel-demo",
		"-o", "custom-columns=POD:.metadata.name,STATUS:.status.phase,IMAGE:.spec.containers[0].image"}
	err := installation.Until(ctx, "the Pods to run "+tag, func(ctx context.Context) error {
		out, _, err := t.kubectl(ctx, "", append(args, "--no-headers")...)
		if err != nil {
			return err
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		for _, line := range lines {
			if !strings.Contains(line, "Running") || !strings.HasSuffix(strings.TrimSpace(line), ":"+tag) {
				return errors.New(line)
			}
		}
		if len(lines) != 2 {
			return fmt.Errorf("%d Pods", len(lines))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.show(ctx, "", args...)
}

// event shows what the updater says of the move.
func (t *teller) event(ctx context.Context, tag string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	args := []string{"-n", namespace, "get", "events", "--field-selector", "reason=ImageUpdated",
		"-o", "custom-columns=REASON:.reason,MESSAGE:.message"}
	err := installation.Until(ctx, "the Event of the move", func(ctx context.Context) error {
		out, _, err := t.kubectl(ctx, "", args...)
		if err == nil && !strings.Contains(out, ":"+tag) {
			err = errors.New("no Event yet")
		}
		return err
	})
	if err != nil {
		return err
	}
	return t.show(ctx, "", args...)
}

// quote indents what a command answered.
func quote(s string) string {
	if s = strings.TrimRight(s, "\n"); s == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(s, "\n", "\n  ") + "\n"
}
