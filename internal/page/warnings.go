package page

import (
	"context"
	"slices"
	"sync"
)

// warningCode is that of all warnings of an API server.
const warningCode = 299

// Warnings hands the API server's warnings, which tell what admission did, to the request
// that they answer: it is a rest.WarningHandlerWithContext.
type Warnings struct{}

// HandleWarningHeaderWithContext notes one warning.
func (Warnings) HandleWarningHeaderWithContext(ctx context.Context, code int, _, text string) {
	if heard, ok := ctx.Value(warningsKey{}).(*warnings); ok && code == warningCode {
		heard.add(shown(text))
	}
}

type warningsKey struct{}

type warnings struct {
	mu    sync.Mutex
	texts []string
}

func collecting(ctx context.Context) (context.Context, *warnings) {
	heard := &warnings{}
	return context.WithValue(ctx, warningsKey{}, heard), heard
}

func (w *warnings) add(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if text != "" && !slices.Contains(w.texts, text) {
		w.texts = append(w.texts, text)
	}
}

func (w *warnings) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.texts)
}
