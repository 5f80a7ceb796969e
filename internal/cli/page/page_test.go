package page

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// The command is run against an API server that knows nothing: what it prints leads a
// browser in, and what is missing is told.
func TestPageIsServedByTheLink(t *testing.T) {
	api := httptest.NewServer(http.NotFoundHandler())
	defer api.Close()
	config := filepath.Join(t.TempDir(), "config")
	text := "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: " + api.URL + "}}]\nusers: [{name: u}]\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	printed, out := io.Pipe()
	command := NewCommand()
	cmdline.ReadFlags(command, func(string) (string, bool) { return "", false })
	command.SetArgs([]string{"--kubeconfig", config})
	command.SetOut(out)
	ended := make(chan error, 1)
	go func() { ended <- command.ExecuteContext(ctx); _ = out.Close() }()

	link := ""
	lines := bufio.NewScanner(printed)
	for link == "" && lines.Scan() {
		link = regexp.MustCompile(`http://127\.0\.0\.1:\d+/enter\?secret=\w+`).FindString(lines.Text())
	}
	go func() { _, _ = io.Copy(io.Discard, printed) }()
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	if code, _ := get(t, browser, link); code != http.StatusOK {
		t.Fatalf("the link: got %d", code)
	}
	inside, _, _ := strings.Cut(link, "enter")
	if code, body := get(t, browser, inside); code != http.StatusOK || !strings.Contains(body, "The updater could not be asked: finding the updater") ||
		!strings.Contains(body, `title="The cluster that is shown">c</span>`) {
		t.Errorf("got %d:\n%s", code, body)
	}
	if code, body := get(t, &http.Client{}, inside); code != http.StatusUnauthorized || !strings.Contains(body, "There is no session") {
		t.Errorf("without the cookie: got %d:\n%s", code, body)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("at the end: %v", err)
	}
}

func get(t *testing.T, browser *http.Client, address string) (int, string) {
	t.Helper()
	response, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
