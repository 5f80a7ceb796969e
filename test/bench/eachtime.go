package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
)

// eachTime is a webhook of k8s-digester's design: it keeps nothing, and asks the
// registry what a tag points at for every image of every request. It is not
// k8s-digester itself; what it asks is what go-containerregistry does for the
// same call.
type eachTime struct {
	server *http.Server
	addr   string
}

func serveEachTime(ctx context.Context, dir string) (*eachTime, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &eachTime{addr: listener.Addr().String(), server: &http.Server{
		Handler: http.HandlerFunc(answerEachTime), ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}}
	go func() {
		err := e.server.ServeTLS(listener, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
		if !errors.Is(err, http.ErrServerClosed) {
			fmt.Println("serving:", err)
		}
	}()
	return e, nil
}

func (e *eachTime) close() { _ = e.server.Close() }

func answerEachTime(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
		http.Error(w, "no review", http.StatusBadRequest)
		return
	}
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	patch, err := pinned(r.Context(), review.Request.Object.Raw)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	how := admissionv1.PatchTypeJSONPatch
	review.Response.Patch, review.Response.PatchType, review.Request = patch, &how, nil
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(&review)
}

// pinned is the patch that adds the digest to each image of a Deployment.
func pinned(ctx context.Context, object []byte) ([]byte, error) {
	var d appsv1.Deployment
	if err := json.Unmarshal(object, &d); err != nil {
		return nil, err
	}
	operations := []map[string]string{}
	for i, container := range d.Spec.Template.Spec.Containers {
		reference, err := name.ParseReference(container.Image)
		if err != nil {
			return nil, err
		}
		found, err := remote.Head(reference, remote.WithContext(ctx))
		if err != nil {
			return nil, err
		}
		operations = append(operations, map[string]string{
			"op": "replace", "path": fmt.Sprintf("/spec/template/spec/containers/%d/image", i), "value": container.Image + "@" + found.Digest.String(),
		})
	}
	return json.Marshal(operations)
}
