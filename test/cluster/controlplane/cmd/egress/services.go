package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"sync"
)

// services asks the API server about Services. It is written against net/http,
// not client-go, so that the proxy builds in a second.
type services struct {
	api, token string
	client     *http.Client
	known      sync.Map // ClusterIPs, by "namespace/name"
}

// knows reports whether a Service had an address when the API server was asked last.
func (s *services) knows(_ context.Context, namespace, name, address string) bool {
	known, _ := s.known.Load(namespace + "/" + name)
	return known == address
}

// has asks the API server whether a Service has an address.
func (s *services) has(ctx context.Context, namespace, name, address string) bool {
	ip := s.clusterIP(ctx, namespace, name)
	if ip != "" {
		s.known.Store(namespace+"/"+name, ip)
	}
	return ip == address
}

// clusterIP returns the Service's ClusterIP, or "" if there is none.
func (s *services) clusterIP(ctx context.Context, namespace, name string) string {
	url := fmt.Sprintf("%s/api/v1/namespaces/%s/services/%s", s.api, namespace, name)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ""
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.client.Do(req)
	if err != nil {
		log.Print(err)
		return ""
	}
	defer resp.Body.Close()
	var service struct {
		Spec struct {
			ClusterIP string `json:"clusterIP"`
		} `json:"spec"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&service); err != nil {
		log.Printf("reading Service %s/%s: %v", namespace, name, err)
	}
	return service.Spec.ClusterIP
}
