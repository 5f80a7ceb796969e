// Package mattermost answers a slash command of Mattermost: people list what waits, and
// vote, where they talk.
package mattermost

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/garboard-dev/garboard/internal/serving"
	"github.com/garboard-dev/garboard/updater/chat"
	"github.com/garboard-dev/garboard/updater/chat/config"
)

// Path is where the command is sent to.
const Path = "/v1/chat/mattermost"

const (
	// maxBody bounds a command, in bytes: a comment is the longest part of it.
	maxBody = 32 << 10
	// What a server may take for the header, and for all of a request.
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = time.Minute
	maxHeader         = 16 << 10
	lastAnswers       = 5 * time.Second
)

// Options are what a Handler is made of.
type Options struct {
	// Commands answers commands. Required.
	Commands *chat.CommandHandler
	// Metrics count commands. Required.
	Metrics *chat.Metrics
	Log     logr.Logger
}

// Handler answers the slash command as the settings name it, and no request until there
// are settings.
type Handler struct {
	options  Options
	settings atomic.Pointer[config.Mattermost]
}

// New returns a Handler without settings.
func New(o Options) *Handler { return &Handler{options: o} }

// Configure puts other settings in force; nil refuses all.
func (h *Handler) Configure(s *config.Mattermost) { h.settings.Store(s) }

// NewServer returns a server of the handler, which Run starts.
func NewServer(h *Handler, o serving.Options) *serving.Server {
	o.What, o.Last = "chat commands", lastAnswers
	mux := http.NewServeMux()
	mux.Handle(Path, h)
	return serving.New(&http.Server{
		Handler: mux, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}, o)
}

// ServeHTTP answers one command, for the person alone who sent it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "commands are sent by POST", http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	settings := h.settings.Load()
	if settings == nil || !proven(r, string(settings.Token)) {
		h.options.Metrics.Answered("mattermost", false)
		http.Error(w, "authentication failed: the token is not that of the settings", http.StatusUnauthorized)
		return
	}
	answer, done := h.answer(r, settings)
	h.options.Metrics.Answered("mattermost", done)
	w.Header().Set("Content-Type", "application/json")
	err := json.NewEncoder(w).Encode(map[string]string{"response_type": "ephemeral", "text": asText(answer)})
	if err != nil {
		h.options.Log.V(1).Info("answering Mattermost failed", "error", err.Error())
	}
}

func (h *Handler) answer(r *http.Request, settings *config.Mattermost) (string, bool) {
	command, err := chat.ParseCommand(r.PostForm.Get("text"))
	if err != nil {
		return err.Error(), false
	}
	return h.options.Commands.Answer(r.Context(), &settings.Room, r.PostForm.Get("user_id"), command)
}

// proven compares the token, which Mattermost sends in the header, and in the form, too.
func proven(r *http.Request, token string) bool {
	if r.ParseForm() != nil {
		return false
	}
	given := r.PostForm.Get("token")
	if inHeader, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Token "); ok {
		given = inHeader
	}
	return subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

// asText keeps Mattermost from reading what others wrote as Markdown: it mentions no user
// and links to nothing.
func asText(answer string) string {
	return "```text\n" + strings.ReplaceAll(answer, "```", "'''") + "\n```"
}
