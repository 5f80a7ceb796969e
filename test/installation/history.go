package installation

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// FirstChart is the first commit that had a Helm chart.
const FirstChart = "8a00bfba273e"

// UnknownCommitError says that the history here does not have a commit.
type UnknownCommitError struct{ Commit string }

func (e *UnknownCommitError) Error() string {
	return fmt.Sprintf("the history here has no commit %s: it is a shallow clone (git fetch --unshallow), or none", e.Commit)
}

// Checkout writes the sources of a commit of the repository into a folder.
func Checkout(ctx context.Context, source, commit, dir string) error {
	if err := exec.CommandContext(ctx, "git", "-C", source, "cat-file", "-e", commit+"^{commit}").Run(); err != nil {
		return &UnknownCommitError{commit}
	}
	archive := filepath.Join(dir, "source.tar")
	for _, command := range [][]string{
		{"git", "-C", source, "archive", "--format=tar", "--output=" + archive, commit},
		{"tar", "-xf", archive, "-C", dir},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("running %v: %w: %s", command, err, out)
		}
	}
	return os.Remove(archive)
}
