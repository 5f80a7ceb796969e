package config

import "slices"

// SenderKind is a kind of sender: the format of its notifications, and the last
// part of the path that it posts them to.
type SenderKind string

// Kinds of senders. Keel has those from Native to Registry but Nexus, on the same paths.
const (
	Native      SenderKind = "native"
	DockerHub   SenderKind = "dockerhub"
	Quay        SenderKind = "quay"
	Azure       SenderKind = "azure"
	GitHub      SenderKind = "github"
	Harbor      SenderKind = "harbor"
	JFrog       SenderKind = "jfrog"
	Nexus       SenderKind = "nexus"
	Registry    SenderKind = "registry"
	GitLab      SenderKind = "gitlab"
	ECR         SenderKind = "ecr"
	GCR         SenderKind = "gcr"
	GAR         SenderKind = "gar"
	Gitea       SenderKind = "gitea"
	Forgejo     SenderKind = "forgejo"
	CloudEvents SenderKind = "cloudevents"
)

// Kinds are all that there are.
func Kinds() []SenderKind {
	return []SenderKind{
		Native, DockerHub, Quay, Azure, GitHub, Harbor, JFrog, Nexus, Registry, GitLab,
		ECR, GCR, GAR, Gitea, Forgejo, CloudEvents,
	}
}

// Signs reports whether senders of the kind can sign the body.
func (k SenderKind) Signs() bool {
	return slices.Contains([]SenderKind{Native, GitHub, JFrog, Nexus, Gitea, Forgejo}, k)
}

// OnlyURL reports whether senders of the kind have nowhere to put a secret but
// in the URL.
func (k SenderKind) OnlyURL() bool { return k == DockerHub || k == Quay }

// Google reports whether notifications come by Google's Pub/Sub, with a token
// of Google's.
func (k SenderKind) Google() bool { return k == GCR || k == GAR }

// NamesNoRegistry reports whether nothing in a payload says which registry it is
// about.
func (k SenderKind) NamesNoRegistry() bool { return k == CloudEvents || k == Nexus }
