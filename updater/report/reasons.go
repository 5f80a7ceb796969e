package report

// Why a newer image is not used yet: words for machines, in Standing.Reason, in
// Events and as a metric's label.
const (
	WaitHeld      = "Held"
	WaitTooYoung  = "TooYoung"
	WaitPlatform  = "NoPlatform"
	WaitUpstream  = "NotSoaked"
	WaitWindow    = "WindowClosed"
	WaitApproval  = "NotApproved"
	WaitPace      = "TooManyRollouts"
	WaitCanary    = "CanaryNotReady"
	WaitStopped   = "WorkloadStopped"
	WaitAdmission = "AdmissionNotAsked"
	WaitDeclined  = "AdmissionDeclined"
	WaitFailed    = "UpdateFailed"
)

// waitReasons are all of them.
var waitReasons = []string{
	WaitHeld, WaitTooYoung, WaitPlatform, WaitUpstream, WaitWindow, WaitApproval, WaitPace, WaitCanary, WaitStopped, WaitAdmission, WaitDeclined, WaitFailed,
}

// Reasons of the Events on workloads.
const (
	ReasonUpdated       = "ImageUpdated"
	ReasonStayed        = "ImageStayed"
	ReasonHeld          = "ImageHeld"
	ReasonWaiting       = "ImageWaiting"
	ReasonUnavailable   = "RegistryUnavailable"
	ReasonFailed        = "UpdateFailed"
	ReasonSucceeded     = "RolloutSucceeded"
	ReasonRolloutFailed = "RolloutFailed"
	ReasonRolledBack    = "RolledBack"
	ReasonNotRolledBack = "NotRolledBack"

	ReasonProposed        = "ApprovalRequested"
	ReasonApproved        = "UpdateApproved"
	ReasonRejected        = "UpdateRejected"
	ReasonApprovalExpired = "ApprovalExpired"
)
