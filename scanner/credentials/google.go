package credentials

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

const (
	googleUser  = "oauth2accesstoken"
	googleScope = "https://www.googleapis.com/auth/cloud-platform.read-only"
	// googleExpires is how long a token is used where nobody tells; they last
	// an hour.
	googleExpires = 10 * time.Minute
)

// googleKeys are the kinds of files that an identity may stand in.
//
//nolint:gochecknoglobals // a table, never written
var googleKeys = map[string]google.CredentialsType{
	"service_account":                  google.ServiceAccount,
	"authorized_user":                  google.AuthorizedUser,
	"external_account":                 google.ExternalAccount,
	"external_account_authorized_user": google.ExternalAccountAuthorizedUser,
	"impersonated_service_account":     google.ImpersonatedServiceAccount,
}

// garSource gets tokens of Google. go-containerregistry's own keychain would
// keep for ever what the first caller saw, and be anonymous where that failed.
func garSource(g *grant.Grant, env Environment) source {
	return source{
		timeout: askTimeout, patience: askAgainAfter,
		fetch: func(ctx context.Context) (login, time.Time, error) {
			get := googleMachine
			if path := cmp.Or(g.File, env.Getenv("GOOGLE_APPLICATION_CREDENTIALS")); path != "" {
				get = googleKey(path)
			}
			token, expires, err := get(ctx, env)
			return login{username: googleUser, password: token}, expires, err
		},
	}
}

type googleToken func(context.Context, Environment) (secret, time.Time, error)

// googleKey gets a token with a file.
func googleKey(path string) googleToken {
	return func(ctx context.Context, env Environment) (secret, time.Time, error) {
		text, err := readAtMost(path, mostFile)
		if err != nil {
			return nil, time.Time{}, err
		}
		var key struct{ Type string }
		if json.Unmarshal([]byte(text), &key) != nil || googleKeys[key.Type] == "" {
			return nil, time.Time{}, problemf("the file %s is no key of Google's that is known here", path)
		}
		ctx = context.WithValue(ctx, oauth2.HTTPClient, env.client())
		found, err := google.CredentialsFromJSONWithType(ctx, []byte(text), googleKeys[key.Type], googleScope)
		if err != nil {
			return nil, time.Time{}, problemf("the file %s cannot be used: it is no complete %s", path, key.Type)
		}
		token, err := found.TokenSource.Token()
		if err != nil {
			return nil, time.Time{}, googleProblem(path, err)
		}
		if token.Expiry.IsZero() {
			token.Expiry = env.Now().Add(googleExpires)
		}
		return hide(token.AccessToken), token.Expiry, nil
	}
}

// googleProblem leaves out the answer, which the library's error quotes.
func googleProblem(path string, err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.Response != nil {
		what, answer := "", new(tokenAnswer)
		if json.Unmarshal(refused.Body, answer) == nil && faultPattern.MatchString(answer.Fault) {
			what = ", " + answer.Fault + ","
		}
		return problemf("Google answered %d%s to the key in %s", refused.Response.StatusCode, what, path)
	}
	return problemf("Google gave no token for the key in %s", path)
}

// googleMachine asks the machine's metadata service.
func googleMachine(ctx context.Context, env Environment) (secret, time.Time, error) {
	asked := env.Now()
	base := cmp.Or(env.Clouds.GoogleMetadata, "http://metadata.google.internal")
	const path = "/computeMetadata/v1/instance/service-accounts/default/token"
	answer, err := getMetadata(ctx, env.Metadata, base+path, "Metadata-Flavor", "Google")
	token, err := accessOf("the machine's metadata service", answer, err)
	if err != nil {
		return nil, time.Time{}, err
	}
	return token, asked.Add(answer.life(googleExpires)), nil
}
