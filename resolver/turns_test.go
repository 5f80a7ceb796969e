package resolver

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// longList answers with the tags 1.0.0 and 1.0.1 and more than is read without a turn. It tells
// of each request, and stops half way until it is let go.
func longList(t *testing.T, begun chan<- struct{}, letGo <-chan struct{}) Repository {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			return
		}
		_, _ = fmt.Fprint(w, `{"tags":["1.0.0","1.0.1"],"more":"`, strings.Repeat("x", 1<<20))
		_ = http.NewResponseController(w).Flush()
		begun <- struct{}{}
		select {
		case <-letGo:
		case <-r.Context().Done():
		}
		_, _ = fmt.Fprint(w, `"}`)
	}))
	t.Cleanup(server.Close)
	return repo(server.Listener.Addr().String() + "/team/app")
}

// One owner has one of the turns for long answers. A list that waits for that owner's other one
// waits no longer once another owner wants it.
func TestLongListThatAnotherOwnerWantsDoesNotWaitForTheFirstOnes(t *testing.T) {
	client, err := registry.New(registry.Options{Private: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	r, patch := New(client, Options{}), parse(t, "patch")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	ask := func(owner string, repository Repository) <-chan string {
		tag := make(chan string, 1)
		go func() {
			got, _ := r.Resolve(ctx, Query{Owner: owner, Repository: repository, Tag: "1.0.0", Policy: patch})
			tag <- got.Tag
		}()
		return tag
	}
	begun, stopped, whole := make(chan struct{}, 8), make(chan struct{}), make(chan struct{})
	close(whole)
	first := ask("evil", longList(t, begun, stopped))
	<-begun
	wanted := longList(t, begun, whole)
	second := ask("evil", wanted)
	<-begun
	if got := <-ask("good", wanted); got != "1.0.1" {
		t.Errorf("another owner gets %s", got)
	}
	if got := <-second; got != "1.0.1" {
		t.Errorf("the first owner gets %s", got)
	}
	close(stopped)
	<-first
}
