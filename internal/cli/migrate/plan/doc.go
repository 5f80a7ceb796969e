// Package plan plans the way from Keel to Garboard: it reads what Keel has in a
// cluster or in files, and tells what to write down, what will be the same for each
// workload, and what will not. It changes nothing, and reads no Secret of Keel's: the
// names of Secrets and of their keys are all that it wants.
package plan
