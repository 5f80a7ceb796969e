#!/usr/bin/env bash
# go-containerregistry v0.22.1 picks another image of an index than containerd does for the
# same node.
#
# remote.Image with WithPlatform takes the first entry that has what was asked for, and
# compares the variant as text. containerd (platforms v0.2.1) normalizes both sides:
# arm64 is arm64/v8, amd64 is amd64/v1, what a CPU can run counts, and the best comes first.
# So a tool that reads images by go-containerregistry finds none where Pods start, or reads
# the labels and layers of one that the node would not take.
#
# Seen: the table below: the node, the entries of the index, and what each of the two takes.
# The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require (
	github.com/containerd/platforms v0.2.1
	github.com/google/go-containerregistry v0.22.1
	github.com/opencontainers/image-spec v1.1.1
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/containerd/platforms"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func main() {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(new(strings.Builder), "", 0))))
	defer server.Close()
	for i, c := range []struct {
		node    string
		entries []string
	}{
		{"linux/arm64/v8", []string{"linux/arm64"}},
		{"linux/arm/v7", []string{"linux/arm/v6"}},
		{"linux/amd64", []string{"linux/amd64/v3", "linux/amd64"}},
	} {
		tag, err := name.NewTag(fmt.Sprintf("%s/app:%d", strings.TrimPrefix(server.URL, "http://"), i))
		must(err)
		index, entryOf := indexOf(c.entries)
		must(remote.WriteIndex(tag, index))
		fmt.Printf("%s of %v: go-containerregistry=%s containerd=%s\n", c.node, c.entries, byRegistry(tag, c.node, entryOf), byContainerd(c.node, c.entries))
	}
}

func indexOf(entries []string) (v1.ImageIndex, map[v1.Hash]string) {
	index, entryOf := v1.ImageIndex(empty.Index), map[v1.Hash]string{}
	for _, entry := range entries {
		image, err := random.Image(8, 1)
		must(err)
		platform, err := v1.ParsePlatform(entry)
		must(err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
		digest, err := image.Digest()
		must(err)
		entryOf[digest] = entry
	}
	return index, entryOf
}

func byRegistry(tag name.Tag, node string, entryOf map[v1.Hash]string) string {
	platform, err := v1.ParsePlatform(node)
	must(err)
	image, err := remote.Image(tag, remote.WithPlatform(*platform))
	if err != nil {
		return "none"
	}
	digest, err := image.Digest()
	must(err)
	return entryOf[digest]
}

func byContainerd(node string, entries []string) string {
	matcher, best, taken := platforms.Only(platforms.MustParse(node)), ocispec.Platform{}, "none"
	for _, entry := range entries {
		parsed, err := v1.ParsePlatform(entry)
		must(err)
		platform := ocispec.Platform{OS: parsed.OS, Architecture: parsed.Architecture, Variant: parsed.Variant}
		if matcher.Match(platform) && (taken == "none" || matcher.Less(platform, best)) {
			best, taken = platform, entry
		}
	}
	return taken
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
linux/arm64/v8 of [linux/arm64]: go-containerregistry=none containerd=linux/arm64
linux/arm/v7 of [linux/arm/v6]: go-containerregistry=none containerd=linux/arm/v6
linux/amd64 of [linux/amd64/v3 linux/amd64]: go-containerregistry=linux/amd64/v3 containerd=linux/amd64
EOF
