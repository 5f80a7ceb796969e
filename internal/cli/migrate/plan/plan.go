package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/keel"
)

// Plan is what a migration has to do, and what will come of it.
type Plan struct {
	metav1.TypeMeta `json:",inline"`
	// Keel is nil where only workloads were found.
	Keel *Keel `json:"keel,omitempty"`
	// Settings are the files that say what Keel's environment says.
	Settings []File `json:"settings"`
	// Secrets are what the files refer to.
	Secrets []Secret `json:"secrets"`
	// Variables are those that Keel is given, each with what becomes of it.
	Variables  []Variable  `json:"variables"`
	Namespaces []Namespace `json:"namespaces"`
	Workloads  []Workload  `json:"workloads"`
	Webhooks   []Webhook   `json:"webhooks"`
	Access     []string    `json:"access"`
	Steps      []Step      `json:"steps"`
	Back       []Step      `json:"back"`
	Both       []Step      `json:"both,omitempty"`
}

// Keel is the installation that is left.
type Keel struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Image     string `json:"image"`
	// Restricted is the one namespace that it looks at.
	Restricted string `json:"restricted,omitempty"`
}

// File is a settings file, in the ConfigMap that Garboard's manifests mount.
type File struct {
	ConfigMap string `json:"configMap"`
	Name      string `json:"name"`
	Text      string `json:"text"`
	// Overlay mounts it.
	Overlay string `json:"overlay"`
}

// Secret is one that has to be made by hand, of what Keel's Secrets hold.
type Secret struct {
	Name string      `json:"name"`
	Keys []SecretKey `json:"keys"`
}

// SecretKey is a file of a Secret.
type SecretKey struct {
	Name string `json:"name"`
	// Command prints what belongs in it.
	Command string `json:"command"`
	// Of names what it is made of.
	Of []string `json:"of"`
}

// Variable is one that Keel is given.
type Variable struct {
	Name string    `json:"name"`
	Fate keel.Fate `json:"fate"`
	Why  string    `json:"why"`
	// From names the Secret and key that it comes from; empty for the Deployment.
	From string `json:"from,omitempty"`
	// ConfigMap names the ConfigMap and key that it comes from.
	ConfigMap string `json:"configMap,omitempty"`
}

// Namespace is one that opts in.
type Namespace struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Workload is one that Keel looks at, or that Garboard will.
type Workload struct {
	Namespace  string      `json:"namespace"`
	Kind       string      `json:"kind"`
	Name       string      `json:"name"`
	Containers []Container `json:"containers"`
	// Rolls is true where Garboard moves it as soon as its namespace opts in, at the
	// first poll, and Keel would not.
	Rolls bool `json:"rolls"`
	// PutOff is a command that keeps it from that, until something newer is pushed.
	PutOff string `json:"putOff,omitempty"`
	// Notes are about all of its containers.
	Notes []Note `json:"notes,omitempty"`
}

// Container is one image of a workload.
type Container struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	// Keel is what Keel does at its next event, Garboard what Garboard does at its
	// first.
	Keel     Act    `json:"keel"`
	Garboard Act    `json:"garboard"`
	Notes    []Note `json:"notes,omitempty"`
}

// Act is what becomes of an image.
type Act struct {
	Does string `json:"does"`
	// Tag is what it moves to; empty where it stays.
	Tag string `json:"tag,omitempty"`
}

// What becomes of an image.
const (
	Moves         = "Moves"
	Stays         = "Stays"
	Follows       = "FollowsDigest"
	PinsDigest    = "PinsDigest"
	WaitsForPush  = "WaitsForPush"
	WaitsForVotes = "WaitsForVotes"
	WaitsForGate  = "WaitsForGate"
	NotGoverned   = "NotGoverned"
	Unknown       = "Unknown"
)

// Note is a named reason.
type Note struct {
	Reason string `json:"reason"`
	Text   string `json:"text"`
}

// Webhook is a path that registries post to.
type Webhook struct {
	Path string `json:"path"`
	// Keeps is true where registries that post there go on as they are.
	Keeps bool   `json:"keeps"`
	Why   string `json:"why"`
}

// Step is something to do.
type Step struct {
	Text     string   `json:"text"`
	Commands []string `json:"commands,omitempty"`
}
