// Package snapshot keeps what a resolver knows in a file, so that a process that
// is started again, also while a registry is away, answers from what the one
// before it knew.
//
// The file is a help and never a need. One that is missing, damaged, too large,
// of another format or unreadable means that nothing is known, as without it;
// half of one never counts. No two processes may share one.
package snapshot
