package registries

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// certificate makes a certificate for loopback that signs itself.
func certificate(t *testing.T) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

// writePair writes a certificate and its key as files and returns their names.
func writePair(t *testing.T, key *ecdsa.PrivateKey, der []byte) (certFile, keyFile string) {
	t.Helper()
	dir := t.TempDir()
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// tokenService gives tokens that distribution believes: JWTs of the key whose
// certificate its settings name. Each user may read the repositories below its
// name; the user pusher may do all.
type tokenService struct {
	key    *ecdsa.PrivateKey
	der    []byte
	life   time.Duration
	mu     sync.Mutex
	issued map[string]int // by user and scope
}

// passwords of the users.
func passwords(user string) string { return user + "-secret" }

func (s *tokenService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != "" && password != passwords(user) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	access := []map[string]any{} // must be an array, also where nothing is granted
	for _, scope := range r.URL.Query()["scope"] {
		part := strings.Split(scope, ":")
		if len(part) != 3 {
			continue
		}
		s.mu.Lock()
		s.issued[user+" "+scope]++
		s.mu.Unlock()
		if user == "pusher" || user != "" && strings.HasPrefix(part[1], user+"/") {
			access = append(access, map[string]any{"type": part[0], "name": part[1], "actions": strings.Split(part[2], ",")})
		}
	}
	now := time.Now()
	token := s.sign(map[string]any{
		"iss": "test-issuer", "aud": "test-registry", "sub": user, "jti": fmt.Sprint(now.UnixNano()), "access": access,
		"iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(s.life).Unix(),
	})
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": int(s.life.Seconds())})
}

func (s *tokenService) sign(claims map[string]any) string {
	header := map[string]any{"alg": "ES256", "typ": "JWT", "x5c": []string{base64.StdEncoding.EncodeToString(s.der)}}
	encode := func(v any) string {
		text, _ := json.Marshal(v) // maps of strings and numbers always marshal
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := encode(header) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	a, b, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	a.FillBytes(signature[:32])
	b.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (s *tokenService) since() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	issued := s.issued
	s.issued = map[string]int{}
	return issued
}
