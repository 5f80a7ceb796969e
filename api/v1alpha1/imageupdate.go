package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ImageUpdate is a move of one container to another version, which waits for approvals.
// The updater alone writes it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=iu,categories=garboard
// +kubebuilder:printcolumn:name="Kind",type=string,JSONPath=`.spec.workloadRef.kind`
// +kubebuilder:printcolumn:name="Workload",type=string,JSONPath=`.spec.workloadRef.name`
// +kubebuilder:printcolumn:name="Container",type=string,JSONPath=`.spec.container`
// +kubebuilder:printcolumn:name="From",type=string,JSONPath=`.spec.from.tag`
// +kubebuilder:printcolumn:name="To",type=string,JSONPath=`.spec.to.tag`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Approvals",type=integer,JSONPath=`.status.approvals`
// +kubebuilder:printcolumn:name="Required",type=integer,JSONPath=`.spec.votesRequired`
// +kubebuilder:printcolumn:name="Deadline",type=string,format=date-time,JSONPath=`.status.deadline`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Digest",type=string,JSONPath=`.spec.to.digest`,priority=1
type ImageUpdate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what is proposed. It never changes: another version, and another digest
	// of the same tag, is another ImageUpdate.
	// +required
	Spec ImageUpdateSpec `json:"spec"`
	// Status is what became of it.
	// +optional
	Status ImageUpdateStatus `json:"status,omitzero"`
}

// ImageUpdateList is a list of ImageUpdate.
//
// +kubebuilder:object:root=true
type ImageUpdateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ImageUpdate `json:"items"`
}

// ImageUpdateSpec is a proposed move.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec is immutable: what was voted on stays what it is"
type ImageUpdateSpec struct {
	// WorkloadRef is the workload that moves.
	// +required
	WorkloadRef WorkloadReference `json:"workloadRef"`
	// Container is the name of the container, or volume/NAME of an image volume.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Container string `json:"container"`
	// Repository is the image without tag and digest, with its registry's host.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Repository string `json:"repository"`
	// From is what runs as the move is proposed.
	// +optional
	From ImageVersion `json:"from,omitzero"`
	// To is what the container moves to once it is approved, and nothing else.
	// +required
	// +kubebuilder:validation:XValidation:rule="has(self.tag) || has(self.digest)",message="a tag or a digest is needed"
	To ImageVersion `json:"to"`
	// Policy is the policy that chose the version, as it is written.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Policy string `json:"policy,omitempty"`
	// VotesRequired is how many people have to approve.
	// +required
	// +kubebuilder:validation:Minimum=1
	VotesRequired int32 `json:"votesRequired"`
	// CarriesFrom is the name of an earlier update of the same container whose votes count
	// for this one, too; empty if none does.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	CarriesFrom string `json:"carriesFrom,omitempty"`
	// Deadline is until when votes count, unless the update is reopened.
	// +required
	Deadline metav1.Time `json:"deadline"`
}

// WorkloadReference names one workload, in the namespace of the object that has it.
type WorkloadReference struct {
	// APIVersion is the group and version of the kind, such as apps/v1.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	APIVersion string `json:"apiVersion"`
	// Kind is the kind, such as Deployment.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// Name is the workload's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// UID is the workload's UID: one of the same name that came later is another.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	UID types.UID `json:"uid"`
}

// ImageVersion is a tag, a digest, or both.
type ImageVersion struct {
	// Tag is the tag.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`
	Tag string `json:"tag,omitempty"`
	// Digest is the manifest's digest, with its algorithm.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^[a-z0-9]+([+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$`
	Digest string `json:"digest,omitempty"`
}

// Phase is where an ImageUpdate stands.
//
// +kubebuilder:validation:Enum=Pending;Approved;Rejected;Expired;Superseded;RollingOut;Succeeded;Failed;RolledBack
type Phase string

// The phases. People are waited for in Pending alone; Approved waits for the other
// gates. Rejected and Expired may be reopened, and the rest never come back.
const (
	PhasePending    Phase = "Pending"
	PhaseApproved   Phase = "Approved"
	PhaseRejected   Phase = "Rejected"
	PhaseExpired    Phase = "Expired"
	PhaseSuperseded Phase = "Superseded"
	PhaseRollingOut Phase = "RollingOut"
	PhaseSucceeded  Phase = "Succeeded"
	PhaseFailed     Phase = "Failed"
	PhaseRolledBack Phase = "RolledBack"
)

// MaxVoters is how many voters a status names.
const MaxVoters = 64

// The types of conditions.
const (
	// ConditionApproved is True once enough people have approved, and False once that
	// can no longer be.
	ConditionApproved = "Approved"
	// ConditionReady is True once the workload runs the version.
	ConditionReady = "Ready"
)

// ImageUpdateStatus is what became of an ImageUpdate.
type ImageUpdateStatus struct {
	// Phase is where it stands.
	// +optional
	Phase Phase `json:"phase,omitempty"`
	// Approvals is how many people approve.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Approvals int32 `json:"approvals"`
	// Rejections is how many people reject.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Rejections int32 `json:"rejections"`
	// Voters are those whose votes count, each by the last one, and no more than the first
	// 64 of them.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Voters []Voter `json:"voters,omitempty"`
	// Deadline is until when votes count: that of the spec, or a later one if the update
	// was reopened.
	// +optional
	Deadline *metav1.Time `json:"deadline,omitempty"`
	// ProposedAt is since when votes count: when it was proposed, or was reopened.
	// +optional
	ProposedAt *metav1.Time `json:"proposedAt,omitempty"`
	// DecidedAt is when it was approved, rejected, expired or superseded.
	// +optional
	DecidedAt *metav1.Time `json:"decidedAt,omitempty"`
	// EndedAt is since when nothing more becomes of it.
	// +optional
	EndedAt *metav1.Time `json:"endedAt,omitempty"`
	// Conditions are Approved and Ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Voter is one person, and how they voted.
type Voter struct {
	// Name is the user's name, as the API server knows it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Name string `json:"name"`
	// Verdict is the last one.
	// +required
	Verdict Verdict `json:"verdict"`
	// Time is when the vote was cast.
	// +required
	Time metav1.Time `json:"time"`
	// Now is whether the update may go past the setting "after", for this voter.
	// +optional
	Now bool `json:"now,omitempty"`
	// Comment is what was said with it.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Comment string `json:"comment,omitempty"`
}
