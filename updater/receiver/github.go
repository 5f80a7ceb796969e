package receiver

import "strings"

// readGitHub reads the events "package" and "registry_package" of GitHub, which tell
// of images on ghcr.io. The manifests for the platforms of an image each have an
// event of their own, without a tag.
func readGitHub(m message) ([]string, error) {
	switch event := m.header.Get("X-Github-Event"); event {
	case "package", "registry_package", "":
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
	PackageVersion  struct {
		PackageURL        string `json:"package_url"`
		ContainerMetadata struct {
			Tag struct{ Name string }
		} `json:"container_metadata"`
	} `json:"package_version"`
}

func (p *githubPackage) container() bool {
	kind := p.PackageType
	if kind == "" {
		kind = p.Ecosystem
	}
	return strings.EqualFold(kind, "container") || strings.EqualFold(kind, "docker")
}

// image is in lower case, which accounts on GitHub need not be. The package's URL
// ends in ":" where there is no tag.
func (p *githubPackage) image(m message) (string, error) {
	tag := p.PackageVersion.ContainerMetadata.Tag.Name
	if address := strings.TrimSuffix(p.PackageVersion.PackageURL, ":"); address != "" {
		at := strings.LastIndex(address, ":")
		if at > strings.LastIndex(address, "/") {
			address, tag = address[:at], address[at+1:]
		}
		return withTag(m.moved(strings.ToLower(address)), tag), nil
	}
	owner := p.Namespace
	if owner == "" {
		owner = p.Owner.Login
	}
	if owner == "" || p.Name == "" {
		return "", errNoRepository
	}
	return m.at("ghcr.io", strings.ToLower(owner+"/"+p.Name), tag)
}
