package e2e

import (
	"strings"
	"testing"
)

// Patches of kubectl, by what they change.
const (
	patchImage = `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"APP:%s"}]}}}}`
	patchBump  = `{"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":"web=1.2.7"}}}}}`
	patchGrace = `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":31}}}}`
)

// writers are all ways of kubectl.
func writers() map[string]writer {
	applied := []write{send("1.2.0", "apply")}
	applySSA := []string{"apply", "--server-side"}
	const (
		byApply  = "kubectl-client-side-apply Update"
		moved    = "web: APP:1.2.0 -> 1.2.7 (policy patch)"
		envLine  = "env: [{name: COLOUR, value: blue}]"
		asServer = "kubectl Apply"
	)
	return map[string]writer{
		"create is resolved": {
			write: send("1.2.0", "create"),
			want:  written{Tag: "1.2.7", Revisions: 1, Owners: "kubectl-create Update", Warned: moved},
		},
		"apply of a new object is resolved": {
			write: send("1.2.0", "apply"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byApply, Warned: moved},
		},
		"apply of the same manifest keeps all": {
			before: applied, write: send("1.2.0", "apply"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byApply},
		},
		"apply of another environment rolls that alone": {
			before: applied, write: sendWith("1.2.0", envLine, "apply"), again: true,
			want: written{Tag: "1.2.7", Revisions: 2, Owners: byApply},
		},
		"apply of a source that rises below what runs keeps what runs": {
			before: applied, write: send("1.2.6", "apply"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byApply, Warned: "web: APP:1.2.6 -> 1.2.7 (policy patch)"},
		},
		"apply of the tag that runs rolls nothing": {
			before: applied, write: send("1.2.7", "apply"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byApply},
		},
		"apply of a source above what runs is resolved": {
			before: applied, write: send("1.3.0", "apply"), again: true,
			want: written{Tag: "1.3.4", Revisions: 2, Owners: byApply, Warned: "web: APP:1.3.0 -> 1.3.4 (policy patch)"},
		},
		"server-side apply of a new object is resolved": {
			write: send("1.2.0", applySSA...), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: asServer, Warned: moved},
		},
		"server-side apply of the same manifest keeps all": {
			before: []write{send("1.2.0", applySSA...)}, write: send("1.2.0", applySSA...), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: asServer},
		},
		"server-side apply of another environment rolls that alone": {
			before: []write{send("1.2.0", applySSA...)}, write: sendWith("1.2.0", envLine, applySSA...), again: true,
			want: written{Tag: "1.2.7", Revisions: 2, Owners: asServer},
		},
		"the first server-side apply after client-side ones, forced, keeps all": {
			before: applied, write: send("1.2.0", "apply", "--server-side", "--force-conflicts"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: asServer},
		},
		"server-side apply after the forced one needs no force": {
			before: append(applied, send("1.2.0", "apply", "--server-side", "--force-conflicts")),
			write:  send("1.2.0", applySSA...), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: asServer},
		},
		"replace drops nothing of ours": {
			before: applied, write: send("1.2.0", "replace"),
			want: written{Tag: "1.2.7", Revisions: 1, Owners: "kubectl-replace Update"},
		},
		// The manifest follows a person down, and the image moves on. It is then the same
		// manifest again.
		"apply of a manifest that caught up on the way down keeps what runs": {
			before: caughtUp(send("1.2.6", "apply"), "apply"), write: send("1.2.0", "apply"), again: true,
			want: written{Tag: "1.2.7", Revisions: 2, Owners: byApply},
		},
		"server-side apply of a manifest that caught up on the way down keeps what runs": {
			before: caughtUp(send("1.2.6", applySSA...), "apply", "--server-side", "--force-conflicts"),
			write:  send("1.2.0", "apply", "--server-side", "--force-conflicts"), again: true,
			want: written{Tag: "1.2.7", Revisions: 2, Owners: asServer},
		},
		"replace by a manifest that caught up on the way down keeps what runs": {
			before: caughtUp(send("1.2.6", "apply"), "replace"), write: send("1.2.0", "replace"),
			want: written{Tag: "1.2.7", Revisions: 2, Owners: "kubectl-replace Update"},
		},
		"replace with another environment rolls that alone": {
			before: applied, write: sendWith("1.2.0", envLine, "replace"),
			want: written{Tag: "1.2.7", Revisions: 2, Owners: "kubectl-replace Update"},
		},
		"replace --force makes a new object, which is resolved": {
			before: applied, write: send("1.2.0", "replace", "--force", "--cascade=orphan"),
			want: written{Tag: "1.2.7", Revisions: 1, Owners: "kubectl-replace Update", Warned: moved},
		},
		"edit of another field keeps the image": {
			before: applied, newer: true, write: edit("terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 31"),
			want: written{Tag: "1.2.7", Revisions: 2, Owners: byApply},
		},
		"edit of the image upwards is resolved": {
			before: applied, write: edit("image: .*", "image: APP:1.3.0"),
			want: written{Tag: "1.3.4", Revisions: 2, Owners: "kubectl-edit Update", Warned: "web: APP:1.3.0 -> 1.3.4 (policy patch)"},
		},
		"edit of the image downwards is as written": {
			before: applied, write: edit("image: .*", "image: APP:1.2.6"),
			want: written{Tag: "1.2.6", Revisions: 2, Owners: "kubectl-edit Update", Warned: "web: APP:1.2.7 -> 1.2.6 as written"},
		},
		"patch of another field keeps the image": {
			before: applied, newer: true, write: command("patch", "deployment/web", "-p", patchGrace), again: true,
			want: written{Tag: "1.2.7", Revisions: 2, Owners: byApply},
		},
		"patch of the image upwards is resolved": {
			before: applied, write: command("patch", "deployment/web", "-p", strings.Replace(patchImage, "%s", "1.3.0", 1)),
			want: written{Tag: "1.3.4", Revisions: 2, Owners: "kubectl-patch Update", Warned: "web: APP:1.3.0 -> 1.3.4 (policy patch)"},
		},
		"patch of the image downwards is as written": {
			before: applied, write: command("patch", "deployment/web", "-p", strings.Replace(patchImage, "%s", "1.2.6", 1)), again: true,
			want: written{Tag: "1.2.6", Revisions: 2, Owners: "kubectl-patch Update", Warned: "web: APP:1.2.7 -> 1.2.6 as written"},
		},
		"set image upwards is resolved": {
			before: applied, write: command("set", "image", "deployment/web", "web=APP:1.3.0"), again: true,
			want: written{Tag: "1.3.4", Revisions: 2, Owners: "kubectl-set Update", Warned: "web: APP:1.3.0 -> 1.3.4 (policy patch)"},
		},
		"set image downwards is as written": {
			before: applied, write: command("set", "image", "deployment/web", "web=APP:1.2.6"), again: true,
			want: written{Tag: "1.2.6", Revisions: 2, Owners: "kubectl-set Update", Warned: "web: APP:1.2.7 -> 1.2.6 as written"},
		},
		"set env keeps the image": {
			before: applied, newer: true, write: command("set", "env", "deployment/web", "COLOUR=blue"), again: true,
			want: written{Tag: "1.2.7", Revisions: 2, Owners: byApply},
		},
		"scale keeps the image": {
			before: applied, newer: true, write: command("scale", "deployment/web", "--replicas=3"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byApply},
		},
		"rollout restart keeps the image": {
			before: applied, newer: true, write: command("rollout", "restart", "deployment/web"),
			want: written{Tag: "1.2.7", Revisions: 2, Owners: byApply},
		},
		"another policy without a newer tag rolls nothing": {
			before: applied, write: command("annotate", "--overwrite", "deployment/web", "garboard.dev/policy=semver:~1.2.0"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byApply},
		},
		"a bump without a newer tag rolls nothing": {
			before: applied, write: command("patch", "deployment/web", "--field-manager=garboard-updater", "-p", patchBump), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byApply},
		},
		"a bump, sent twice, moves once": {
			before: applied, newer: true, again: true,
			write: command("patch", "deployment/web", "--field-manager=garboard-updater", "-p", strings.Replace(patchBump, "1.2.7", "1.2.8", 1)),
			want:  written{Tag: "1.2.8", Revisions: 2, Owners: byApply, Warned: "web: APP:1.2.7 -> 1.2.8 (policy patch)"},
		},
		"label keeps all": {
			before: applied, newer: true, write: command("label", "deployment/web", "touched=yes"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byApply},
		},
		"annotate keeps all": {
			before: applied, newer: true, write: command("annotate", "deployment/web", "touched=yes"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byApply},
		},
	}
}

// kubectl takes the fields of its own client side over without being forced,
// but only where they are as it wrote them. An image that was moved is not.
func TestFirstServerSideApplyConflicts(t *testing.T) {
	s := newSpace(t)
	s.push(tags...)
	send("1.2.0", "apply")(s)
	_, _, err := s.kubectl(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "--server-side", "-f", "-")
	if err == nil || !strings.Contains(err.Error(), `conflict with "kubectl-client-side-apply"`) || !strings.Contains(err.Error(), ".image") {
		t.Errorf("without force: %v", err)
	}
	s.wantTag("web", "1.2.7")
}

// caughtUp has a person go down, the manifest follow, and a person go up again.
func caughtUp(first write, args ...string) []write {
	return []write{
		first,
		command("set", "image", "deployment/web", "web=APP:1.2.0"),
		send("1.2.0", args...),
		command("set", "image", "deployment/web", "web=APP:1.2.7"),
	}
}
