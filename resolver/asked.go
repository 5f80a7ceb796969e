package resolver

// Asked tells what a registry was asked with. It has no secret.
type Asked struct {
	// Kind is that of the credential, "anonymous" for none; Source where it was found, in
	// words for people. It is the one that the registry did not refuse, or the first where all
	// were refused. A registry that asks for none does not get it.
	Kind, Source string
	// Anonymous: there was no credential.
	Anonymous bool
	// Mirrored: the settings name mirrors, which are asked first, each with a credential of
	// its own.
	Mirrored bool
}

// mirrorer tells of which repositories mirrors are asked first; *registry.Client does.
type mirrorer interface {
	Mirrored(repository Repository) bool
}

// asked tells of the last attempt of a query.
func (r *Resolver) asked(q *Query) *Asked {
	told := &Asked{Kind: q.used.String(), Source: q.used.Source(), Anonymous: q.used.Anonymous()}
	if m, ok := r.registry.(mirrorer); ok {
		told.Mirrored = m.Mirrored(q.Repository)
	}
	return told
}
