package docs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

const example = "../examples/registries.yaml"

// Whoever copies registry settings from a page, or the example, gets settings
// that are accepted, given the files that they name.
func TestRegistrySettingsAreGood(t *testing.T) {
	blocks := map[string][]string{}
	for _, page := range pages(t) {
		if found := settingsOf(t, page); len(found) > 0 {
			blocks[page] = found
		}
	}
	if len(blocks["../docs/registries/docker-hub.md"]) == 0 {
		t.Errorf("Docker Hub's page has no settings, pages with some: %d", len(blocks))
	}
	text, err := os.ReadFile(example)
	must(t, err)
	blocks[example] = []string{string(text)}
	cert, key := pair(t)
	for page, all := range blocks {
		for _, block := range all {
			t.Run(page, func(t *testing.T) {
				t.Chdir(t.TempDir())
				for _, match := range namesFile.FindAllStringSubmatch(block, -1) {
					content := map[string]string{"ca": cert, "cert": cert, "key": key}[match[1]]
					if content == "" {
						content = "secret\n"
					}
					must(t, os.WriteFile(match[2], []byte(content), 0o600))
				}
				if _, err := config.Parse("registries.yaml", []byte(block), nil); err != nil {
					t.Errorf("%v\n%s", err, block)
				}
			})
		}
	}
}

var namesFile = regexp.MustCompile(`\b(ca|cert|key|passwordFile|identityTokenFile|tokenFile): ([a-z0-9.-]+)`)

// settingsOf are the settings files on a page, but for those that are there for
// their faults.
func settingsOf(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	faulty := regexp.MustCompile(`(?s)<!-- begin messages -->.*?<!-- end messages -->`)
	fenced := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	var found []string
	for _, match := range fenced.FindAllStringSubmatch(faulty.ReplaceAllString(string(text), ""), -1) {
		if strings.Contains(match[1], "kind: "+config.Kind) {
			found = append(found, match[1])
		}
	}
	return found
}

// The component's example and the files that manifests name are tested beside
// them; this one says that the pages name files that are there.
func TestPathsInTheRepositoryAreThere(t *testing.T) {
	named := regexp.MustCompile("`((?:manifests|examples|docs)/[a-zA-Z0-9./_-]+)`")
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(match[1]))); err != nil {
				t.Errorf("%s: %q: %v", page, match[1], err)
			}
		}
	}
}

// pair is a certificate that signs itself, and its key.
func pair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	block := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", encoded)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
