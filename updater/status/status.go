// Package status hands out what the updater knows of each governed workload: a
// small read-only HTTP server beside the updater, and the client of it, which
// comes through the API server.
package status

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/updater/report"
)

const (
	// APIVersion is that of the lists.
	APIVersion = "garboard.dev/v1alpha1"
	// Kind is that of the lists.
	Kind = "WorkloadStatusList"
	// Port is where the updater of the manifests serves them.
	Port = 8082
	// Path is where they are. Its query may have a namespace; without one the
	// list is that of all namespaces.
	Path = "/v1/status"

	namespaceParameter = "namespace"
)

// reasonNotLeading is the reason of the answer of a replica that has nothing to
// tell, since another one leads.
const reasonNotLeading metav1.StatusReason = "NotLeading"

// List is what is known of the containers of a namespace, or of all, sorted by
// namespace, kind, name and container.
type List struct {
	metav1.TypeMeta `json:",inline"`
	Items           []Item `json:"items"`
	// Unowned are the shards that no updater owns at the moment, if several share
	// the work: what is known of their workloads is missing. A Client finds it out;
	// no updater sends it.
	Unowned []int `json:"-"`
}

// Item is one container of a governed workload.
type Item struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Container string `json:"container"`
	// Repository is canonical: docker.io/library/nginx.
	Repository string `json:"repository"`
	// Running and Newest are tags, with the digest where one is known. Newest is
	// the newest that the policy allows; empty where the registry has not
	// answered.
	Running string `json:"running"`
	Newest  string `json:"newest,omitempty"`
	// RunningBuilt and NewestBuilt are when these were built; nil where that is not known.
	RunningBuilt *metav1.Time `json:"runningBuilt,omitempty"`
	NewestBuilt  *metav1.Time `json:"newestBuilt,omitempty"`
	Policy       string       `json:"policy"`
	// State is Current, Pending, Rolling, Failed or Unknown.
	State report.State `json:"state"`
	// Reason is a word for machines, Message a clause for people.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Opens is when what keeps a newer image back may end by itself; nil where something
	// else has to happen first.
	Opens *metav1.Time `json:"opens,omitempty"`
	// After names the workloads that have to run a version first, with how long:
	// "staging/deployment/shop for 1d", comma-separated.
	After string `json:"after,omitempty"`
	// ReleaseNotes is the address of what people read about new versions.
	ReleaseNotes string `json:"releaseNotes,omitempty"`
	// LastCheck is when the registry was asked last, NextCheck when it is next;
	// nil is not yet, or never.
	LastCheck *metav1.Time `json:"lastCheck,omitempty"`
	NextCheck *metav1.Time `json:"nextCheck,omitempty"`
	// Asked tells what the registry was asked with last; nil where it was not, or where the
	// updater is of a version that does not tell.
	Asked *Asked `json:"asked,omitempty"`
}

// Asked tells what a registry was asked with. It has no secret, and no name of a user.
type Asked struct {
	// Credential is the kind: "anonymous" for none. Source is where it was found, such as
	// Secret "team/regcred". A registry that asks for none does not get it.
	Credential string `json:"credential"`
	Source     string `json:"source,omitempty"`
	// Anonymous: there was no credential.
	Anonymous bool `json:"anonymous,omitempty"`
	// Mirrored: mirrors are asked first, each with a credential of its own.
	Mirrored bool `json:"mirrored,omitempty"`
}

// listOf is a list of what the updater knows.
func listOf(standings []report.Standing) *List {
	list := &List{TypeMeta: metav1.TypeMeta{APIVersion: APIVersion, Kind: Kind}, Items: make([]Item, 0, len(standings))}
	for _, s := range standings {
		item := Item{
			Namespace: s.Namespace, Kind: s.Kind, Name: s.Name, Container: s.Container,
			Repository: s.Repository, Running: s.Running, Newest: s.Newest, Policy: s.Policy,
			State: s.State, Reason: s.Reason, Message: s.Message, ReleaseNotes: s.ReleaseNotes, After: s.After,
		}
		if s.State == report.StatePending && !s.Opens.IsZero() {
			item.Opens = &metav1.Time{Time: s.Opens}
		}
		item.LastCheck, item.NextCheck = timeOf(s.Checked), timeOf(s.Next)
		if s.Asked != nil {
			item.Asked = &Asked{Credential: s.Asked.Kind, Source: s.Asked.Source, Anonymous: s.Asked.Anonymous, Mirrored: s.Asked.Mirrored}
		}
		item.RunningBuilt, item.NewestBuilt = timeOf(s.RunningBuilt), timeOf(s.NewestBuilt)
		list.Items = append(list.Items, item)
	}
	return list
}

// timeOf is a time of a list; nil for the zero time.
func timeOf(at time.Time) *metav1.Time {
	if at.IsZero() {
		return nil
	}
	return &metav1.Time{Time: at}
}
