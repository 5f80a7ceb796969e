// Package page_test opens the page in a browser, and does what a person does.
package page_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/test/cluster"
)

var screenshots = flag.Bool("screenshots", false, "write the screenshots of docs/images anew") //nolint:gochecknoglobals // a flag

// required is the value of GARBOARD_BROWSER with which nothing is skipped.
const required = "required"

func TestPageInBrowser(t *testing.T) {
	browser, modules := browserOf(t), modulesOf(t)
	images := t.TempDir()
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	script := exec.CommandContext(ctx, "node", "browser.mjs", w.link, w.control(), browser, modules, images)
	out, err := script.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("the browser's script: %v", err)
	}
	if *screenshots {
		keepImages(t, images)
	}
}

// browserOf finds Chromium, as Debian and others call it.
func browserOf(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			return found
		}
	}
	lacking(t, "there is no Chromium in PATH (Debian: apt-get install chromium), so the page is not tried in a browser")
	return ""
}

// modulesOf installs what package-lock.json names, once, outside of the checkout.
func modulesOf(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			lacking(t, "there is no "+program+" in PATH (Debian: apt-get install nodejs npm), so the page is not tried in a browser")
		}
	}
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := cluster.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(cache, "page-"+hashOf(lock))
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "installed")); err == nil {
		return folder
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("npm could not install playwright-core and axe-core (%v: %s), so the page is not tried in a browser", err, strings.TrimSpace(string(out))))
	}
	if err := os.WriteFile(filepath.Join(folder, "installed"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// lacking skips the test, or fails it where nothing may be skipped.
func lacking(t *testing.T, sentence string) {
	t.Helper()
	if os.Getenv("GARBOARD_BROWSER") == required {
		t.Fatalf("GARBOARD_BROWSER=%s, and %s", required, sentence)
	}
	t.Skip(sentence)
}

// hashOf is enough of a hash to name a folder by.
func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// keepImages replaces the screenshots of the documentation.
func keepImages(t *testing.T, from string) {
	t.Helper()
	for _, name := range []string{"page-overview-light", "page-overview-dark", "page-workload-light", "page-approvals-light", "page-promotion-light", "page-update-light"} {
		content, err := os.ReadFile(filepath.Join(from, name+".png"))
		if err == nil {
			err = os.WriteFile(filepath.Join("..", "..", "docs", "images", name+".png"), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
