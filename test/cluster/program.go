package cluster

import "context"

// StartProgram starts a program that needs no cluster, with dir as its working
// folder and as the place of its log. It dies with this process (on Linux).
func StartProgram(ctx context.Context, dir, name, path string, env []string, args ...string) (*Process, error) {
	return startProcess(ctx, dir, true, program{name: name, path: path, args: args, env: env})
}
