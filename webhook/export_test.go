package webhook

import "net/http"

// TimeoutsOf is the HTTP server that a Server of the options runs.
func TimeoutsOf(o ServerOptions) *http.Server { return httpServer(o) }
