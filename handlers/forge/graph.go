package forge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// mutation is a call of GraphQL, mostly one that changes something.
type mutation struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

// mutate makes one that changes something.
func (c *Client) mutate(ctx context.Context, m mutation) error { return c.ask(ctx, m, nil) }

// query makes one that reads, and gives what is under a name in its answer.
func query[G any](ctx context.Context, c *Client, m mutation, name string) (*G, error) {
	var got struct {
		Data map[string]*G `json:"data"`
	}
	err := c.ask(with(ctx, manner{harmless: true}), m, &got)
	if err == nil && got.Data[name] == nil {
		err = &UnavailableError{"an answer of GraphQL's", 0, errIncomplete}
	}
	return got.Data[name], err
}

func (c *Client) ask(ctx context.Context, m mutation, answer any) error {
	if c.github.graph == "" {
		return errors.New("the address of GitHub's GraphQL API is not set")
	}
	api := c.api()
	req, err := api.NewRequest(http.MethodPost, c.github.graph, m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	_, err = api.Do(ctx, req, answer)
	return plain(err)
}

// graphAddress reads where GraphQL lies: beside REST, since the same token goes
// there.
func graphAddress(text string, rest *url.URL) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := address(text)
	switch {
	case err != nil:
		return "", err
	case u.Host != rest.Host || u.Scheme != rest.Scheme:
		return "", fmt.Errorf("it must lie on %s, as REST does", rest.Host)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// graphAnswer is 200 for what was done and for what was not.
type graphAnswer struct {
	Data   map[string]json.RawMessage `json:"data"`
	Errors []graphError               `json:"errors"`
}

type graphError struct {
	Type       string `json:"type"`
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// graphStatus is what REST would answer for a type of GraphQL's; 0 for one that
// says nothing of what was asked for.
func graphStatus(e graphError) int {
	known := map[string]int{
		"NOT_FOUND": http.StatusNotFound, "FORBIDDEN": http.StatusForbidden, "INSUFFICIENT_SCOPES": http.StatusForbidden,
		"UNPROCESSABLE": http.StatusUnprocessableEntity, "STALE_DATA": http.StatusConflict,
	}
	if known[e.Type] == 0 && e.Extensions.Code != "" { // a query that this GitHub does not understand
		return http.StatusUnprocessableEntity
	}
	return known[e.Type]
}

// judgeGraph gives the error that is in a good answer of GraphQL's; nil for none.
func judgeGraph(c *call, resp *http.Response, body []byte, p *pauses) error {
	var answer graphAnswer
	if json.Unmarshal(body, &answer) != nil || (len(answer.Errors) == 0 && len(answer.Data) == 0) {
		return &UnavailableError{c.endpoint, resp.StatusCode, errIncomplete}
	}
	if len(answer.Errors) == 0 {
		return nil
	}
	said := answer.Errors[0]
	primary := said.Type == "RATE_LIMITED"
	switch status := graphStatus(said); {
	case status != 0:
		return refusal(c, resp, status, said.Message)
	case primary, speaksOfLimits(said.Message):
		until, why := p.over(resp, primary)
		return &LimitedError{until, why}
	}
	return &UnavailableError{c.endpoint, resp.StatusCode, errors.New(cmp.Or(quoted(said.Message), "an error without a word"))}
}
