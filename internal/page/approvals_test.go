package page

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/updater/status"
)

// update waits for two votes until the evening.
func update(namespace, name string, phase v1alpha1.Phase) *v1alpha1.ImageUpdate {
	return &v1alpha1.ImageUpdate{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid-" + name), CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))},
		Spec: v1alpha1.ImageUpdateSpec{
			WorkloadRef: v1alpha1.WorkloadReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name, UID: "w"}, Container: "app",
			Repository: "example.com/" + name, From: v1alpha1.ImageVersion{Tag: "1.2.0"}, To: v1alpha1.ImageVersion{Tag: "1.3.0", Digest: "sha256:" + strings.Repeat("a", 64)},
			Policy: "minor", VotesRequired: 2, Deadline: metav1.NewTime(now.Add(8 * time.Hour)),
		},
		Status: v1alpha1.ImageUpdateStatus{Phase: phase},
	}
}

// votingWorld has three updates that wait, and one that is over. refused is the workload
// that the API server lets nobody vote on.
func votingWorld(t *testing.T, refused string) *world {
	t.Helper()
	w := newWorld(t, interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
		switch one := o.(type) {
		case *authenticationv1.SelfSubjectReview:
			one.Status.UserInfo.Username = "me"
			return nil
		case *v1alpha1.ImageUpdateVote:
			if one.Spec.Update == refused {
				return apierrors.NewForbidden(schema.GroupResource{Group: "garboard.dev", Resource: "imageupdatevotes"}, one.Name, errAway)
			}
			one.CreationTimestamp = metav1.NewTime(now)
		}
		return c.Create(ctx, o, options...)
	}})
	for _, u := range []*v1alpha1.ImageUpdate{
		update("shop", "web", v1alpha1.PhasePending), update("shop", "cart", ""), update("billing", "mail", v1alpha1.PhasePending), update("shop", "old", v1alpha1.PhaseRejected),
		update("shop", "night", v1alpha1.PhaseApproved), update("shop", "gone", v1alpha1.PhaseSuperseded),
	} {
		if phase := u.Status.Phase; phase != v1alpha1.PhasePending && phase != "" {
			u.Status.DecidedAt = &metav1.Time{Time: now.Add(-time.Minute)}
		}
		if err := w.client.Create(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// votes are those that were cast, as "UPDATE VERDICT VOTER COMMENT".
func votes(t *testing.T, w *world) []string {
	t.Helper()
	list := &v1alpha1.ImageUpdateVoteList{}
	if err := w.client.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	var cast []string
	for _, vote := range list.Items {
		text := fmt.Sprintf("%s %s %s %s", vote.Spec.Update, vote.Spec.Verdict, vote.Spec.Voter, vote.Spec.Comment)
		if vote.Spec.Now {
			text += " now"
		}
		if vote.Spec.Reopen {
			text += " reopen"
		}
		cast = append(cast, strings.Join(strings.Fields(text), " "))
	}
	slices.Sort(cast)
	return cast
}

func TestVotes(t *testing.T) {
	sealed := func(w *world, query string) string {
		values, _ := url.ParseQuery(query)
		wanted, _ := parseChoice(values)
		return seal(wanted.of(w.options.Access.updates(t.Context(), now).all))
	}
	for name, test := range map[string]struct {
		fields  func(*world) url.Values
		refused string
		code    int
		says    []string
		cast    []string
	}{
		"one": {
			fields: func(w *world) url.Values {
				return w.form("vote", "Approve shop/web/uid-web", "comment", " tried on staging ")
			},
			code: 200, says: []string{"shop/web app 1.3.0@sha256:aaaaaaaa…: approved (1 of 2)"}, cast: []string{"web Approve me tried on staging"},
		},
		"one, whatever is ticked": {
			fields: func(w *world) url.Values {
				return w.form("vote", "Reject shop/web/uid-web", "update", "shop/cart/uid-cart")
			},
			code: 200, says: []string{"shop/web app 1.3.0@sha256:aaaaaaaa…: rejected"}, cast: []string{"web Reject me"},
		},
		"those that are ticked": {
			fields: func(w *world) url.Values {
				form := w.form("vote", "Approve")
				form["update"] = []string{"shop/web/uid-web", "billing/mail/uid-mail"}
				return form
			},
			code: 200, says: []string{"shop/web app", "billing/mail app"}, cast: []string{"mail Approve me", "web Approve me"},
		},
		"all that match": {
			fields: func(w *world) url.Values {
				return w.form("vote", "Approve", "q", "example.com", "namespace", "shop", "seal", sealed(w, "q=example.com&namespace=shop"))
			},
			code: 200, says: []string{"shop/web app", "shop/cart app"}, cast: []string{"cart Approve me", "web Approve me"},
		},
		"against all that match": {
			fields: func(w *world) url.Values {
				return w.form("vote", "Reject", "comment", "not today", "q", "example.com", "namespace", "shop", "seal", sealed(w, "q=example.com&namespace=shop"))
			},
			code: 200, says: []string{"shop/web app 1.3.0@sha256:aaaaaaaa…: rejected", "shop/cart app"}, cast: []string{"cart Reject me not today", "web Reject me not today"},
		},
		"all, and one is refused": {
			fields: func(w *world) url.Values { return w.form("vote", "Approve", "seal", sealed(w, "")) }, refused: "cart",
			code: 422, says: []string{"shop/web app 1.3.0@sha256:aaaaaaaa…: approved (1 of 2)", "shop/cart app 1.3.0@sha256:aaaaaaaa…: imageupdatevotes.garboard.dev", "is forbidden"},
			cast: []string{"mail Approve me", "web Approve me"},
		},
		"all, and what matches has changed": {
			fields: func(w *world) url.Values { return w.form("vote", "Approve", "seal", sealed(w, "namespace=shop")) },
			code:   422, says: []string{"What matches has changed since you saw it; no vote was cast."},
		},
		"what is over": {
			fields: func(w *world) url.Values { return w.form("vote", "Approve shop/old/uid-old") },
			code:   422, says: []string{"shop/old app 1.3.0@sha256:aaaaaaaa…: it is Rejected, so that no vote counts"},
		},
		"what is not there": {
			fields: func(w *world) url.Values { return w.form("vote", "Approve shop/web/uid-of-another") },
			code:   422, says: []string{"An update that was chosen is not there any more; no vote was cast."},
		},
		"nothing": {
			fields: func(w *world) url.Values { return w.form("vote", "Approve") },
			code:   422, says: []string{"No update was chosen; no vote was cast."},
		},
		"neither for nor against": {
			fields: func(w *world) url.Values { return w.form("vote", "Abstain shop/web/uid-web") },
			code:   422, says: []string{"A vote is Approve, Now, Reject, Reopen or Withdraw, and not &#34;Abstain&#34;; no vote was cast."},
		},
		"one, not to wait for the stage before": {
			fields: func(w *world) url.Values { return w.form("vote", "Now shop/web/uid-web") },
			code:   200, says: []string{"approved, without waiting for the stage before (1 of 2 say so)"}, cast: []string{"web Approve me now"},
		},
		"one that is approved, not to wait for the stage before": {
			fields: func(w *world) url.Values { return w.form("vote", "Now shop/night/uid-night", "show", "over") },
			code:   200, says: []string{"shop/night app 1.3.0@sha256:aaaaaaaa…: approved, without waiting for the stage before (1 of 2 say so)"}, cast: []string{"night Approve me now"},
		},
		"all, not to wait for the stage before": {
			fields: func(w *world) url.Values { return w.form("vote", "Now", "seal", sealed(w, "")) },
			code:   422, says: []string{"Now names one update; no vote was cast."},
		},
		"one that was rejected is reopened": {
			fields: func(w *world) url.Values {
				return w.form("vote", "Reopen shop/old/uid-old", "comment", "it was mended", "show", "over")
			},
			code: 200, says: []string{"shop/old app 1.3.0@sha256:aaaaaaaa…: reopened, with your approval; votes from before do not count", `value="Reopen shop/old/uid-old"`},
			cast: []string{"old Approve me it was mended reopen"},
		},
		"one that was superseded is not reopened": {
			fields: func(w *world) url.Values { return w.form("vote", "Reopen shop/gone/uid-gone", "show", "over") },
			code:   422, says: []string{"it is Superseded, so that no vote counts any more"},
		},
		"a vote that was not cast is not withdrawn": {
			fields: func(w *world) url.Values { return w.form("vote", "Withdraw shop/web/uid-web") },
			code:   422, says: []string{"shop/web app 1.3.0@sha256:aaaaaaaa…: you have not voted on it"},
		},
		"what is decided is not withdrawn": {
			fields: func(w *world) url.Values { return w.form("vote", "Withdraw shop/old/uid-old", "show", "over") },
			code:   422, says: []string{"it is Rejected: its votes are counted"},
		},
		"a comment that is too long": {
			fields: func(w *world) url.Values {
				return w.form("vote", "Approve shop/web/uid-web", "comment", strings.Repeat("ä", 1025))
			},
			code: 422, says: []string{"A comment has at most 1024 characters, and this one 1025; no vote was cast."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := votingWorld(t, test.refused)
			got := w.answer(asked(http.MethodPost, "/approvals/vote", test.fields(w)))
			for _, want := range test.says {
				if got.Code != test.code || !strings.Contains(got.Body.String(), want) {
					t.Errorf("got %d:\n%s\nwant %d and %q", got.Code, got.Body, test.code, want)
				}
			}
			if cast := votes(t, w); !slices.Equal(cast, test.cast) {
				t.Errorf("cast %q, want %q", cast, test.cast)
			}
		})
	}
}

func TestASecondVoteIsTold(t *testing.T) {
	w := votingWorld(t, "")
	form := w.form("vote", "Approve shop/web/uid-web")
	bodyOf(t, w.answer(asked(http.MethodPost, "/approvals/vote", form)))
	if body := bodyOf(t, w.answer(asked(http.MethodPost, "/approvals/vote", form))); !strings.Contains(body, "you have voted so before") {
		t.Errorf("got:\n%s", body)
	}
	if cast := votes(t, w); len(cast) != 1 {
		t.Errorf("cast %q", cast)
	}
}

// Who has voted may take it back, who has not is not asked to.
func TestAVoteIsWithdrawn(t *testing.T) {
	w := votingWorld(t, "")
	bodyOf(t, w.answer(asked(http.MethodPost, "/approvals/vote", w.form("vote", "Reject shop/web/uid-web"))))
	counted := &v1alpha1.ImageUpdate{}
	if err := w.client.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "web"}, counted); err != nil {
		t.Fatal(err)
	}
	counted.Status.Voters = []v1alpha1.Voter{{Name: "me", Verdict: v1alpha1.VerdictReject, Time: metav1.NewTime(now)}}
	if err := w.client.Update(t.Context(), counted); err != nil {
		t.Fatal(err)
	}
	w.clock.Step(time.Minute)
	body := bodyOf(t, w.answer(asked(http.MethodGet, "/approvals", nil)))
	if !strings.Contains(body, `value="Withdraw shop/web/uid-web"`) || strings.Contains(body, `value="Withdraw shop/cart/uid-cart"`) {
		t.Errorf("got:\n%s", body)
	}
	body = bodyOf(t, w.answer(asked(http.MethodPost, "/approvals/vote", w.form("vote", "Withdraw shop/web/uid-web"))))
	if cast := votes(t, w); len(cast) > 0 || !strings.Contains(body, "shop/web app 1.3.0@sha256:aaaaaaaa…: your vote is withdrawn") {
		t.Errorf("there are %q:\n%s", cast, body)
	}
}

// What the stage before holds back alone may be approved without waiting for it.
func TestApproveNowIsOfferedForStages(t *testing.T) {
	w := votingWorld(t, "")
	w.updater.set(func(u *updater) {
		for _, name := range []string{"cart", "night", "old"} {
			u.items = append(u.items, status.Item{Namespace: "shop", Kind: "Deployment", Name: name, Container: "app", Running: "1", After: "dev/deployment/" + name + " for 1h"})
		}
	})
	for path, want := range map[string]map[string]bool{
		"/approvals":           {"cart": true, "web": false},
		"/approvals?show=over": {"night": true, "old": false},
	} {
		body := bodyOf(t, w.answer(asked(http.MethodGet, path, nil)))
		for name, offered := range want {
			if got := strings.Contains(body, `value="Now shop/`+name+`/uid-`+name+`"`); got != offered {
				t.Errorf("%s: %s: offered is %v, want %v", path, name, got, offered)
			}
		}
	}
}

func TestApprovalsShow(t *testing.T) {
	for path, wanted := range map[string][]string{
		"/":                            {"3 updates waiting for votes"},
		"/approvals":                   {"3 updates", "example.com/web", "in 8h", "1 minor", "Approve all 3 that match", "Reject all 3 that match", `value="shop/web/uid-web"`},
		"/approvals?q=MAIL":            {"1 update<", "Approve all 1 that match"},
		"/approvals?show=over":         {"3 updates<", `class="state state-rejected">Rejected`, `value="Reopen shop/old/uid-old"`},
		"/approvals?namespace=nowhere": {"Nothing waits for votes"},
	} {
		w := votingWorld(t, "")
		body := bodyOf(t, w.answer(asked(http.MethodGet, path, nil)))
		for _, want := range wanted {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, body)
			}
		}
	}
	w := votingWorld(t, "")
	for path, want := range map[string]string{
		"/approvals?show=all": "show: &#34;all&#34;: allowed: pending, over", "/approvals?page=x": "page: &#34;x&#34;: allowed: a number from 1",
	} {
		if got := w.answer(asked(http.MethodGet, path, nil)); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), want) {
			t.Errorf("%s: got %d:\n%s", path, got.Code, got.Body)
		}
	}
}

// Who may not read updates sees all else.
func TestUpdatesThatMayNotBeReadAreTold(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
		if _, ok := list.(*v1alpha1.ImageUpdateList); ok {
			return apierrors.NewForbidden(schema.GroupResource{Group: "garboard.dev", Resource: "imageupdates"}, "", errAway)
		}
		return c.List(ctx, list, options...)
	}})
	if body := bodyOf(t, w.answer(asked(http.MethodGet, "/", nil))); strings.Contains(body, `class="missing"`) {
		t.Errorf("the overview complains:\n%s", body)
	}
	if body := bodyOf(t, w.answer(asked(http.MethodGet, "/approvals", nil))); !strings.Contains(body, "Which updates wait for approvals is not known: ") {
		t.Errorf("got:\n%s", body)
	}
	form := w.form("vote", "Approve shop/web/uid-web")
	if got := w.answer(asked(http.MethodPost, "/approvals/vote", form)); got.Code != 422 || !strings.Contains(got.Body.String(), "No vote was cast.") {
		t.Errorf("got %d:\n%s", got.Code, got.Body)
	}
}
