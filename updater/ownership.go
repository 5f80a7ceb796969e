package updater

import "context"

// Ownership tells which repositories are this replica's to poll, where several
// share the work.
type Ownership interface {
	// Owns reports whether a repository is ours at this moment.
	Owns(repository string) bool
	// Begin is Owns for a piece of work: until done is called, the repository goes
	// to no other replica in good order. The context ends when it is lost all the
	// same. ok is false, and the others nil, where the repository is not ours.
	Begin(ctx context.Context, repository string) (work context.Context, done func(), ok bool)
	// Changed is signalled when what is ours may have changed, and when what was refused by
	// Owns or Begin is ours after all.
	Changed() <-chan struct{}
}

// ownsAll is the Ownership of an updater that shares the work with no other.
type ownsAll struct{}

func (ownsAll) Owns(string) bool { return true }

func (ownsAll) Begin(ctx context.Context, _ string) (work context.Context, done func(), ok bool) {
	return ctx, func() {}, true
}

func (ownsAll) Changed() <-chan struct{} { return nil }
