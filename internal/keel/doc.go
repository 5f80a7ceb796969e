// Package keel knows Keel 0.22.1: what its environment variables, chart values and
// keys are, which tag its policies move to, and why Garboard answers otherwise. It is
// pure: no cluster, no registry, no clock.
package keel
