package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/webhook"
)

// Commands of this program as a webhook, in a process of its own as Garboard's is.
const (
	patchedCommand = "patched-webhook" // the least that answers
	libraryCommand = "library-webhook" // by controller-runtime, as its documentation has it
)

// servePatch allows everything, and answers a mutating request with the patch of the answer
// in a file, or with all of it. It looks at nothing: what an API server takes to apply a
// patch is no webhook's own cost, and this one has it as well.
func servePatch(ctx context.Context, command string, args []string) error {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	port := flags.Int("port", 9443, "port to listen on")
	dir := flags.String("cert-dir", ".", "folder of tls.crt and tls.key")
	file := flags.String("answer", "answer.json", "file of the answer")
	if err := flags.Parse(args); err != nil {
		return err
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	var whole admissionv1.AdmissionResponse
	if err := json.Unmarshal(text, &whole); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	patch := admissionv1.AdmissionResponse{Allowed: true, Patch: whole.Patch, PatchType: whole.PatchType}
	if command == libraryCommand {
		return serveByLibrary(ctx, *port, *dir, patch)
	}
	mux := http.NewServeMux()
	mux.HandleFunc(webhook.MutatePath, answersWith(patch))
	mux.HandleFunc(wholePath, answersWith(whole))
	mux.HandleFunc(webhook.ValidatePath, answersWith(admissionv1.AdmissionResponse{Allowed: true}))
	server := &http.Server{
		Addr: net.JoinHostPort(loopback, strconv.Itoa(*port)), Handler: mux, ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, // as Garboard is served
	}
	return server.ListenAndServeTLS(filepath.Join(*dir, "tls.crt"), filepath.Join(*dir, "tls.key"))
}

// wholePath is where the answer has Garboard's warnings and annotations, too.
const wholePath = "/whole"

const loopback = "127.0.0.1"

// serveByLibrary has controller-runtime's server and its defaults.
func serveByLibrary(ctx context.Context, port int, dir string, patch admissionv1.AdmissionResponse) error {
	ctrl.SetLogger(zap.New())
	server := ctrlwebhook.NewServer(ctrlwebhook.Options{Host: loopback, Port: port, CertDir: dir})
	answers := map[string]admission.Response{
		webhook.MutatePath:   {AdmissionResponse: patch},
		webhook.ValidatePath: admission.Allowed(""),
	}
	for path, answer := range answers {
		handler := func(context.Context, admission.Request) admission.Response { return answer }
		server.Register(path, &admission.Webhook{Handler: admission.HandlerFunc(handler)})
	}
	return server.Start(ctx)
}

func answersWith(response admissionv1.AdmissionResponse) http.HandlerFunc {
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
		mine := response
		mine.UID = review.Request.UID
		answer := admissionv1.AdmissionReview{
			TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
			Response: &mine,
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(&answer)
	}
}

var errNoPatch = errors.New("asking for the patch: the answer has none")
