// Package chaos runs Garboard in a cluster of its own while all that it needs
// comes and goes: its replicas, its certificate, the registry, the API server.
// Writers go on writing, and everything that the API server stored is held
// against what they asked for.
package chaos
