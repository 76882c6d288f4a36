package githubtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

type release struct {
	id                int64
	tag, name, body   string
	draft, prerelease bool
	by                *user
	at                time.Time
}

// Release publishes a release of a tag, as kind "", "draft" or "prerelease",
// and returns its id. A tag that is not there is made at the default branch,
// but not for a draft.
func (r *Repository) Release(login, tag, name, body, kind string) int64 {
	r.server.t.Helper()
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	by, ctx := s.person(login), s.t.Context()
	made := &release{s.id(), tag, name, body, kind == "draft", kind == "prerelease", by, s.Now()}
	if !made.draft && r.resolve("refs/tags/"+tag) == "" {
		if err := r.move(ctx, by, "refs/tags/"+tag, r.branch(r.defaultBranch)); err != nil {
			s.t.Fatalf("releasing %s: %v", tag, err)
		}
	}
	r.releases = append(r.releases, made)
	actions := []string{"created"}
	switch {
	case made.prerelease:
		actions = append(actions, "published", "prereleased")
	case !made.draft:
		actions = append(actions, "published", "released")
	}
	for _, action := range actions {
		s.happen(event{name: "release", action: action, repo: r, by: by, payload: object{"release": r.showRelease(made)}})
	}
	return made.id
}

// Tag makes a tag of a commit, an annotated one if there is a message.
func (r *Repository) Tag(login, name, sha, message string) {
	r.server.t.Helper()
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, id := s.t.Context(), sha
	if message != "" {
		text := fmt.Sprintf("object %s\ntype commit\ntag %s\ntagger %s\n\n%s\n", sha, name, r.person(s.person(login)).line(), message)
		made, err := r.git.write(ctx, "tag", []byte(text))
		if err != nil {
			s.t.Fatalf("tagging %s: %v", name, err)
		}
		id = made
	}
	if err := r.move(ctx, s.person(login), "refs/tags/"+name, id); err != nil {
		s.t.Fatalf("tagging %s: %v", name, err)
	}
}

func (r *Repository) showRelease(l *release) object {
	api, tag := r.api(fmt.Sprintf("/releases/%d", l.id)), l.tag
	if l.draft {
		tag = fmt.Sprintf("untagged-%d", l.id)
	}
	shown := object{
		"id": l.id, "node_id": node("RE", l.id), "url": api, "assets_url": api + "/assets",
		"html_url": r.html("/releases/tag/" + tag), "upload_url": api + "/assets{?name,label}",
		"tag_name": l.tag, "target_commitish": r.defaultBranch, "name": l.name, "body": l.body, "draft": l.draft,
		"prerelease": l.prerelease, "immutable": false, "created_at": stamp(l.at), "updated_at": stamp(l.at),
		"published_at": stamp(l.at), "author": r.server.showUser(l.by), "assets": []object{},
		"tarball_url": r.api("/tarball/" + l.tag), "zipball_url": r.api("/zipball/" + l.tag),
	}
	if l.draft {
		shown["published_at"], shown["tarball_url"], shown["zipball_url"] = nil, nil, nil
	}
	return shown
}

// shownReleases is what the caller sees, newest first: drafts are for who may
// push.
func (c *call) shownReleases(keep func(*release) bool) []*release {
	pusher := c.pushes()
	var found []*release
	for _, l := range c.repo.releases {
		if (pusher || !l.draft) && keep(l) {
			found = append(found, l)
		}
	}
	slices.SortStableFunc(found, func(a, b *release) int { return cmp.Compare(b.id, a.id) })
	return found
}

func listReleases(c *call) reply {
	all := c.shownReleases(func(*release) bool { return true })
	return paged(c, "/repos/"+c.repo.FullName()+"/releases", all, c.repo.showRelease)
}

func getLatestRelease(c *call) reply {
	return c.firstRelease(func(l *release) bool { return !l.draft && !l.prerelease })
}

func getReleaseByTag(c *call) reply {
	return c.firstRelease(func(l *release) bool { return !l.draft && l.tag == c.params["tag"] })
}

func (c *call) firstRelease(keep func(*release) bool) reply {
	found := c.shownReleases(keep)
	if len(found) == 0 {
		return notFound()
	}
	return ok(c.repo.showRelease(found[0]))
}

func listTags(c *call) reply {
	names, err := c.repo.tags(c.ctx)
	if err != nil {
		return broken(err)
	}
	return paged(c, "/repos/"+c.repo.FullName()+"/tags", names, func(name string) object {
		id := c.repo.resolve("refs/tags/" + name)
		return object{
			"name": name, "node_id": node("REF", "refs/tags/"+name), "commit": object{"sha": id, "url": c.repo.api("/commits/" + id)},
			"zipball_url": c.repo.api("/zipball/refs/tags/" + name), "tarball_url": c.repo.api("/tarball/refs/tags/" + name),
		}
	})
}

// tags is the names, the last first, as GitHub lists them.
func (r *Repository) tags(ctx context.Context) ([]string, error) {
	refs, err := r.refs(ctx, "refs/tags")
	slices.Reverse(refs)
	for i, ref := range refs {
		refs[i] = strings.TrimPrefix(ref, "refs/tags/")
	}
	return refs, err
}
