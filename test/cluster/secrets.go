package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/tools/cache"
)

// dataLink is the link that a kubelet's volume swaps: dir/key -> ..data/key and
// dir/..data -> the folder of the current version.
const dataLink = "..data"

// SecretToDir writes the keys of a Secret as files of a folder, as a kubelet's
// volume does: all keys change in one step, by the swap of a symbolic link. It
// is the kubelet's part that is not played otherwise.
func (c *Cluster) SecretToDir(ctx context.Context, namespace, name, dir string) error {
	secret, err := c.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
	return writeVolume(dir, secret.Data)
}

// DelaySecrets has the files that FollowSecret keeps up to date follow their Secrets so
// much later from now on, as those of a kubelet do. The default is at once.
func (c *Cluster) DelaySecrets(by time.Duration) { c.secretDelay.Store(int64(by)) }

// FollowSecret waits, a minute at most, until the Secret exists and is in the
// folder, then keeps the folder up to date until the context or the cluster
// ends. A kubelet takes
// up to a minute to see a change; this takes milliseconds, unless DelaySecrets says
// otherwise. A Secret that is deleted leaves its files, as it does in a running Pod.
func (c *Cluster) FollowSecret(ctx context.Context, namespace, name, dir string) error {
	life, end := context.WithCancel(ctx)
	stop := context.AfterFunc(c.life, end) //nolint:contextcheck // whichever of the two ends first
	written := make(chan error, 1)
	write := func(object any) {
		if secret, ok := object.(*corev1.Secret); ok {
			err := writeVolume(dir, secret.Data)
			select {
			case written <- err:
			default: // only the first one is waited for
			}
		}
	}
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.NewListWatchFromClient(c.client.CoreV1().RESTClient(), "secrets", namespace,
			fields.OneTermEqualSelector(metav1.ObjectNameField, name)),
		ObjectType: &corev1.Secret{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    write,
			UpdateFunc: func(_, now any) { c.later(life, func() { write(now) }) },
		},
	})
	c.work.Go(func() {
		defer stop()
		informer.RunWithContext(life)
	})
	late := time.NewTimer(waitLimit)
	defer late.Stop()
	var err error
	select {
	case err = <-written:
	case <-late.C:
		err = fmt.Errorf("not there after %s", waitLimit)
	case <-life.Done():
		err = context.Cause(life)
	}
	if err != nil {
		end()
		return fmt.Errorf("following Secret %s/%s: %w", namespace, name, err)
	}
	return nil
}

// later does something when the files of a Secret are due, unless the context ends
// before.
func (c *Cluster) later(ctx context.Context, do func()) {
	by := time.Duration(c.secretDelay.Load())
	if by <= 0 {
		do()
		return
	}
	c.work.Go(func() {
		timer := time.NewTimer(by)
		defer timer.Stop()
		select {
		case <-timer.C:
			do()
		case <-ctx.Done():
		}
	})
}

// writeVolume does what a kubelet's atomic writer does; see
// k8s.io/kubernetes/pkg/volume/util/atomic_writer.go.
func writeVolume(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	old, err := os.Readlink(filepath.Join(dir, dataLink))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if old != "" && sameFiles(filepath.Join(dir, old), files) {
		return nil
	}
	version, err := os.MkdirTemp(dir, "..version-")
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(version, name), text, 0o600); err != nil {
			return err
		}
	}
	if err := swapLink(dir, filepath.Base(version)); err != nil {
		return err
	}
	if err := linkNames(dir, files); err != nil || old == "" {
		return err
	}
	return os.RemoveAll(filepath.Join(dir, old))
}

func swapLink(dir, version string) error {
	temp := filepath.Join(dir, dataLink+"_tmp")
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(version, temp); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(dir, dataLink))
}

// linkNames makes the links of new keys and removes those of keys that went.
func linkNames(dir string, files map[string][]byte) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, ok := files[e.Name()]; !ok && !strings.HasPrefix(e.Name(), "..") {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	for name := range files {
		err := os.Symlink(filepath.Join(dataLink, name), filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

func sameFiles(dir string, files map[string][]byte) bool {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(files) {
		return false
	}
	for name, text := range files {
		if has, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(has, text) {
			return false
		}
	}
	return true
}
