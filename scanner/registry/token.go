package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const (
	maxToken = 16 << 10
	// usualToken is how long a token is good for that does not say, by the
	// specification.
	usualToken = time.Minute
	clientID   = "imageupdater"
)

// exchange asks a token server for a token.
type exchange struct {
	next      http.RoundTripper
	visit     *visit
	secret    *authn.AuthConfig // nil for anonymous
	challenge *transport.Challenge
	scopes    []string
	refused   bool // the credentials were, by an answer that means them alone
}

// do asks, and tells how long the token may be kept.
func (e *exchange) do(ctx context.Context) (string, time.Duration, error) {
	realm, err := e.realm()
	if err != nil {
		return "", 0, err
	}
	req, err := e.request(ctx, realm)
	if err != nil {
		return "", 0, err
	}
	client := &http.Client{Transport: e.next, CheckRedirect: sameHost}
	resp, err := client.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		e.refused = e.secret != nil && resp.StatusCode == http.StatusUnauthorized
		return "", 0, e.refusal(realm.Host, resp.StatusCode)
	}
	return readToken(realm.Host, resp)
}

// realm is where the registry says that tokens are to be had. A registry can say
// anything: credentials go where its operator said.
func (e *exchange) realm() (*url.URL, error) {
	realm, err := url.Parse(e.challenge.Parameters["realm"])
	if err != nil || realm.Host == "" || realm.User != nil {
		return nil, fmt.Errorf("%s wants a token and does not say from where", e.visit.site.Name)
	}
	if e.secret != nil && !e.visit.site.owns(realm) && !e.visit.site.ownsTokens(realm) {
		return nil, refused(realm.Scheme+"://"+realm.Host, fmt.Sprintf("%s sends its credentials there for a token; if that is right, allow it with tokenHosts", e.visit.site.Name))
	}
	return realm, nil
}

// request is the question for a token: with an identity token by POST as OAuth2
// has it, with all else by GET.
func (e *exchange) request(ctx context.Context, realm *url.URL) (*http.Request, error) {
	if e.secret != nil && e.secret.IdentityToken != "" {
		return e.post(ctx, realm)
	}
	to := *realm
	query := to.Query()
	query["scope"] = e.scopes
	if service := e.challenge.Parameters["service"]; service != "" {
		query.Set("service", service)
	}
	to.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), http.NoBody)
	if err != nil || e.secret == nil {
		return req, err
	}
	header := basic(e.secret)
	if header == "" {
		return nil, fmt.Errorf("%s wants a name and a password, or an identity token, and the credentials configured for it have neither", e.visit.site.Name)
	}
	req.Header.Set("Authorization", header)
	return req, nil
}

func (e *exchange) post(ctx context.Context, realm *url.URL) (*http.Request, error) {
	form := url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {e.secret.IdentityToken},
		"service":       {e.challenge.Parameters["service"]},
		"scope":         {strings.Join(e.scopes, " ")},
		"client_id":     {clientID},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, realm.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// sameHost follows redirects of a token server within it.
func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if req.URL.Scheme != first.Scheme || req.URL.Host != first.Host {
		return &failed{refused(req.URL.Host, fmt.Sprintf("the token server %s redirects there", first.Host))}
	}
	return nil
}

func (e *exchange) refusal(host string, status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest:
		if e.secret != nil {
			return fmt.Errorf("%w: the token server %s refuses the credentials that are configured for it (%d)", ErrUnauthorized, host, status)
		}
		return ErrUnauthorized
	}
	return fmt.Errorf("the token server %s answered %d %s", host, status, http.StatusText(status))
}

// readToken never puts what was answered into an error: it may be a token.
func readToken(host string, resp *http.Response) (string, time.Duration, error) {
	var answer struct {
		Token       string          `json:"token"`
		AccessToken string          `json:"access_token"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", 0, fmt.Errorf("the token server %s answered with something that holds no token", host)
	}
	token := answer.Token
	if answer.AccessToken != "" {
		token = answer.AccessToken
	}
	switch {
	case token == "":
		return "", 0, fmt.Errorf("the token server %s answered without a token", host)
	case len(token) > maxToken:
		return "", 0, fmt.Errorf("%w: the token of %s has more than %d KiB", ErrTooLarge, host, maxToken>>10)
	case strings.IndexFunc(token, notASCII) >= 0:
		return "", 0, fmt.Errorf("the token server %s answered with a token of characters that no token has", host)
	}
	return token, lifetime(answer.ExpiresIn), nil
}

// lifetime is how long to use a token that is good for so many seconds: a tenth
// less, for the way to the registry and clocks that differ.
func lifetime(seconds json.RawMessage) time.Duration {
	var number float64
	if json.Unmarshal([]byte(strings.Trim(string(seconds), `"`)), &number) != nil || number < 1 {
		return usualToken * 9 / 10
	}
	return time.Duration(min(number, longestKept.Seconds()) * 0.9 * float64(time.Second))
}
