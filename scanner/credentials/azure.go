package credentials

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

const (
	// azureAudience is for registries alone: a token for it opens nothing else
	// of Azure.
	azureAudience = "https://containerregistry.azure.net"
	// azureUser is the user name that says that the password is a token.
	azureUser = "00000000-0000-0000-0000-000000000000"
	// azureExpires is how long a registry's token is used where it does not
	// tell; they last three hours.
	azureExpires = time.Hour
)

// azureLogins are where the tokens of Azure's clouds come from.
//
//nolint:gochecknoglobals // a table, never written
var azureLogins = map[string]string{
	".azurecr.io": "https://login.microsoftonline.com",
	".azurecr.cn": "https://login.partner.microsoftonline.cn",
	".azurecr.us": "https://login.microsoftonline.us",
}

// acrSource exchanges a token of the machine for one of the registry.
func acrSource(g *grant.Grant, env Environment) source {
	return source{
		timeout: askTimeout, patience: askAgainAfter,
		fetch: func(ctx context.Context) (login, time.Time, error) {
			if fits, _ := grant.ACR.Fits(g.Host); !fits {
				return login{}, time.Time{}, problemf("this is no registry of Azure")
			}
			access, err := azureToken(ctx, g.Host, env)
			if err != nil {
				return login{}, time.Time{}, err
			}
			return exchangeAzure(ctx, g.Host, access, env)
		},
	}
}

func exchangeAzure(ctx context.Context, host string, access secret, env Environment) (login, time.Time, error) {
	asked := env.Now()
	form := url.Values{"grant_type": {"access_token"}, "service": {host}, "access_token": {access.reveal()}}
	if tenant := env.Getenv("AZURE_TENANT_ID"); tenant != "" {
		form.Set("tenant", tenant)
	}
	answer, err := postForm(ctx, env.Transport, cmp.Or(env.Clouds.AzureRegistry, "https://"+host)+"/oauth2/exchange", form)
	switch {
	case err != nil:
		return login{}, time.Time{}, err
	case answer.RefreshToken == "":
		return login{}, time.Time{}, problemf("%s gave no token in exchange", host)
	}
	return login{username: azureUser, password: hide(answer.RefreshToken)}, tokenEnd(answer.RefreshToken, asked.Add(azureExpires)), nil
}

// tokenEnd reads when a JSON web token expires. It is read only to know when to
// ask for another one, so nobody has to have signed it.
func tokenEnd(token string, otherwise time.Time) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return otherwise
	}
	var claims struct {
		Exp int64 `json:"exp"`
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &claims) != nil || claims.Exp <= 0 {
		return otherwise
	}
	return time.Unix(claims.Exp, 0)
}

// azureToken gets a token of the machine: by a workload's identity, by a
// client's secret, or by the identity that the machine has.
func azureToken(ctx context.Context, host string, env Environment) (secret, error) {
	client, tenant := env.Getenv("AZURE_CLIENT_ID"), env.Getenv("AZURE_TENANT_ID")
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client}, "scope": {azureAudience + "/.default"},
	}
	switch federated, password := env.Getenv("AZURE_FEDERATED_TOKEN_FILE"), env.Getenv("AZURE_CLIENT_SECRET"); {
	case federated != "":
		assertion, err := (&kept{file: &file{path: federated}}).read()
		if err != nil {
			return nil, err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion.reveal())
	case password != "":
		form.Set("client_secret", password)
	default:
		return azureMachine(ctx, client, env)
	}
	if !tenantPattern.MatchString(tenant) || client == "" {
		return nil, problemf("acr needs AZURE_TENANT_ID and AZURE_CLIENT_ID beside AZURE_FEDERATED_TOKEN_FILE or AZURE_CLIENT_SECRET")
	}
	base, err := azureLogin(host, env)
	if err != nil {
		return nil, err
	}
	answer, err := postForm(ctx, env.Transport, base+"/"+tenant+"/oauth2/v2.0/token", form)
	return accessOf("Azure", answer, err)
}

var tenantPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$`)

// azureLogin is the service that the cloud of the registry trusts.
func azureLogin(host string, env Environment) (string, error) {
	if env.Clouds.AzureLogin != "" {
		return env.Clouds.AzureLogin, nil
	}
	if set := strings.TrimSuffix(env.Getenv("AZURE_AUTHORITY_HOST"), "/"); set != "" {
		if !strings.HasPrefix(set, "https://") {
			return "", problemf("AZURE_AUTHORITY_HOST must begin with https://")
		}
		return set, nil
	}
	return azureLogins[host[strings.Index(host, ".azurecr."):]], nil
}

// azureMachine asks the machine's metadata service.
func azureMachine(ctx context.Context, client string, env Environment) (secret, error) {
	query := url.Values{"api-version": {"2018-02-01"}, "resource": {azureAudience}}
	if client != "" {
		query.Set("client_id", client)
	}
	base := cmp.Or(env.Clouds.AzureMetadata, "http://169.254.169.254")
	answer, err := getMetadata(ctx, env.Metadata, base+"/metadata/identity/oauth2/token?"+query.Encode(), "Metadata", "true")
	return accessOf("the machine's metadata service", answer, err)
}

func accessOf(who string, answer *tokenAnswer, err error) (secret, error) {
	switch {
	case err != nil:
		return nil, err
	case answer.AccessToken == "":
		return nil, problemf("%s gave no token", who)
	}
	return hide(answer.AccessToken), nil
}
