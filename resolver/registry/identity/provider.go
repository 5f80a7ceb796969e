package identity

import (
	"fmt"
	"slices"
	"strings"
)

// Provider is a cloud whose registries Garboard's own identity may read.
type Provider string

// The clouds that are known.
const (
	// AWS gives credentials for private Amazon ECR registries.
	AWS Provider = "aws"
	// GCP gives credentials for Google Artifact Registry and Container Registry.
	GCP Provider = "gcp"
	// Azure gives credentials for Azure Container Registry.
	Azure Provider = "azure"
)

const (
	autoProviders = "auto"
	noProviders   = "none"
)

// identity is what people call the provider's identity, in messages and as the
// source of a credential.
func (p Provider) identity() string {
	switch p {
	case AWS:
		return "Amazon ECR identity"
	case GCP:
		return "Google identity"
	case Azure:
		return "Azure identity"
	default:
		return "cloud identity"
	}
}

// Providers are the clouds that may be asked; the zero value is none. It is a
// pflag.Value.
type Providers []Provider

// Auto is every cloud: each is asked once an image names a registry of its own.
func Auto() Providers { return Providers{AWS, GCP, Azure} }

// Set reads "auto" (all), "none", or a list such as "aws,gcp". It replaces what
// was there; an error leaves it alone.
func (p *Providers) Set(text string) error {
	switch text {
	case autoProviders:
		*p = Auto()
		return nil
	case noProviders:
		*p = nil
		return nil
	}
	var read Providers
	for name := range strings.SplitSeq(text, ",") {
		provider := Provider(strings.TrimSpace(name))
		if !slices.Contains(Auto(), provider) {
			return fmt.Errorf("reading cloud %q: allowed: %s, %s, or of %s, %s, %s some, separated by commas",
				name, autoProviders, noProviders, AWS, GCP, Azure)
		}
		if !slices.Contains(read, provider) {
			read = append(read, provider)
		}
	}
	*p = read
	return nil
}

// String is the text that Set reads.
func (p Providers) String() string {
	switch len(p) {
	case 0:
		return noProviders
	case len(Auto()):
		return autoProviders
	}
	names := make([]string, len(p))
	for i, provider := range p {
		names[i] = string(provider)
	}
	return strings.Join(names, ",")
}

// Type names the value in the help.
func (p Providers) Type() string { return "clouds" }
