package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

const (
	ecrRepository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web"
	ecrAPI        = "https://api.ecr.eu-west-1.amazonaws.com/"
	ecrSource     = "Amazon ECR identity"
	stsAPI        = "https://sts.eu-central-1.amazonaws.com/"
)

// awsEnvironment is a process with this environment and no other.
func awsEnvironment(t *testing.T, extra map[string]string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	for name, value := range extra {
		t.Setenv(name, value)
	}
}

func staticKeys() map[string]string {
	return map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"}
}

// ecrAnswers gives password 1, 2, … for 12 hours each.
func ecrAnswers(now func() time.Time) http.HandlerFunc {
	var mu sync.Mutex
	given := 0
	return func(w http.ResponseWriter, r *http.Request) {
		if got, want := r.Header.Get("X-Amz-Target"), "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"; got != want {
			http.Error(w, "target "+got, http.StatusBadRequest)
			return
		}
		if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
			http.Error(w, "not signed", http.StatusForbidden)
			return
		}
		mu.Lock()
		given++
		pair := fmt.Sprintf("AWS:password %d", given)
		mu.Unlock()
		reply(map[string]any{"authorizationData": []any{map[string]any{
			"authorizationToken": base64.StdEncoding.EncodeToString([]byte(pair)),
			"expiresAt":          float64(now().Add(12 * time.Hour).Unix()),
		}}})(w, r)
	}
}

func TestAmazonTokenIsAskedForOnceARegion(t *testing.T) {
	awsEnvironment(t, staticKeys())
	now := newClock()
	fake := newCloud(t, map[string]http.HandlerFunc{ecrAPI: ecrAnswers(now.Now)})
	i := New(Options{Providers: Providers{AWS}, Now: now.Now, Transport: fake.transport, Patience: time.Minute})
	first := auth.Basic("AWS", "password 1")

	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				one(t, i, ecrRepository, first, ecrSource)
			}
		})
	}
	all.Wait()
	one(t, i, "210987654321.dkr.ecr.eu-west-1.amazonaws.com/other", first, ecrSource)
	fake.wantRequests(ecrAPI, 1)

	now.Advance(9 * time.Hour)
	one(t, i, ecrRepository, first, ecrSource)
	fake.wantRequests(ecrAPI, 1)
	now.Advance(time.Hour) // More than 80 % of 12.
	one(t, i, ecrRepository, first, ecrSource)
	soon(t, i, ecrRepository, auth.Basic("AWS", "password 2"))
	fake.wantRequests(ecrAPI, 2)
}

func TestAmazonEndpointIsTheRegionsOwn(t *testing.T) {
	tests := map[string]struct{ host, api string }{
		"FIPS":          {"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "https://api.ecr-fips.us-east-1.amazonaws.com/"},
		"China":         {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "https://api.ecr.cn-north-1.amazonaws.com.cn/"},
		"IPv6":          {"123456789012.dkr-ecr.eu-west-1.on.aws", "https://ecr.eu-west-1.api.aws/"},
		"IPv6 and FIPS": {"123456789012.dkr-ecr-fips.us-east-1.on.aws", "https://ecr-fips.us-east-1.api.aws/"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			awsEnvironment(t, staticKeys())
			fake := newCloud(t, map[string]http.HandlerFunc{test.api: ecrAnswers(time.Now)})
			i := New(Options{Providers: Auto(), Transport: fake.transport, Patience: time.Minute})
			one(t, i, test.host+"/web", auth.Basic("AWS", "password 1"), ecrSource)
		})
	}
}

func TestAmazonEndpointOfTheEnvironment(t *testing.T) {
	awsEnvironment(t, staticKeys())
	fake := newCloud(t, map[string]http.HandlerFunc{})
	fake.on(fake.plain.URL+"/", ecrAnswers(time.Now))
	t.Setenv("AWS_ENDPOINT_URL", fake.plain.URL)
	one(t, New(Options{Providers: Auto(), Patience: time.Minute}), ecrRepository, auth.Basic("AWS", "password 1"), ecrSource)
}

func TestAmazonRoleOfTheServiceAccount(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("projected token"), 0o600); err != nil {
		t.Fatal(err)
	}
	awsEnvironment(t, map[string]string{
		"AWS_ROLE_ARN":                "arn:aws:iam::123456789012:role/garboard",
		"AWS_WEB_IDENTITY_TOKEN_FILE": file,
		"AWS_REGION":                  "eu-central-1",
	})
	fake := newCloud(t, map[string]http.HandlerFunc{
		ecrAPI: ecrAnswers(time.Now),
		"https://api.ecr.us-east-1.amazonaws.com/": ecrAnswers(time.Now),
		stsAPI: func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("Action") != "AssumeRoleWithWebIdentity" || r.FormValue("WebIdentityToken") != "projected token" {
				http.Error(w, "bad request", http.StatusBadRequest)
				return
			}
			_, _ = fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
				<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
				<SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
				</AssumeRoleWithWebIdentityResponse>`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		},
	})
	i := New(Options{Providers: Auto(), Transport: fake.transport, Patience: time.Minute})
	one(t, i, ecrRepository, auth.Basic("AWS", "password 1"), ecrSource)
	one(t, i, "123456789012.dkr.ecr.us-east-1.amazonaws.com/web", auth.Basic("AWS", "password 1"), ecrSource)
	fake.wantRequests(stsAPI, 1) // One role serves all regions.
}

func TestAmazonPodIdentity(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("projected token"), 0o600); err != nil {
		t.Fatal(err)
	}
	fake := newCloud(t, map[string]http.HandlerFunc{ecrAPI: ecrAnswers(time.Now)})
	agent := fake.plain.URL + "/v1/credentials"
	fake.on(agent, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "projected token" {
			http.Error(w, "who is it", http.StatusUnauthorized)
			return
		}
		reply(map[string]any{
			"AccessKeyId": "ASIA", "SecretAccessKey": "s", "Token": "t",
			"Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		})(w, r)
	})
	awsEnvironment(t, map[string]string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI":     agent,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
	})
	i := New(Options{Providers: Auto(), Transport: fake.transport, Patience: time.Minute})
	one(t, i, ecrRepository, auth.Basic("AWS", "password 1"), ecrSource)
	fake.wantRequests(agent, 1)
}

func TestAmazonRefusalIsRemembered(t *testing.T) {
	awsEnvironment(t, staticKeys())
	now := newClock()
	fake := newCloud(t, map[string]http.HandlerFunc{ecrAPI: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"User: arn:aws:iam::1:user/x is not authorized"}`)
	}})
	i := New(Options{Providers: Auto(), Now: now.Now, Transport: fake.transport, Patience: time.Minute})

	for range 1000 {
		err := refused(t, i, ecrRepository, AWS, "arn:", "AKIDEXAMPLE")
		if denied, ok := errors.AsType[smithy.APIError](err); !ok || denied.ErrorCode() != "AccessDeniedException" {
			t.Fatalf("the cause is %v, want Amazon's", err)
		}
	}
	fake.wantRequests(ecrAPI, 1)

	now.Advance(firstRetry)
	fake.on(ecrAPI, ecrAnswers(now.Now))
	one(t, i, ecrRepository, auth.Basic("AWS", "password 1"), ecrSource)
}

func TestAmazonAnswerThatIsNoToken(t *testing.T) {
	data := func(token string) any {
		return map[string]any{"authorizationData": []any{map[string]any{"authorizationToken": token}}}
	}
	tests := map[string]any{
		"has no data":              map[string]any{"authorizationData": []any{}},
		"is not encoded":           data("AWS:secret!"),
		"has another user":         data(base64.StdEncoding.EncodeToString([]byte("root:secret"))),
		"has a user alone":         data(base64.StdEncoding.EncodeToString([]byte("AWS"))),
		"has a user and no secret": data(base64.StdEncoding.EncodeToString([]byte("AWS:"))),
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			awsEnvironment(t, staticKeys())
			fake := newCloud(t, map[string]http.HandlerFunc{ecrAPI: reply(answer)})
			err := refused(t, New(Options{Providers: Auto(), Transport: fake.transport}), ecrRepository, AWS, "secret")
			if !errors.Is(err, errUnusable) {
				t.Errorf("the cause is %v, want %v", err, errUnusable)
			}
		})
	}
}

func TestAmazonIdentityThatIsNotThere(t *testing.T) {
	awsEnvironment(t, nil)
	fake := newCloud(t, nil)
	i := New(Options{Providers: Auto(), Transport: fake.transport})
	_ = refused(t, i, ecrRepository, AWS)
	_ = refused(t, i, "123456789012.dkr.ecr.us-east-1.amazonaws.com/web", AWS)
}
