package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ImageUpdateVote is one person's vote on an ImageUpdate of the same namespace. It never
// changes: who thinks better of it casts another, and the last one counts.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Namespaced,shortName=iuv,categories=garboard
// +kubebuilder:printcolumn:name="Update",type=string,JSONPath=`.spec.update`
// +kubebuilder:printcolumn:name="Voter",type=string,JSONPath=`.spec.voter`
// +kubebuilder:printcolumn:name="Verdict",type=string,JSONPath=`.spec.verdict`
// +kubebuilder:printcolumn:name="Comment",type=string,JSONPath=`.spec.comment`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ImageUpdateVote struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the vote.
	// +required
	Spec ImageUpdateVoteSpec `json:"spec"`
}

// ImageUpdateVoteList is a list of ImageUpdateVote.
//
// +kubebuilder:object:root=true
type ImageUpdateVoteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ImageUpdateVote `json:"items"`
}

// ImageUpdateVoteSpec is a vote.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a vote is immutable: cast another, the last one counts"
// +kubebuilder:validation:XValidation:rule="self.verdict == 'Approve' || !(has(self.reopen) && self.reopen || has(self.now) && self.now)",message="reopen and now go with an approval alone"
type ImageUpdateVoteSpec struct {
	// Update is the name of the ImageUpdate.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Update string `json:"update"`
	// Verdict is Approve or Reject.
	// +required
	Verdict Verdict `json:"verdict"`
	// Voter is the user's name, as the API server knows it: it admits no other.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Voter string `json:"voter"`
	// Comment is what the voter has to say.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Comment string `json:"comment,omitempty"`
	// Reopen lets an update that expired or was rejected be voted on again. Votes from
	// before do not count then.
	// +optional
	Reopen bool `json:"reopen,omitempty"`
	// Now lets the update go past the setting "after", once as many as have to approve
	// say so.
	// +optional
	Now bool `json:"now,omitempty"`
}

// Verdict is what a vote says.
//
// +kubebuilder:validation:Enum=Approve;Reject
type Verdict string

// The verdicts.
const (
	VerdictApprove Verdict = "Approve"
	VerdictReject  Verdict = "Reject"
)
