package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/updater/chat/slack/slacktest"
)

// slackSettings names three people. The updater may not vote as eve: see chatRights.
const slackSettings = `apiVersion: garboard.dev/v1alpha1
kind: ChatConfig
slack:
  appTokenFile: app
  botTokenFile: bot
  channel: C024BE91L
  apiURL: %q
  namespaces: [%s]
  users:
  - {id: U0ANN, user: ann}
  - {id: U0BOB, user: bob}
  - {id: U0EVE, user: eve}
`

// chatRights let the updater vote as ann and bob, and not as eve.
const chatRights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: garboard-chat-voters}
rules:
- {apiGroups: [""], resources: [users], resourceNames: [ann, bob], verbs: [impersonate]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: garboard-chat-voters}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: garboard-chat-voters}
subjects:
- {kind: ServiceAccount, name: garboard-updater, namespace: garboard}
`

// chatting starts the updater with the chat of a Slack that is played.
func (s *space) chatting(c *slacktest.Server) {
	s.t.Helper()
	rights := filepath.Join("..", "..", "manifests", "components", "chat", "rbac.yaml")
	for _, args := range [][]string{{"apply", "-f", rights}, {"apply", "-f", "-"}} {
		if _, _, err := s.Kubectl(s.t.Context(), chatRights, args...); err != nil {
			s.t.Fatal(err)
		}
	}
	dir := s.t.TempDir()
	for name, text := range map[string]string{
		"app": "xapp-1-A000-000000", "bot": "xoxb-000000-000000", "chat.yaml": fmt.Sprintf(slackSettings, c.APIURL(), s.name),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	s.t.Cleanup(func() {
		s.restart()
		ctx := context.WithoutCancel(s.t.Context())
		_, _, first := s.Kubectl(ctx, "", "delete", "-f", rights)
		_, _, second := s.Kubectl(ctx, chatRights, "delete", "-f", "-")
		if err := errors.Join(first, second); err != nil {
			s.t.Error(err)
		}
	})
	s.restart("--chat-config=" + filepath.Join(dir, "chat.yaml"))
}

// press is a person's click on the button of an update's message.
func press(c *slacktest.Server, id, person string, u *v1alpha1.ImageUpdate) {
	c.Send("interactive", id, map[string]any{
		"type": "block_actions", "user": map[string]string{"id": person}, "channel": map[string]string{"id": "C024BE91L"},
		"actions": []any{map[string]string{"type": "button", "action_id": "Approve", "block_id": "votes", "value": u.Namespace + "/" + u.Name + "/" + string(u.UID)}},
	})
}

// A vote in a chat is the person's own: the API server refuses it as it would with
// kubectl, and two of them move the workload.
func TestPeopleVoteInSlack(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.voters("bob")
	c := slacktest.New(t)
	s.chatting(c)
	s.push("1.2.0")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: minor", everySecond, `garboard.dev/approvals: "2"`), "apply", "-f", "-")
	s.settled("web")
	s.push("1.3.0")
	u := s.awaitPhase("web", "1.3.0", v1alpha1.PhasePending)
	s.await("the message", func(context.Context) error {
		if posted := c.Of("chat.postMessage"); len(posted) != 1 || !strings.Contains(posted[0].Values["blocks"], u.Name) {
			return fmt.Errorf("there are %v", posted)
		}
		return nil
	})

	press(c, "e1", "U0EVE", u)
	if got := c.AwaitAnswer("U0EVE"); !strings.Contains(got, "cannot impersonate") {
		t.Errorf("one whom the updater may not vote as hears %q", got)
	}
	press(c, "e2", "U0ANN", u)
	if got := c.AwaitAnswer("U0ANN"); !strings.Contains(got, `User "ann" cannot create`) {
		t.Errorf("one without the right to vote hears %q", got)
	}
	s.wantTag("web", "1.2.0")
	s.voters("ann")
	press(c, "e3", "U0BOB", u)
	if got := c.AwaitAnswer("U0BOB"); !strings.Contains(got, "your vote counts as bob: Approve.") {
		t.Errorf("one who has voted hears %q", got)
	}
	// An API server may take a moment to heed a new RoleBinding.
	s.await("a vote of one who may vote by now", func(context.Context) error {
		press(c, fmt.Sprint("again-", len(c.Calls())), "U0ANN", u)
		answers := c.Of("chat.postEphemeral")
		if !slices.ContainsFunc(answers, func(c slacktest.Call) bool { return strings.Contains(c.Values["text"], "counts as ann") }) {
			return fmt.Errorf("the last answer is %q", answers[len(answers)-1].Values["text"])
		}
		return nil
	})
	s.awaitTag("web", "1.3.0")
	s.awaitPhase("web", "1.3.0", v1alpha1.PhaseSucceeded)
	s.await("the message to say what became of it", func(context.Context) error {
		changed := c.Of("chat.update")
		if len(changed) == 0 || !strings.Contains(changed[len(changed)-1].Values["blocks"], "succeeded") {
			return fmt.Errorf("it was changed %d times", len(changed))
		}
		return nil
	})
	if posted := c.Of("chat.postMessage"); len(posted) != 1 {
		t.Errorf("messages: got %d, want one", len(posted))
	}
	if !slices.ContainsFunc(s.updates(), func(u v1alpha1.ImageUpdate) bool { return u.Annotations["garboard.dev/chat-message"] != "" }) {
		t.Error("no update says which message shows it")
	}
}
