// Package chat lets people vote on updates where they talk. It shows in a chat what
// waits for approvals, and casts a person's vote in that person's own name: the API server
// judges it as if they had used kubectl, so that a chat can do nothing that RBAC and the
// policy of votes refuse.
package chat
