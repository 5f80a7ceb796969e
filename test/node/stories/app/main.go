// Command app is what runs in the containers of the node's tests: as "app pause" it
// waits to be ended, as every Pod's first container does; as "app dial ADDRESS" it says
// whether it is let in there; otherwise it answers with its version, which its image sets in
// the environment, on port 8080.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
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
	if len(os.Args) > 2 && os.Args[1] == "dial" {
		fmt.Println(dial(ctx, os.Args[2]))
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

// dial tells a connection that is let in from one that is refused by a word of its own.
func dial(ctx context.Context, address string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case err != nil:
		return err.Error()
	}
	_ = conn.Close() // nothing was sent
	return "let in"
}
