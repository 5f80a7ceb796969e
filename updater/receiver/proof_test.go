package receiver_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// genuine is a payload of each kind.
func genuine() map[config.SenderKind]recorded {
	return map[config.SenderKind]recorded{
		config.Native: {file: "native.json"}, config.DockerHub: {file: "dockerhub.json"}, config.Quay: {file: "quay.json"},
		config.Azure: {file: "azure.json"}, config.GitHub: {file: "github-package.json", header: headers("X-Github-Event", "package")},
		config.Harbor: {file: "harbor.json"}, config.JFrog: {file: "jfrog.json"},
		config.Nexus: {file: "nexus.json", registry: "nexus.corp"}, config.Registry: {file: "registry.json"},
		config.GitLab: {file: "registry.json"}, config.ECR: {file: "ecr.json"}, config.GCR: {file: "gar.json"}, config.GAR: {file: "gar.json"},
		config.Gitea: {file: "gitea.json"}, config.Forgejo: {file: "gitea.json"},
		config.CloudEvents: {file: "zot.json", header: headers("Ce-Type", "zotregistry.image.updated"), registry: "zot.corp"},
	}
}

// try is a request with some credential.
type try struct {
	header http.Header
	query  string
	want   int
}

// tries are requests to a sender that proves itself in one way.
func tries(kind config.SenderKind, auth config.Auth, body []byte) map[string]try {
	const yes, no = http.StatusAccepted, http.StatusUnauthorized
	all := map[string]try{"without a credential": {want: no}}
	switch {
	case auth.HMACSecret != "":
		name, prefix, sign := "X-Hub-Signature-256", "sha256=", sign
		switch kind {
		case config.JFrog:
			name, prefix = "X-Jfrog-Event-Auth", ""
		case config.Nexus:
			name, prefix, sign = "X-Nexus-Webhook-Signature", "", signSHA1
		case config.Gitea:
			name, prefix = "X-Gitea-Signature", ""
		case config.Forgejo:
			name, prefix = "X-Forgejo-Signature", ""
		}
		good := sign(secret, body)
		all["with its signature"] = try{header: headers(name, prefix+good), want: yes}
		all["signed with another secret"] = try{header: headers(name, prefix+sign("another", body)), want: no}
		all["with the signature of another body"] = try{header: headers(name, prefix+sign(secret, append(body, ' '))), want: no}
		all["with half a signature"] = try{header: headers(name, prefix+good[:32]), want: no}
		all["with no hexadecimal"] = try{header: headers(name, prefix+strings.Repeat("z", 64)), want: no}
		all["with the secret itself"] = try{header: headers(name, secret, "Authorization", "Bearer "+secret), want: no}
	case auth.BearerToken != "":
		all["with its token"] = try{header: headers("Authorization", "Bearer "+secret), want: yes}
		all["with its token, and the scheme in lower case"] = try{header: headers("Authorization", "bearer "+secret), want: yes}
		all["with another token"] = try{header: headers("Authorization", "Bearer "+secret+"x"), want: no}
		all["with the beginning of its token"] = try{header: headers("Authorization", "Bearer "+secret[:20]), want: no}
		all["with an empty token"] = try{header: headers("Authorization", "Bearer "), want: no}
		switch kind {
		case config.Harbor, config.Registry, config.GitLab:
			all["with its token as the whole header"] = try{header: headers("Authorization", secret), want: yes}
		case config.JFrog:
			all["with its token in JFrog's header"] = try{header: headers("X-Jfrog-Event-Auth", secret), want: yes}
		default:
			all["with its token as the whole header"] = try{header: headers("Authorization", secret), want: no}
		}
	case auth.Basic != nil:
		basic := func(user, password string) http.Header {
			req, _ := http.NewRequest(http.MethodPost, "http://x", http.NoBody)
			req.SetBasicAuth(user, password)
			return req.Header
		}
		all["with its password"] = try{header: basic(username, secret), want: yes}
		all["with another password"] = try{header: basic(username, secret+"x"), want: no}
		all["as another user"] = try{header: basic("somebody", secret), want: no}
		all["without a password"] = try{header: basic(username, ""), want: no}
	case auth.QueryToken != "":
		all["with its token in the URL"] = try{query: "?token=" + secret, want: yes}
		all["with another token in the URL"] = try{query: "?token=" + secret + "x", want: no}
		all["with an empty token in the URL"] = try{query: "?token=", want: no}
		all["with another parameter"] = try{query: "?secret=" + secret, want: no}
	}
	return all
}

func TestSendersHaveToProveThemselves(t *testing.T) {
	ways := map[string]config.Auth{
		"a signature": {HMACSecret: secret}, "a bearer token": {BearerToken: secret},
		"a token in the URL": {QueryToken: secret}, "a password": {Basic: &config.Basic{Username: username, Password: secret}},
	}
	for _, kind := range config.Kinds() {
		r, body := genuine()[kind], payload(t, genuine()[kind].file)
		for way, auth := range ways {
			if auth.HMACSecret != "" && !kind.Signs() || auth.QueryToken != "" && !kind.OnlyURL() {
				continue // the settings refuse it
			}
			for name, try := range tries(kind, auth, body) {
				t.Run(string(kind)+" by "+way+", "+name, func(t *testing.T) {
					w := newWorld(t, config.Sender{Name: "sender", Kind: kind, Registry: r.registry, Auth: auth})
					header := r.header.Clone()
					if header == nil {
						header = http.Header{}
					}
					for name, values := range try.header {
						header[name] = values
					}
					got, text := w.post(string(kind)+try.query, header, body)
					if got != try.want {
						t.Errorf("answer %d %q, want %d", got, text, try.want)
					}
					if pushed := len(w.sink.pushes) > 0; pushed != (try.want == http.StatusAccepted) {
						t.Errorf("pushes %v after %d", w.sink.pushes, got)
					}
					if strings.Contains(w.logged(), secret) || strings.Contains(text, secret) {
						t.Errorf("the secret is told: %s %s", text, w.logged())
					}
				})
			}
		}
	}
}

// Nexus's own page signs what JSON.stringify makes of the body.
func TestNexusMaySignTheBodyWithoutBlanks(t *testing.T) {
	body := payload(t, "nexus.json")
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil || compact.Len() == len(body) {
		t.Fatalf("%v: the payload has no blanks", err)
	}
	for name, tt := range map[string]struct {
		signature string
		want      int
	}{
		"of the body as it is":     {signSHA1(secret, body), http.StatusAccepted},
		"of the body without them": {signSHA1(secret, compact.Bytes()), http.StatusAccepted},
		"by another hash":          {sign(secret, body), http.StatusUnauthorized},
		"of something else":        {signSHA1(secret, []byte("{}")), http.StatusUnauthorized},
		"with nothing":             {"", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, config.Sender{Name: "nexus", Kind: config.Nexus, Registry: "nexus.corp", Auth: config.Auth{HMACSecret: secret}})
			if got, text := w.post("nexus", headers("X-Nexus-Webhook-Signature", tt.signature), body); got != tt.want {
				t.Errorf("answer %d %q, want %d", got, text, tt.want)
			}
		})
	}
}

// Old and new secret are both good while one takes the place of the other, and two
// registries of a kind are told apart by what proves them.
func TestSeveralSendersShareAPath(t *testing.T) {
	const other = "another-secret-of-the-sender"
	w := newWorld(t,
		config.Sender{Name: "one", Kind: config.Harbor, Auth: config.Auth{BearerToken: secret}},
		config.Sender{Name: "two", Kind: config.Harbor, Registry: "harbor.two", Auth: config.Auth{BearerToken: other}})
	for token, want := range map[string]string{secret: "harbor.corp/team/app", other: "harbor.two/team/app"} {
		w.sink.pushes = nil
		if got, text := w.post("harbor", headers("Authorization", token), payload(t, "harbor.json")); got != http.StatusAccepted {
			t.Fatalf("answer %d %q", got, text)
		}
		if got := w.sink.pushes[0].Repository; got != want {
			t.Errorf("pushed %q, want %q", got, want)
		}
	}
	if log := w.logged(); !strings.Contains(log, `"sender"="one"`) || !strings.Contains(log, `"sender"="two"`) {
		t.Errorf("the log does not name the senders:\n%s", log)
	}
}

func TestATokenInTheURLIsRefusedWhereAHeaderWouldDo(t *testing.T) {
	w := newWorld(t, config.Sender{Name: "ci", Kind: config.Native, Auth: config.Auth{BearerToken: secret}})
	got, text := w.post("native?token="+secret, headers("Authorization", "Bearer "+secret), payload(t, "native.json"))
	if got != http.StatusBadRequest || !strings.Contains(text, "header") {
		t.Errorf("answer %d %q, want %d and what to do", got, text, http.StatusBadRequest)
	}
}
