package receiver

import "strings"

// readGitHub reads the events "package" and "registry_package" of GitHub, which tell
// of images on ghcr.io; "package_v2" is what older servers call the first. The manifests for
// the platforms of an image each have an event of their own, without a tag.
func readGitHub(m message) ([]string, error) {
	switch event := m.header.Get("X-Github-Event"); event {
	case "package", "package_v2", "registry_package", "":
	default:
		return nil, nil // a ping, or an event that need not have been subscribed
	}
	var payload struct {
		Action          string
		Package         *githubPackage
		RegistryPackage *githubPackage `json:"registry_package"`
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	pushed := payload.Package
	if pushed == nil {
		pushed = payload.RegistryPackage
	}
	switch {
	case pushed == nil:
		return nil, errNoRepository
	case payload.Action == "deleted" || !pushed.container():
		return nil, nil
	}
	image, err := pushed.image(m)
	if err != nil {
		return nil, err
	}
	return []string{image}, nil
}

type githubPackage struct {
	Name, Namespace string
	PackageType     string `json:"package_type"`
	Ecosystem       string
	Owner           struct{ Login string }
	Registry        struct{ URL string }
	PackageVersion  struct {
		PackageURL string `json:"package_url"`
	} `json:"package_version"`
}

func (p *githubPackage) container() bool {
	kind := p.PackageType
	if kind == "" {
		kind = p.Ecosystem
	}
	return strings.EqualFold(kind, "container") || strings.EqualFold(kind, "docker")
}

// image is in lower case, which accounts on GitHub need not be. The URL of the registry has
// the account in it, and for docker.pkg.github.com the repository, which no other field has.
func (p *githubPackage) image(m message) (string, error) {
	if p.PackageVersion.PackageURL != "" {
		return m.moved(strings.ToLower(p.PackageVersion.PackageURL)), nil
	}
	if p.Registry.URL != "" && p.Name != "" {
		return m.moved(strings.ToLower(strings.TrimRight(p.Registry.URL, "/") + "/" + p.Name)), nil
	}
	owner := p.Namespace
	if owner == "" {
		owner = p.Owner.Login
	}
	if owner == "" || p.Name == "" {
		return "", errNoRepository
	}
	return m.at("ghcr.io", strings.ToLower(owner+"/"+p.Name))
}
