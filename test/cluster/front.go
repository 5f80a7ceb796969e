package cluster

import (
	"io"
	"log"
	"net/http/httputil"
	"net/url"
)

// FrontOf stands in front of a registry, given as host:port, and passes on what
// comes to it. Requests that are given up are not logged.
func FrontOf(registry string) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: registry})
			r.Out.Host = r.In.Host // the registry names itself by it
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
}
