package credentials

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Clouds are the addresses of clouds' services. Empty ones are the real ones.
type Clouds struct {
	// AzureLogin is where Azure's tokens come from.
	AzureLogin string
	// AzureRegistry stands for https:// and the host of each registry.
	AzureRegistry string
	// AzureMetadata and GoogleMetadata are the metadata services of machines.
	AzureMetadata, GoogleMetadata string
	// AWS stands for all of Amazon's services.
	AWS string
}

// metadataHosts are the services that tell a machine who it is. They are asked
// directly: they are at addresses that nobody else may lead to.
//
//nolint:gochecknoglobals // a table, never written
var metadataHosts = map[string]bool{
	"169.254.169.254":          true, // Amazon's, Azure's and Google's
	"169.254.170.2":            true, // Amazon's, in ECS
	"169.254.170.23":           true, // Amazon's, in EKS
	"fd00:ec2::23":             true,
	"fd00:ec2::254":            true,
	"metadata.google.internal": true,
}

// direct sends requests for metadata services directly, and all others on their
// way.
type direct struct{ metadata, others http.RoundTripper }

func (d direct) RoundTrip(req *http.Request) (*http.Response, error) {
	if metadataHosts[req.URL.Hostname()] {
		return d.metadata.RoundTrip(req)
	}
	return d.others.RoundTrip(req)
}

// client is for libraries that want one. It follows no redirect, with which
// a secret would travel.
func (e Environment) client() *http.Client {
	return &http.Client{
		Timeout:       askTimeout,
		Transport:     direct{metadata: e.Metadata, others: e.Transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// tokenAnswer is what token services answer, those of OAuth 2 and Azure's
// registries.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	// ExpiresIn is a number of seconds, which one of them writes as a text.
	ExpiresIn json.RawMessage `json:"expires_in"`
	// Fault is a word for what is wrong.
	Fault string `json:"error"`
}

// life is how long the token is good; otherwise where the answer does not say.
func (a *tokenAnswer) life(otherwise time.Duration) time.Duration {
	d, err := time.ParseDuration(strings.Trim(string(a.ExpiresIn), `"`) + "s")
	if err != nil || d <= 0 {
		return otherwise
	}
	return d
}

func postForm(ctx context.Context, via http.RoundTripper, address string, form url.Values) (*tokenAnswer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, problemf("an address is no URL")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return ask(via, req)
}

func getMetadata(ctx context.Context, via http.RoundTripper, address string, header, value string) (*tokenAnswer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, problemf("an address is no URL")
	}
	req.Header.Set(header, value)
	return ask(via, req)
}

// faultPattern is what a word for a fault looks like. Anything else might be
// what was sent.
var faultPattern = regexp.MustCompile(`^[a-z_]{1,40}$`)

// ask sends a request for a token, once and to one host.
func ask(via http.RoundTripper, req *http.Request) (*tokenAnswer, error) {
	host := req.URL.Host
	resp, err := via.RoundTrip(req)
	if err != nil {
		return nil, networkProblem(host, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostFile))
	if err != nil {
		return nil, networkProblem(host, err)
	}
	answer := new(tokenAnswer)
	isJSON := json.Unmarshal(body, answer) == nil
	switch {
	case resp.StatusCode != http.StatusOK && isJSON && faultPattern.MatchString(answer.Fault):
		return nil, problemf("%s answered %d, %s", host, resp.StatusCode, answer.Fault)
	case resp.StatusCode != http.StatusOK:
		return nil, problemf("%s answered %d", host, resp.StatusCode)
	case !isJSON:
		return nil, problemf("%s answered with no JSON", host)
	}
	return answer, nil
}
