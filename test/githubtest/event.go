package githubtest

import (
	"context"
	"maps"
	"net/url"
	"slices"
)

// event is something that GitHub tells Apps of by a webhook.
type event struct {
	name   string // "pull_request"
	action string // "opened"; "" where the event has none
	repo   *Repository
	// install is the installation that an event of the App's own life is of;
	// all others go to each installation that may have them.
	install *Installation
	by      *user // the sender
	// payload is what the event has beyond its action, repository,
	// organization, installation and sender. It is shown when it happens: what
	// changes later does not change it.
	payload object
	// more is what is costly to show: it is asked for, and laid over payload,
	// only when somebody is told.
	more func() object
}

// happen is called with the server's lock held, after the state has changed.
// It never waits: what is sent is sent in the background.
func (s *Server) happen(e event) {
	noted := e
	noted.payload, noted.more = object{"ref": e.payload["ref"], "changes": e.payload["changes"]}, nil
	s.events = append(s.events, noted)
	for _, i := range s.receivers(e) {
		s.notify(e, i)
	}
}

// receivers is the installations that get an event.
func (s *Server) receivers(e event) []*Installation {
	if e.install != nil {
		return []*Installation{e.install}
	}
	if !always(e.name) && !slices.Contains(s.hears(), e.name) {
		return nil
	}
	var found []*Installation
	for _, id := range slices.Sorted(maps.Keys(s.installs)) {
		if i := s.installs[id]; i.hears(e) {
			found = append(found, i)
		}
	}
	return found
}

func (i *Installation) hears(e event) bool {
	return !i.deleted && !i.suspended && i.covers(e.repo) && allows(i.permissions, neededFor(e))
}

// notify sends an event to an installation; a payload that GitHub would not
// send fails the test.
func (s *Server) notify(e event, i *Installation) {
	answer := encode(ok(s.payload(e, i)))
	payload := answer.bytes
	if len(payload) > maxPayload {
		return
	}
	if err := s.payloads.check(e.key(), payload); err != nil {
		s.t.Errorf("githubtest: %v\n%s", err, payload[:min(len(payload), 1000)])
	}
	d := Delivery{Event: e.name, Action: e.action, Payload: payload}
	if i != nil {
		d.Installation = i.ID
	}
	if e.repo != nil {
		d.Repository = e.repo.ID
	}
	s.hook.accept(d)
}

// payload is the whole of what is sent: here it gets what all events have.
func (s *Server) payload(e event, i *Installation) object {
	all := object{}
	if e.action != "" {
		all["action"] = e.action
	}
	if e.repo != nil {
		all["repository"] = s.repoOfEvent(e)
		if e.repo.owner.kind == "Organization" {
			all["organization"] = s.showOrganization(e.repo.owner)
		}
	}
	if e.by != nil {
		all["sender"] = s.showUser(e.by)
	}
	if i != nil {
		all["installation"] = object{"id": i.ID, "node_id": node("MDI", i.ID)}
	}
	maps.Copy(all, e.payload)
	if e.more != nil {
		maps.Copy(all, e.more())
	}
	return all
}

// repoOfEvent is a repository as a webhook has it: a push writes its times as
// numbers, and has two fields of its own.
func (s *Server) repoOfEvent(e event) object {
	shown := s.showRepo(e.repo)
	if e.name != "push" {
		return shown
	}
	shown["created_at"], shown["pushed_at"] = e.repo.since.Unix(), s.Now().Unix()
	shown["stargazers"], shown["master_branch"] = shown["stargazers_count"], shown["default_branch"]
	return shown
}

// showOrganization is an organisation as webhooks have it.
func (s *Server) showOrganization(u *user) object {
	api := s.api("/orgs/%s", u.login)
	return object{
		"login": u.login, "id": u.id, "node_id": node("O", u.id), "url": api, "repos_url": api + "/repos",
		"events_url": api + "/events", "hooks_url": api + "/hooks", "issues_url": api + "/issues",
		"members_url": api + "/members{/member}", "public_members_url": api + "/public_members{/member}",
		"avatar_url": s.showUser(u)["avatar_url"], "description": nil,
	}
}

// Tell sends a webhook of something that the stand-in does not model, such as
// ("merge_group", "checks_requested"), in the name of a person; action is ""
// for an event that has none. The payload is what the event has beyond action,
// repository, organization, installation and sender, and is held against
// GitHub's description all the same.
func (r *Repository) Tell(name, action, by string, payload map[string]any) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.happen(event{name: name, action: action, repo: r, by: r.server.person(by), payload: payload})
}

// acting is a call that nobody made over HTTP: what a person does by a method
// of the stand-in shows things as a call does.
func (r *Repository) acting(ctx context.Context, by *user) *call {
	return &call{Server: r.server, ctx: ctx, params: map[string]string{}, query: url.Values{}, by: caller{user: by}, repo: r}
}
