package receiver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Nexus signs by HMAC-SHA1 alone
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/http"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// proofTimeout bounds the check of one request, which may have to fetch keys.
const proofTimeout = 5 * time.Second

// proof is how a sender shows who it is.
type proof struct {
	// check reports whether a request is the sender's. The body is nil before it
	// is read.
	check func(ctx context.Context, req *http.Request, body []byte) bool
	// signed: check needs the body.
	signed bool
}

// proof makes what the settings of a sender ask for.
func (r *Receiver) proof(ctx context.Context, s config.Sender) proof {
	byHeader := func(check func(*http.Request) bool) proof {
		return proof{check: func(_ context.Context, req *http.Request, _ []byte) bool { return check(req) }}
	}
	switch auth := s.Auth; {
	case auth.HMACSecret != "":
		return proof{signed: true, check: func(_ context.Context, req *http.Request, body []byte) bool {
			if s.Kind == config.Nexus {
				return signedByNexus(req.Header.Get(nexusSignature), auth.HMACSecret, body)
			}
			return signed(sha256.New, signatureOf(s.Kind, req.Header), auth.HMACSecret, body)
		}}
	case auth.BearerToken != "":
		return byHeader(func(req *http.Request) bool { return equalSecret(tokenOf(s.Kind, req.Header), auth.BearerToken) })
	case auth.QueryToken != "":
		return byHeader(func(req *http.Request) bool { return equalSecret(req.URL.Query().Get("token"), auth.QueryToken) })
	case auth.Basic != nil:
		return byHeader(func(req *http.Request) bool {
			user, password, ok := req.BasicAuth()
			// Both are compared, so that the time tells of neither.
			userGood, passwordGood := equalSecret(user, auth.Basic.Username), equalSecret(password, auth.Basic.Password)
			return ok && userGood && passwordGood
		})
	case auth.OIDC != nil:
		return r.oidc(ctx, auth.OIDC)
	case auth.Unauthenticated:
		return byHeader(func(*http.Request) bool { return true })
	default: // the settings do not let it come to this
		return byHeader(func(*http.Request) bool { return false })
	}
}

// equalSecret compares in a time that tells neither the content nor the length.
func equalSecret(given string, secret config.Secret) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// signedByNexus is signed for Sonatype Nexus, which has no other hash. Its page signs the
// body without blanks, whatever those are that it sends.
func signedByNexus(signature string, secret config.Secret, body []byte) bool {
	var compact bytes.Buffer
	return signed(sha1.New, signature, secret, body) ||
		json.Compact(&compact, body) == nil && signed(sha1.New, signature, secret, compact.Bytes())
}

// signed reports whether a signature, in hexadecimal, is that of the body.
func signed(of func() hash.Hash, signature string, secret config.Secret, body []byte) bool {
	given, err := hex.DecodeString(signature)
	if err != nil {
		return false
	}
	mac := hmac.New(of, []byte(secret))
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}

// Headers that senders have for what proves them.
const (
	githubSignature  = "X-Hub-Signature-256"
	giteaSignature   = "X-Gitea-Signature"
	forgejoSignature = "X-Forgejo-Signature"
	nexusSignature   = "X-Nexus-Webhook-Signature"
	jfrogAuth        = "X-Jfrog-Event-Auth"
)

// signatureOf is the one that a request has, in hexadecimal.
func signatureOf(kind config.SenderKind, header http.Header) string {
	switch kind {
	case config.JFrog:
		return header.Get(jfrogAuth)
	case config.Gitea, config.Forgejo:
		for _, name := range []string{forgejoSignature, giteaSignature} {
			if value := header.Get(name); value != "" {
				return value
			}
		}
	}
	value, _ := strings.CutPrefix(header.Get(githubSignature), "sha256=")
	return value
}

// tokenOf is the one that a request has. Harbor and the CNCF registry send as the whole
// header what their administrator typed, which GitLab's page shows without a scheme; JFrog
// has a header of its own.
func tokenOf(kind config.SenderKind, header http.Header) string {
	if value := header.Get(jfrogAuth); kind == config.JFrog && value != "" {
		return value
	}
	value := header.Get("Authorization")
	scheme, rest, ok := strings.Cut(value, " ")
	switch {
	case ok && strings.EqualFold(scheme, "bearer"):
		return rest
	case kind == config.Harbor || kind == config.Registry || kind == config.GitLab:
		return value
	default:
		return ""
	}
}
