package registry

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

const (
	// nativePage is how many tags the native APIs send at most, by their
	// documentation.
	nativePage = 100
	// maxMerges is how many listings in a row may rest on what was seen before.
	// An API that does not count its tags would hide for ever that an old one
	// is gone.
	maxMerges = 50
	// avoidedLong and avoidedShort are for how many listings of a repository a
	// native API is left alone: one that is not open to us, or is not what we
	// think, and one that stumbled.
	avoidedLong, avoidedShort = 20, 3
	// maxRemembered is how much is remembered of all repositories together: a
	// tag is one, and so is a platform of a tag.
	maxRemembered = 200_000
	// maxRepositories is of how many repositories anything is remembered.
	maxRepositories = 20_000
)

// newestFunc asks a native API for the tags of a repository that were pushed
// last, in one request.
type newestFunc func(context.Context, *Client, image.Repository) (*newest, error)

// told is a tag as a native API tells it.
type told struct {
	Tag

	// at is the time by which the API sorts; zero where that is not known.
	at time.Time
}

// same tells whether nothing happened to a tag.
func (t *told) same(as *told) bool {
	return t.at.Equal(as.at) && !t.at.IsZero() && t.digest() == as.digest()
}

func (t *told) digest() string {
	if t.Manifest == nil {
		return ""
	}
	return t.Manifest.Digest
}

// newest are the tags that were pushed last.
type newest struct {
	tags []told
	// total is how many tags there are; -1 where the API does not tell.
	total int
	// more is whether there are others.
	more bool
}

// complete tells whether these are all tags. Of none at all the API is not
// believed.
func (n *newest) complete() bool {
	return !n.more && len(n.tags) > 0 && (n.total < 0 || n.total == len(n.tags))
}

// ordered tells whether the API sorted them as it was asked to. Only then do
// they say something of the tags that are not among them.
func (n *newest) ordered() bool {
	for i := range n.tags {
		if n.tags[i].at.IsZero() || i > 0 && n.tags[i].at.After(n.tags[i-1].at) {
			return false
		}
	}
	return len(n.tags) > 0
}

// oldest is the time of the last one.
func (n *newest) oldest() time.Time { return n.tags[len(n.tags)-1].at }

// explain adds what is known of the newest tags to a list of all tags.
func (n *newest) explain(tags []Tag) *sighting {
	facts := map[string]told{}
	for _, tag := range n.tags {
		facts[tag.Name] = tag
	}
	bound := n.bound(len(tags))
	whole := &sighting{tags: make([]told, len(tags))}
	for i, tag := range tags {
		fact, found := facts[tag.Name]
		if !found {
			fact.Tag = tag
			fact.Before = bound
		}
		whole.tags[i] = fact
	}
	if n.total >= 0 {
		whole.excess = len(tags) - n.total
	}
	return whole
}

// bound is a time by which all other tags had been pushed. An API that counts
// tags must have counted each that was listed, or else there may be one that it
// has not heard of yet.
func (n *newest) bound(listed int) time.Time {
	early := func(t told) bool { return t.Pushed.After(t.at) }
	if !n.ordered() || n.total >= 0 && n.total != listed || slices.ContainsFunc(n.tags, early) {
		return time.Time{}
	}
	return n.oldest()
}

// unique drops what an API tells twice and, where it contradicts itself, what it
// tells of that tag.
func unique(tags []told) []told {
	at := map[string]int{}
	var kept []told
	for _, tag := range tags {
		i, found := at[tag.Name]
		switch {
		case !found:
			at[tag.Name] = len(kept)
			kept = append(kept, tag)
		case !kept[i].same(&tag):
			kept[i] = told{Tag: Tag{Name: tag.Name}}
		}
	}
	return kept
}

// sighting is a repository as it was seen.
type sighting struct {
	tags []told
	// excess is by how many tags the list of tags was longer than the API
	// counts. It stays the same for as long as nothing is lost.
	excess int
	merges int
	// avoid is for how many listings the API is still left alone.
	avoid int
}

// with is what was seen before with the newest tags of now; nil where the two
// do not meet, or where tags would be missing or too many.
func (m *sighting) with(page *newest) *sighting {
	if m == nil || m.merges >= maxMerges || !page.ordered() {
		return nil
	}
	before := map[string]*told{}
	for i := range m.tags {
		before[m.tags[i].Name] = &m.tags[i]
	}
	merged := &sighting{tags: slices.Clone(page.tags), excess: m.excess, merges: m.merges + 1}
	met := false
	for i := range page.tags {
		known := before[page.tags[i].Name]
		met = met || known != nil && page.tags[i].same(known)
		delete(before, page.tags[i].Name)
	}
	for i := range m.tags {
		tag := m.tags[i]
		// One that was newer than the last of the page would be on it.
		if before[tag.Name] != nil && !tag.at.After(page.oldest()) {
			merged.tags = append(merged.tags, tag)
		}
	}
	if !met || page.total >= 0 && len(merged.tags)-page.total != m.excess {
		return nil
	}
	return merged
}

func (m *sighting) weight() int {
	weight := len(m.tags)
	for i := range m.tags {
		if m.tags[i].Manifest != nil {
			weight += len(m.tags[i].Manifest.Platforms)
		}
	}
	return weight
}

// owned is a repository as it is seen by who shows certain credentials.
type owned struct {
	image.Repository

	identity string
}

// natives knows which registries have an API of their own, and what was seen
// through those.
type natives struct {
	client *http.Client

	mu     sync.Mutex
	seen   map[owned]*sighting
	weight int
	local  map[string]bool // projects of Harbor that are no proxy caches
}

// newNatives asks through a transport that adds no credentials.
func newNatives(transport http.RoundTripper) *natives {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &natives{
		client: &http.Client{Transport: transport, CheckRedirect: stay},
		seen:   map[owned]*sighting{}, local: map[string]bool{},
	}
}

// of is how the newest tags of a repository are asked for; nil where there is no
// way, or it did not work lately. kind is what the operator says of the host.
func (n *natives) of(repo owned, kind string) newestFunc {
	ask := nativeOf(repo.Repository, kind)
	if ask == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.seen[repo]; known != nil && known.avoid > 0 {
		known.avoid--
		return nil
	}
	return ask
}

func nativeOf(repo image.Repository, kind string) newestFunc {
	parts := strings.Count(repo.Path, "/") + 1
	switch {
	case kind == "none":
		return nil
	case repo.Registry == image.DockerHub && parts == 2:
		return newestOfDockerHub
	case kind == "quay", repo.Registry == "quay.io":
		return newestOfQuay
	case kind == "harbor" && parts > 1:
		return newestOfHarbor
	}
	return nil
}

func (n *natives) recall(repo owned) *sighting {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen[repo]
}

// avoid leaves an API alone for a while. For hosts that limit our rate or are
// down, that is in other hands.
func (n *natives) avoid(repo owned, because error) {
	lasting := func(err error) bool { return errors.Is(because, err) }
	_, limited := errors.AsType[*RateLimited](because)
	_, down := errors.AsType[*Unavailable](because)
	if limited || down {
		return
	}
	pause := avoidedShort
	if slices.ContainsFunc([]error{ErrNotFound, ErrUnauthorized, errNotDocumented}, lasting) {
		pause = avoidedLong
	}
	n.remember(repo, &sighting{avoid: pause})
}

// remember keeps what was seen, which nobody may change any more, and forgets
// any others if that is too much.
func (n *natives) remember(repo owned, seen *sighting) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget(repo)
	dated := func(t told) bool { return !t.at.IsZero() }
	if seen.weight() > maxRemembered || seen.avoid == 0 && !slices.ContainsFunc(seen.tags, dated) {
		return // too much, or nothing that a page could meet
	}
	n.seen[repo] = seen
	n.weight += seen.weight()
	for other := range n.seen {
		if n.weight <= maxRemembered && len(n.seen) <= maxRepositories {
			return
		}
		if other != repo {
			n.forget(other)
		}
	}
}

func (n *natives) forget(repo owned) {
	if old := n.seen[repo]; old != nil {
		n.weight -= old.weight()
		delete(n.seen, repo)
	}
}

var errNotDocumented = errors.New("the native API did not answer in its documented form")

// document asks a native API for a JSON document. It follows no redirect, and
// whatever is no such document is an error. authorization is "" or shows credentials.
func (c *Client) document(ctx context.Context, address, authorization string, into any) (http.Header, error) {
	req, err := http.NewRequestWithContext(using(ctx, useNative), http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := c.natives.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(body, into) != nil {
		return nil, errNotDocumented // what it says instead may be anything
	}
	return resp.Header, nil
}

// dateOf is the registry's own clock; zero where it does not tell.
func dateOf(header http.Header) time.Time {
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return now
}

// sane is a time at which something can have been pushed, in UTC; zero for any
// other: one before the year 2000, or in the future by the registry's own clock.
func sane(at, now time.Time) time.Time {
	const slack = 5 * time.Minute
	if at.UTC().Year() < 2000 || !now.IsZero() && at.After(now.Add(slack)) {
		return time.Time{}
	}
	return at.UTC()
}

// saneText is sane of a time as JSON has it.
func saneText(text string, now time.Time) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return sane(at, now)
}

// namedImage is an image of an index as native APIs name it.
type namedImage struct {
	runsOn

	digest string
}

// platforms are the images of an index, sorted; nil when there is any doubt,
// and then the index itself is asked. Attestations are left out.
func platforms(named []namedImage) []Platform {
	var found []Platform
	seen := map[Platform]bool{}
	for _, n := range named {
		if n.OS == "unknown" && n.Architecture == "unknown" {
			continue
		}
		platform := n.platform("")
		if n.OS == "" || n.Architecture == "" || !n.valid() || !image.ValidDigest(n.digest) || seen[platform] || len(found) == maxEntries {
			return nil
		}
		seen[platform] = true
		platform.Digest = n.digest
		found = append(found, platform)
	}
	slices.SortFunc(found, Platform.compare)
	return found
}
