package webhook_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/webhook"
)

// Whoever has stopped waiting takes no place: nothing more is read for the request,
// and the failure policy decides about it.
func TestRequestsThatAreTooLateGiveTheirPlaceBack(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	s := serve(t, w.mux, webhook.Limits{InFlight: 1, Metrics: w.metrics})
	var settings strings.Builder
	for i := range 200 {
		fmt.Fprintf(&settings, `"garboard.dev/policy.c%d":"regexp:(a{20}){2}%d",`, i, i)
	}
	dear := strings.Replace(w.deployment("patch", "1.2.0"), `{"garboard.dev/policy":"patch"}`, `{`+settings.String()+`"garboard.dev/policy":"patch"}`, 1)
	before := w.requests.Load()
	const sent = 12 // three times as many as there are places
	for i := range sent {
		path := []string{webhook.MutatePath, webhook.ValidatePath}[i%2]
		got, err := s.post(path+"?timeout=1ns", bytes.NewReader(write{object: dear, old: dear}.review()))
		if err != nil {
			t.Fatal(err)
		}
		if got.status != http.StatusServiceUnavailable {
			t.Fatalf("request %d: status %d", i, got.status)
		}
	}
	if n := counter(t, w.counted, "garboard_admission_overloaded_total", "refused"); n != sent {
		t.Errorf("counted %v requests as refused, want %d", n, sent)
	}
	if n := w.requests.Load() - before; n > 0 {
		t.Errorf("%d requests to the registry", n)
	}
	response := s.review(webhook.MutatePath, write{object: w.deployment("patch", "1.2.0")}.review())
	if !response.Allowed || !strings.Contains(string(response.Patch), "1.2.7") {
		t.Errorf("afterwards: %+v", response)
	}
}
