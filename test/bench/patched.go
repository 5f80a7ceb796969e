package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/webhook"
)

// patchedCommand is this program as a webhook, in a process of its own as Garboard's is.
const patchedCommand = "patched-webhook"

// servePatched allows everything, and answers a mutating request with the patch in a file.
// It looks at nothing: what an API server takes to apply a patch is no webhook's own cost,
// and this one has it as well. It returns only an error.
func servePatched(args []string) error {
	flags := flag.NewFlagSet(patchedCommand, flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:9443", "address to listen on")
	dir := flags.String("cert-dir", ".", "folder of tls.crt and tls.key")
	file := flags.String("patch", "patch.json", "file of the patch")
	if err := flags.Parse(args); err != nil {
		return err
	}
	patch, err := os.ReadFile(*file)
	if err != nil {
		return fmt.Errorf("reading the patch: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc(webhook.MutatePath, answersWith(patch))
	mux.HandleFunc(webhook.ValidatePath, answersWith(nil))
	server := &http.Server{
		Addr: *addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, // as Garboard is served
	}
	return server.ListenAndServeTLS(filepath.Join(*dir, "tls.crt"), filepath.Join(*dir, "tls.key"))
}

func answersWith(patch []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var review struct {
			Request struct {
				UID types.UID `json:"uid"`
			} `json:"request"`
		}
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer := admissionv1.AdmissionReview{
			TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
			Response: &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true},
		}
		if patch != nil {
			how := admissionv1.PatchTypeJSONPatch
			answer.Response.Patch, answer.Response.PatchType = patch, &how
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(&answer)
	}
}

var errNoPatch = errors.New("asking for the patch: the answer has none")
