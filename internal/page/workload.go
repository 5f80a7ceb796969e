package page

import (
	"context"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/history"
	"github.com/garboard-dev/garboard/internal/cli/hold"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
)

// detail is the view of one workload.
type detail struct {
	Namespace, Kind, Name string
	// Path is its own address, which its forms go below.
	Path       string
	Containers []*Row
	Timelines  []timeline
	History    []history.Entry
	// Untold is why the history lacks something; empty where it lacks nothing.
	Untold string
}

func (p *Page) workload(w http.ResponseWriter, r *http.Request) {
	p.showWorkload(w, r, http.StatusOK, nil)
}

// workloadIn is the workload that a path names, or an answer where its kind is none.
func (p *Page) workloadIn(w http.ResponseWriter, r *http.Request) (named access.Workload, ok bool) {
	for _, kind := range p.options.Access.Kinds.All() {
		if kind.GroupVersionKind.Kind == r.PathValue("kind") {
			return access.Workload{Namespace: r.PathValue("namespace"), Name: r.PathValue("name"), Kind: kind.GroupVersionKind}, true
		}
	}
	p.refuse(w, r, http.StatusNotFound, "There is no such kind of workload.")
	return access.Workload{}, false
}

func (p *Page) showWorkload(w http.ResponseWriter, r *http.Request, code int, said *notice) {
	named, ok := p.workloadIn(w, r)
	if !ok {
		return
	}
	snapshot, err := p.feed.snapshot(r.Context(), p.options.Every)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), p.options.Access.Timeout)
	defer cancel()
	reader := &history.Reader{Kinds: p.options.Access.Kinds, Client: p.options.Access.Client}
	past, err := reader.Of(ctx, named.Kind, types.NamespacedName{Namespace: named.Namespace, Name: named.Name})
	if apierrors.IsNotFound(err) {
		p.refuse(w, r, http.StatusNotFound, "There is no "+strings.ToLower(named.Kind.Kind)+" of this name any more.")
		return
	}
	d := detail{
		Namespace: named.Namespace, Kind: named.Kind.Kind, Name: named.Name, Path: pathOf(named),
		Containers: snapshot.of(objectKey{named.Namespace, named.Kind.Kind, named.Name}),
	}
	if err != nil {
		d.Untold = shown(err.Error())
	}
	if past != nil {
		d.History, d.Timelines = past.Entries, timelinesOf(past.Entries)
	}
	p.show(w, r, code, "workload", view{
		Title: named.Name, Section: "workloads", Snapshot: snapshot, Here: d.Path, Notice: said, Content: d,
	})
}

func pathOf(w access.Workload) string {
	return "/workloads/" + w.Namespace + "/" + w.Kind.Kind + "/" + w.Name
}

// setHold keeps a container from a version, as "garboard hold set" does.
func (p *Page) setHold(w http.ResponseWriter, r *http.Request) {
	container, text := r.PostForm.Get("container"), strings.TrimSpace(r.PostForm.Get("version"))
	held, ok := record.ParseResult(text)
	if container == "" || !ok || held.Tag == "" {
		p.showWorkload(w, r, http.StatusUnprocessableEntity, &notice{true, []string{"A hold needs a version, such as 1.2.8; nothing was held."}})
		return
	}
	wanted := record.Record{container: held}
	p.change(w, r, func(ctx context.Context, holds *hold.Holds, named access.Workload) (string, error) {
		made, err := holds.Set(ctx, named, wanted)
		return hold.TellSet(made, wanted), err
	})
}

// clearHold lets a container move again, as "garboard hold clear" does.
func (p *Page) clearHold(w http.ResponseWriter, r *http.Request) {
	container := r.PostForm.Get("container")
	if container == "" {
		p.showWorkload(w, r, http.StatusUnprocessableEntity, &notice{true, []string{"The form names no container; nothing was changed."}})
		return
	}
	p.change(w, r, func(ctx context.Context, holds *hold.Holds, named access.Workload) (string, error) {
		made, err := holds.Clear(ctx, named, []string{container})
		return hold.TellCleared(made), err
	})
}

// change makes a change of a workload's holds, and shows what came of it: with what
// admission said, as kubectl prints it.
func (p *Page) change(w http.ResponseWriter, r *http.Request, do func(context.Context, *hold.Holds, access.Workload) (string, error)) {
	named, ok := p.workloadIn(w, r)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), p.options.Access.Timeout)
	defer cancel()
	ctx, warnings := collecting(ctx)
	told, err := do(ctx, &hold.Holds{Kinds: p.options.Access.Kinds, Client: p.options.Access.Client}, named)
	p.feed.forget()
	said := &notice{Failed: err != nil, Lines: nonEmptyLines(told)}
	code := http.StatusOK
	if err != nil {
		said.Lines, code = []string{shown(err.Error())}, http.StatusUnprocessableEntity
	}
	said.Lines = append(said.Lines, warnings.all()...)
	p.showWorkload(w, r, code, said)
}

func nonEmptyLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = shown(strings.TrimSpace(line)); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// Movable reports whether holds count for the kind: nothing moves the others.
func (d detail) Movable() bool {
	for _, kind := range workload.StandardKinds().All() {
		if kind.GroupVersionKind.Kind == d.Kind {
			return !kind.CreateOnly
		}
	}
	return true
}
