package webhook

import (
	"context"
	"net/http"

	"github.com/go-logr/logr"
)

// TimeoutsOf is the HTTP server that a Server runs.
func TimeoutsOf(s *Server) *http.Server { return s.http(context.Background(), logr.Discard()) }
