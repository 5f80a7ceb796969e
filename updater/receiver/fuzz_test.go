package receiver_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/receiver"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// Whatever anybody sends, there is an answer that is no redirection, and what is
// handed over are repositories in their canonical spelling, not too many of them.
func FuzzNotifications(f *testing.F) {
	for _, r := range recordings() {
		f.Add(uint8(slices.Index(config.Kinds(), r.kind)), r.header.Get("Content-Type"), r.header.Get("Ce-Type"), payload(f, r.file))
	}
	counted, err := receiver.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		f.Fatal(err)
	}
	handlers := map[config.SenderKind]http.Handler{}
	told := &sink{}
	for i, kind := range config.Kinds() {
		s := open(kind)
		if i%2 == 0 {
			s.Registry = "registry.corp:5000/mirror"
		}
		r := receiver.New(receiver.Options{Sink: told, Metrics: counted, Log: logr.Discard()})
		r.Configure(f.Context(), &config.Config{Senders: []config.Sender{s}})
		handlers[kind] = r
	}
	f.Fuzz(func(t *testing.T, which uint8, media, event string, body []byte) {
		kind := config.Kinds()[int(which)%len(config.Kinds())]
		told.pushes = nil
		req := httptest.NewRequest(http.MethodPost, receiver.PathPrefix+string(kind), bytes.NewReader(body))
		req.Header.Set("Content-Type", media)
		req.Header.Set("Ce-Type", event)
		answer := httptest.NewRecorder()
		handlers[kind].ServeHTTP(answer, req)
		if answer.Code < 200 || answer.Code >= 300 && answer.Code < 400 || answer.Code == http.StatusUnauthorized {
			t.Errorf("answer %d", answer.Code)
		}
		if len(told.pushes) > 100 {
			t.Errorf("%d pushes", len(told.pushes))
		}
		for _, push := range told.pushes {
			if reference, err := resolver.ParseReference(push.Repository); err != nil || reference.Repository.String() != push.Repository {
				t.Errorf("%q is no repository in its canonical spelling: %+v %v", push.Repository, reference, err)
			}
		}
	})
}
