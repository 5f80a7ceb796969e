package resolver_test

import (
	"context"
	"fmt"
	"time"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// shop is a registry with one repository; registry.New gives one that asks real ones.
type shop struct{}

func (shop) Tags(context.Context, resolver.Repository, resolver.Credential) ([]string, error) {
	return []string{"1.2.0", "1.2.9", "1.3.0", "2.0.0"}, nil
}

func (shop) Digest(_ context.Context, _ resolver.Repository, tag string, _ resolver.Credential) (string, error) {
	return "sha256:" + tag, nil
}

// Image: 1.3.0 is not there for arm64 yet.
func (shop) Image(_ context.Context, _ resolver.Repository, digest string, _ resolver.Credential, _ bool) (registry.Image, error) {
	image := registry.Image{Platforms: []resolver.Platform{{OS: "linux", Architecture: "amd64"}}}
	if digest != "sha256:1.3.0" {
		image.Platforms = append(image.Platforms, resolver.Platform{OS: "linux", Architecture: "arm64"})
	}
	return image, nil
}

// One Resolver is enough for a process: it remembers what it read, and all queries for a
// repository share one list.
func ExampleResolver_Resolve() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	minor, err := policy.Parse(policy.Spec{Name: "minor"})
	if err != nil {
		fmt.Println(err)
		return
	}
	image, err := resolver.ParseReference("registry.example.com/shop:1.2.0")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := resolver.New(shop{}, resolver.Options{})
	answer, err := r.Resolve(ctx, resolver.Query{
		Repository: image.Repository, Tag: image.Tag, Policy: minor,
		Platforms: []resolver.Platform{{OS: "linux", Architecture: "arm64"}},
	})
	if err != nil { // the answer is the query's own tag then
		fmt.Println(err)
		return
	}
	fmt.Println(image.With(answer.Tag, answer.Digest))
	fmt.Println(answer.Why())
	fmt.Println("passed over", answer.Preferred())
	// Output:
	// registry.example.com/shop:1.2.9
	// newer patch release
	// passed over 1.3.0: not built for linux/arm64
}
