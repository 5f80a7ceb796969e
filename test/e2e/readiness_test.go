package e2e

import (
	"net/http"
	"testing"
)

// What a webhook has to know before it is asked is a check of its probe, each by itself.
func TestWebhookIsReadyByItsChecks(t *testing.T) {
	s := newSpace(t)
	for check, want := range map[string]int{
		"namespaces": http.StatusOK, "nodes": http.StatusOK, "certificate": http.StatusOK, "listener": http.StatusOK,
		"no-such-check": http.StatusNotFound,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.garboard.Webhooks()[0].Health+"/readyz/"+check, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		if response.StatusCode != want {
			t.Errorf("%s: got %s, want %d", check, response.Status, want)
		}
	}
}
