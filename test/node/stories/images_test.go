package stories

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/garboard-dev/garboard/release/image"
	"github.com/garboard-dev/garboard/release/sbom"
)

// newImage is an image of files, by their names in it, and nothing else.
func newImage(files map[string][]byte, config v1.Config) (v1.Image, error) {
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	for _, at := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Name: at, Mode: 0o755, Size: int64(len(files[at])), Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(files[at]); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	content, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layer.Bytes())), nil
	})
	if err != nil {
		return nil, err
	}
	made, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: runtime.GOARCH, Config: config})
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(made, content)
}

// pushGarboard pushes the image as make image assembles it, for this platform, under the
// name that the manifests have; the nodes take the cluster's registry for all others.
func (n *node) pushGarboard(ctx context.Context, binary, version string) error {
	created := time.Unix(0, 0)
	bill, err := sbom.Write(binary, sbom.About{Version: version, Created: created})
	if err != nil {
		return err
	}
	made, err := image.Assemble(image.About{Version: version, Created: created},
		[]image.Program{{OS: "linux", Architecture: runtime.GOARCH, Path: binary, SBOM: bill}})
	if err != nil {
		return err
	}
	return made.Push(ctx, n.Registry+"/garboard-dev/garboard:"+version, name.Insecure)
}

// push puts an image under tags of a repository of the cluster's registry.
func (n *node) push(ctx context.Context, made v1.Image, repository string, tags ...string) error {
	for _, tag := range tags {
		ref, err := name.NewTag(n.Registry+"/"+repository+":"+tag, name.Insecure)
		if err != nil {
			return err
		}
		if err := remote.Write(ref, made, remote.WithContext(ctx)); err != nil {
			return fmt.Errorf("pushing %q: %w", ref, err)
		}
	}
	return nil
}

// appImage is a version of the application, which says which one it is.
func (n *node) appImage(version string, more map[string][]byte) (v1.Image, error) {
	files := map[string][]byte{"app": n.app}
	maps.Copy(files, more)
	return newImage(files, v1.Config{Entrypoint: []string{"/app"}, User: "65532:65532", Env: []string{"VERSION=" + version}})
}

// release pushes versions of the application.
func (n *node) release(ctx context.Context, repository string, versions ...string) error {
	for _, version := range versions {
		made, err := n.appImage(version, nil)
		if err == nil {
			err = n.push(ctx, made, repository, version)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// releaseBroken pushes a version of which the registry then loses a layer: its manifest
// is read as any other, and no kubelet can pull it.
func (n *node) releaseBroken(ctx context.Context, repository, version string) error {
	made, err := n.appImage(version, map[string][]byte{"version": []byte(version)})
	if err != nil {
		return err
	}
	if err := n.push(ctx, made, repository, version); err != nil {
		return err
	}
	layers, err := made.Layers()
	if err != nil {
		return err
	}
	digest, err := layers[0].Digest()
	if err != nil {
		return err
	}
	at := fmt.Sprintf("http://%s/v2/%s/blobs/%s", n.Registry, repository, digest)
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, at, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("deleting %q: %s", at, response.Status)
	}
	return nil
}
