package updater

// Ownership tells which repositories are this replica's to poll, where several
// share the work.
type Ownership interface {
	// Owns reports whether a repository is ours at this moment.
	Owns(repository string) bool
	// Changed is signalled when that may have changed.
	Changed() <-chan struct{}
}
