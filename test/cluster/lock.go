package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lock takes the lock of the file, waiting for its holder, and returns
// what gives it back. The kernel gives it back when the holder dies.
func lock(ctx context.Context, name string, log io.Writer) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	began, told := time.Now(), time.Time{}
	err = poll(ctx, 200*time.Millisecond, func(context.Context) error {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != nil && time.Since(told) > reportEvery {
			told = time.Now()
			say(log, "another process is building; waited %s so far", since(began))
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %q: %w", name, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// prune removes programs that were not started for keepUnused (a build has
// 240 MB), and what interrupted builds have left. The caller holds the lock.
func prune(cache string, now time.Time) error {
	var entries []string
	for _, kind := range []string{"cluster", "kubernetes", "helm", "node", networkPolicies, "debian"} {
		found, err := filepath.Glob(filepath.Join(cache, kind+"-*"))
		if err != nil {
			return err
		}
		entries = append(entries, found...)
	}
	var errs []error
	for _, entry := range entries {
		info, err := os.Stat(entry)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if strings.HasSuffix(entry, ".tmp") || now.Sub(info.ModTime()) > keepUnused {
			errs = append(errs, os.RemoveAll(entry))
		}
	}
	return errors.Join(errs...)
}
