// Package resolver answers one question: which tag, and which digest, should a
// container run now? Webhook, updater and command line ask it, so that there is
// one place that decides.
//
// It keeps an index in memory, a repository and credential: the tags of one
// list, parsed and sorted once. A warm answer makes no request and costs
// microseconds; an old index is read again when it is used, by one request for
// all who wait; a registry that is away leaves the last known list standing.
// Nothing is shared between processes: the registry is the truth, and a hint of
// what must be there (Query.Want) makes every process look again.
package resolver
