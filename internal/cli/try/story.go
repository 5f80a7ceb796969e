package try

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver/registry/memory"
)

// repository is the one that the manifest's image is of.
const repository = "netutils"

// story is what is told, and all that it is told with.
type story struct {
	*page
	registry *memory.Registry
	api      *apiServer
	client   *client
	updater  *updater
	// explained is true once a patch was shown.
	explained bool
}

// tell tells all of it.
func (s *story) tell(ctx context.Context) error {
	began := time.Now()
	s.line("This is no cluster. Garboard's webhooks and its resolver are the real ones: they")
	s.line("answer admission.k8s.io/v1 requests, and ask the registry at %s.", s.registry.Host())
	s.line("API server, kubectl and the updater's loop are played, and no Pod runs. The same")
	s.line("on a real control plane, with Pods: make demo")
	for _, step := range []func(context.Context) error{
		s.create,
		func(ctx context.Context) error {
			return s.pushed(ctx, "1.1.1", "the Deployment is not touched")
		},
		func(ctx context.Context) error {
			return s.applyAgain(ctx, "The same manifest is applied again: nothing goes back")
		},
		s.undo,
		func(ctx context.Context) error {
			return s.applyAgain(ctx, "The same manifest again, and a poll: what is held stays away")
		},
		s.pollHeld,
		func(ctx context.Context) error {
			return s.pushed(ctx, "1.2.0", "something higher ends the hold")
		},
		s.released,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("step %d: %w", s.steps, err)
		}
		if s.err != nil {
			return s.err
		}
	}
	s.line("\nEvery step held, in %s. What to look at next:", time.Since(began).Round(time.Millisecond))
	s.line("  make demo KEEP=1                   the same in a cluster, which stays for you")
	s.line("  garboard resolve -f FILE -o diff   step 1, for manifests of yours")
	return s.err
}

// create applies the manifest for the first time.
func (s *story) create(ctx context.Context) error {
	s.step("A build has pushed netutils:0.1.0 and 0.1.1. The manifest names 0.1.0")
	for _, tag := range []string{"0.1.0", "0.1.1"} {
		if err := s.registry.Push(ctx, repository, tag); err != nil {
			return err
		}
	}
	s.quote(s.client.manifest)
	s.line("$ kubectl apply -f keel-demo.yaml")
	a, err := s.client.apply(ctx)
	if err != nil {
		return err
	}
	s.warn(a.warnings)
	changed, err := unifiedDiff(s.client.manifest, s.api.stored)
	if err != nil {
		return err
	}
	s.line("What the API server stores is not what was sent:")
	s.quote(changed)
	return s.runs("0.1.1")
}

// pushed pushes a tag, and has the updater look.
func (s *story) pushed(ctx context.Context, tag, what string) error {
	s.step("A build pushes netutils:" + tag + "; " + what)
	if err := s.registry.Push(ctx, repository, tag); err != nil {
		return err
	}
	found, err := s.updater.poll(ctx)
	if err != nil {
		return err
	}
	if found.answer == nil {
		return fmt.Errorf("the updater found nothing to move: %s", found.why)
	}
	s.line("The updater polls, and bumps one annotation of the pod template:")
	s.quote(workload.AnnotationBump + ": " + found.bump)
	if err := s.explain(found.answer); err != nil {
		return err
	}
	s.warn(found.answer.warnings)
	s.now()
	return s.runs(tag)
}

// explain shows the patch of the first bump: those that follow are like it.
func (s *story) explain(a *answer) error {
	if s.explained {
		return nil
	}
	s.explained = true
	patch, err := a.operations()
	if err != nil {
		return err
	}
	s.line("Admission takes it off, and answers with this patch:")
	s.quote(patch)
	return nil
}

// applyAgain applies the old manifest, which must change nothing.
func (s *story) applyAgain(ctx context.Context, heading string) error {
	s.step(heading)
	before, generation := s.image(), s.api.stored.GetGeneration()
	s.line("$ kubectl apply -f keel-demo.yaml")
	a, err := s.client.apply(ctx)
	if err != nil {
		return err
	}
	s.warn(a.warnings)
	s.line("Sent:   %s", imageOf(a.sent))
	s.now()
	if after := s.api.stored.GetGeneration(); s.image() != before || after != generation {
		return fmt.Errorf("the apply changed the Deployment: %s, generation %d -> %s, generation %d", before, generation, s.image(), after)
	}
	return nil
}

// undo goes back by one revision.
func (s *story) undo(ctx context.Context) error {
	s.step("A person goes back: obeyed, and what was left is held")
	s.line("$ kubectl rollout undo deployment/keel-demo")
	a, revision, err := s.client.undo(ctx)
	if err != nil {
		return err
	}
	s.warn(a.warnings)
	s.line("Revision %d is back, as revision %d.", revision, s.api.revision)
	s.now()
	if s.hold() == "" {
		return fmt.Errorf("%s has no hold", s.image())
	}
	s.quote(workload.AnnotationHold + ": " + s.hold())
	return s.runs("0.1.1")
}

// pollHeld lets the updater look while something is held.
func (s *story) pollHeld(ctx context.Context) error {
	before := s.image()
	found, err := s.updater.poll(ctx)
	if err != nil {
		return err
	}
	if found.answer != nil {
		return fmt.Errorf("the updater bumped %s, which is held: %s -> %s", found.bump, before, s.image())
	}
	s.line("The updater polls, and bumps nothing: %s.", found.why)
	return nil
}

// released looks whether the hold is gone.
func (s *story) released(context.Context) error {
	if s.hold() != "" {
		return fmt.Errorf("%s is still held from %s", s.image(), s.hold())
	}
	return nil
}

// now tells what is stored.
func (s *story) now() {
	s.line("Stored: %s, generation %d, revision %d", s.image(), s.api.stored.GetGeneration(), s.api.revision)
}

// runs checks that the stored image has the tag.
func (s *story) runs(tag string) error {
	if image := s.image(); !strings.HasSuffix(image, "/"+repository+":"+tag) {
		return fmt.Errorf("%q is stored, not %s:%s", image, repository, tag)
	}
	return nil
}

// image is what the stored Deployment's container has.
func (s *story) image() string { return imageOf(s.api.stored) }

// hold is what the Deployment is held from; empty for nothing.
func (s *story) hold() string { return s.api.stored.GetAnnotations()[workload.AnnotationHold] }
