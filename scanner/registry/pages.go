package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// firstPage asks for as many tags as no registry refuses.
const firstPage = "n=1000"

// firstPages are those of the registries that are known to send more.
//
//nolint:gochecknoglobals // a table, never written
var firstPages = map[string]string{image.DockerHub: "n=10000"}

// errMoved is a page that is gone: the tag behind which it began was deleted
// while the pages were read.
var errMoved = errors.New("the tags changed while they were listed")

// tags are the names to pull images by.
func (c *Client) tags(ctx context.Context, repo image.Repository) ([]string, error) {
	tags, _, err := c.listed(ctx, repo)
	return slices.DeleteFunc(tags, func(tag string) bool { return !isImageTag(tag) }), err
}

// listed are the names of all tags, those of signatures and the like among them,
// and what the list says of the tags beside their names.
func (c *Client) listed(ctx context.Context, repo image.Repository) ([]string, googleFacts, error) {
	p := &pages{
		client: &http.Client{Transport: c.authorised}, from: c.sites.of(repo.Registry).root(), path: "/v2/" + repo.Path + "/tags/list",
		first: cmp.Or(firstPages[repo.Registry], firstPage),
	}
	if isGoogle(repo.Registry) {
		p.first, p.facts = googleFirstPage, googleFacts{}
	}
	tags, err := p.all(ctx)
	if tooLong(err) && p.first != firstPage {
		p.first = firstPage
		tags, err = p.all(ctx)
	}
	if errors.Is(err, errMoved) {
		tags, err = p.all(ctx)
	}
	return tags, p.facts, err
}

// tooLong tells whether a registry does not send pages of such a length.
func tooLong(err error) bool {
	answered, ok := errors.AsType[*transport.Error](err)
	return ok && (answered.StatusCode == http.StatusMethodNotAllowed || answered.StatusCode == http.StatusBadRequest)
}

// pages reads the tags of a repository over all pages.
type pages struct {
	client *http.Client
	from   string // where it begins
	path   string
	first  string      // query of the first page
	facts  googleFacts // nil where nobody tells more than names
}

func (p *pages) all(ctx context.Context) ([]string, error) {
	var tags []string
	seen := map[[sha256.Size]byte]bool{}
	for query, more := p.first, true; more; {
		if len(seen) == maxPages {
			return nil, fmt.Errorf("%w: more than %d pages of tags", ErrTooLarge, maxPages)
		}
		key := sha256.Sum256([]byte(query))
		if seen[key] {
			return nil, fmt.Errorf("%w: the pages of tags go round in a circle", ErrTooLarge)
		}
		seen[key] = true
		var err error
		tags, query, more, err = p.add(ctx, tags, query)
		switch {
		case err != nil && len(seen) > 1 && errors.Is(explain(ctx, err), ErrNotFound):
			return nil, errMoved
		case err != nil:
			return nil, err
		}
	}
	return tags, nil
}

// add reads one page, and what to ask for the next one.
func (p *pages) add(ctx context.Context, tags []string, query string) (all []string, next string, more bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.from+p.path+"?"+query, http.NoBody)
	if err != nil {
		return nil, "", false, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, "", false, err
	}
	defer resp.Body.Close()
	if err := transport.CheckError(resp, http.StatusOK); err != nil {
		return nil, "", false, err
	}
	if all, err = p.read(resp, tags); err != nil {
		return nil, "", false, err
	}
	if next, more, err = nextPage(resp.Header.Values("Link")); err != nil {
		return nil, "", false, err
	}
	return all, next, more, nil
}

var errNoList = errors.New("the answer is no list of tags")

// read reads a page value by value: an answer that is within its cap could
// still take many times its size when it is read as a whole. The guard has held
// it to its shape.
func (p *pages) read(resp *http.Response, tags []string) ([]string, error) {
	decoder := json.NewDecoder(resp.Body)
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errNoList
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, errNoList
		}
		switch {
		case key == "tags":
			tags, err = readNames(decoder, tags)
		case key == "manifest" && p.facts != nil:
			err = p.facts.read(decoder, dateOf(resp.Header))
		default:
			err = skip(decoder)
		}
		if err != nil {
			return nil, err
		}
	}
	return tags, nil
}

// readNames reads a list of names; null is an empty one.
func readNames(decoder *json.Decoder, tags []string) ([]string, error) {
	start, err := decoder.Token()
	switch {
	case err == nil && start == nil:
		return tags, nil
	case err != nil || start != json.Delim('['):
		return nil, errNoList
	}
	for seen := 0; decoder.More(); seen++ {
		value, err := decoder.Token()
		tag, isName := value.(string)
		switch {
		case err != nil || !isName:
			return nil, errNoList
		case len(tags) > maxTags || seen > 2*maxTags: // what is filtered out counts as well
			return nil, fmt.Errorf("%w: more than %d tags", ErrTooLarge, maxTags)
		}
		if image.ValidTag(tag) {
			tags = append(tags, tag)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errNoList
	}
	if len(tags) > maxTags {
		return nil, fmt.Errorf("%w: more than %d tags", ErrTooLarge, maxTags)
	}
	return tags, nil
}

// skip reads a value and keeps nothing of it.
func skip(decoder *json.Decoder) error {
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return errNoList
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}
