// Command app is what runs in the containers of the node's tests: as "app pause" it
// waits to be ended, as every Pod's first container does; otherwise it answers with its
// version, which its image sets in the environment, on port 8080.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == "pause" {
		<-ctx.Done()
		return
	}
	server := &http.Server{
		Addr:              ":8080",
		ReadHeaderTimeout: time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, os.Getenv("VERSION"))
		}),
	}
	go func() {
		<-ctx.Done()
		_ = server.Close() // what is asked is answered in no time
	}()
	fmt.Println(server.ListenAndServe())
}
