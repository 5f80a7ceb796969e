package snapshot

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"

	"github.com/garboard-dev/garboard/resolver"
)

// errNoFile keeps the start from waiting at a pipe for ever.
var errNoFile = errors.New("it is no regular file")

func readFile(path string) (resolver.Knowledge, error) {
	info, err := os.Stat(path)
	if err != nil {
		return resolver.Knowledge{}, err
	}
	if !info.Mode().IsRegular() {
		return resolver.Knowledge{}, errNoFile
	}
	file, err := os.Open(path)
	if err != nil {
		return resolver.Knowledge{}, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	return decodeSnapshot(file)
}

// writeFile puts a snapshot in the place of the one before, in one step: whenever the
// process or the machine ends, the file is whole. It is its owner's alone, as it
// names private repositories and their tags.
func writeFile(path string, k *resolver.Knowledge) error {
	// One fixed name, so that processes that were killed here leave one file and
	// not many; made anew, so that whatever stands there is not written through.
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err := fillFile(fresh, k)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return errors.Join(err, removed(fresh))
	}
	return syncFolder(filepath.Dir(path))
}

func fillFile(path string, k *resolver.Knowledge) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	err = encodeSnapshot(buffered, k)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// syncFolder makes a rename last.
func syncFolder(folder string) error {
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}
