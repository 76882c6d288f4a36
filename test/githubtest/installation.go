package githubtest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Installation is the App on an account.
type Installation struct {
	ID      int64
	Account string

	server      *Server
	account     *user
	permissions map[string]string
	repos       []*Repository // the selected ones
	all         bool          // of the account, those to come included
	since       time.Time
	suspended   bool
	suspendedAt time.Time
	deleted     bool
}

// Install puts the App on an account, with permissions such as
// {"contents": "write"}, for the repositories given.
func (s *Server) Install(account string, permissions map[string]string, repos ...*Repository) *Installation {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := &Installation{
		ID: s.id(), Account: account, server: s, account: s.person(account), permissions: maps.Clone(permissions),
		repos: slices.Clone(repos), since: s.Now(),
	}
	s.installs[i.ID] = i
	i.lives("created", object{"repositories": named(i.repositories()), "requester": nil})
	return i
}

// Suspend stops the installation's calls, or lets them go on.
func (i *Installation) Suspend(suspended bool) {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	if i.suspended == suspended {
		return
	}
	i.suspended, i.suspendedAt = suspended, i.server.Now()
	i.lives(map[bool]string{true: "suspend", false: "unsuspend"}[suspended], object{"repositories": named(i.repositories())})
}

// Uninstall takes the App from the account for good: its tokens are bad from
// now on, and no event but that of the uninstalling is sent.
func (i *Installation) Uninstall() {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	if i.deleted {
		return
	}
	i.lives("deleted", object{"repositories": named(i.repositories())})
	i.deleted = true
}

// AcceptPermissions is the owner's yes to other permissions. What they no
// longer have bites tokens at once, what is new needs a new token.
func (i *Installation) AcceptPermissions(permissions map[string]string) {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	i.permissions = maps.Clone(permissions)
	i.lives("new_permissions_accepted", object{"repositories": named(i.repositories())})
}

// AddTo gives the installation more repositories of its account.
func (i *Installation) AddTo(repos ...*Repository) {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	added := slices.DeleteFunc(slices.Clone(repos), i.covers)
	i.repos = append(i.repos, added...)
	i.selects("added", added)
}

// AddToAll gives the installation all repositories of its account, those to
// come included.
func (i *Installation) AddToAll() {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	before := i.repositories()
	i.all = true
	i.selects("added", slices.DeleteFunc(i.repositories(), func(r *Repository) bool { return slices.Contains(before, r) }))
}

// RemoveFrom takes repositories from the installation; one that had all has
// the others selected afterwards.
func (i *Installation) RemoveFrom(repos ...*Repository) {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	i.repos, i.all = i.repositories(), false
	removed := slices.DeleteFunc(slices.Clone(repos), func(r *Repository) bool { return !slices.Contains(i.repos, r) })
	i.repos = slices.DeleteFunc(i.repos, func(r *Repository) bool { return slices.Contains(removed, r) })
	i.selects("removed", removed)
}

// covers says whether the App is on a repository.
func (i *Installation) covers(r *Repository) bool {
	return r != nil && (slices.Contains(i.repos, r) || (i.all && r.owner == i.account))
}

// repositories is those that the App is on, by their age.
func (i *Installation) repositories() []*Repository {
	var found []*Repository
	for _, r := range i.server.allRepos() {
		if i.covers(r) {
			found = append(found, r)
		}
	}
	return found
}

// installations is those that are on the repository.
func (r *Repository) installations() []*Installation {
	var found []*Installation
	for _, id := range slices.Sorted(maps.Keys(r.server.installs)) {
		if i := r.server.installs[id]; !i.deleted && i.covers(r) {
			found = append(found, i)
		}
	}
	return found
}

func (i *Installation) selection() string {
	return map[bool]string{true: "all", false: "selected"}[i.all]
}

// lives tells the App of its own life.
func (i *Installation) lives(action string, payload object) {
	payload["installation"] = i.server.showInstallation(i)
	i.server.happen(event{name: "installation", action: action, install: i, by: i.account, payload: payload})
}

// selects tells the App which repositories it got or lost.
func (i *Installation) selects(action string, repos []*Repository) {
	if len(repos) == 0 {
		return
	}
	payload := object{
		"installation": i.server.showInstallation(i), "repository_selection": i.selection(), "requester": nil,
		"repositories_added": []object{}, "repositories_removed": []object{},
	}
	payload["repositories_"+action] = named(repos)
	i.server.happen(event{name: "installation_repositories", action: action, install: i, by: i.account, payload: payload})
}

// named is repositories as those events have them.
func named(repos []*Repository) []object {
	shown := []object{}
	for _, r := range repos {
		shown = append(shown, object{
			"id": r.ID, "node_id": node("R", r.ID), "name": r.Name, "full_name": r.FullName(), "private": r.Private,
		})
	}
	return shown
}

func (s *Server) showInstallation(i *Installation) object {
	shown := object{
		"id": i.ID, "account": s.showUser(i.account), "repository_selection": i.selection(),
		"access_tokens_url": s.api("/app/installations/%d/access_tokens", i.ID),
		"repositories_url":  s.api("/installation/repositories"),
		"html_url":          s.settingsPage(i),
		"app_id":            s.App.ID, "client_id": s.App.ClientID, "app_slug": s.App.Slug, "target_id": i.account.id,
		"target_type": i.account.kind, "permissions": i.permissions, "events": s.hears(),
		"created_at": exactly(i.since), "updated_at": exactly(i.since),
		"single_file_name": nil, "has_multiple_single_files": false, "single_file_paths": []string{},
		"suspended_by": nil, "suspended_at": nil,
	}
	if i.suspended {
		shown["suspended_by"], shown["suspended_at"] = s.showUser(i.account), stamp(i.suspendedAt)
	}
	return shown
}

func (s *Server) settingsPage(i *Installation) string {
	page := fmt.Sprintf("/settings/installations/%d", i.ID)
	if i.account.kind == "Organization" {
		page = "/organizations/" + i.account.login + page
	}
	return s.URL + page
}

// exactly is a time as GitHub writes those of an installation.
func exactly(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
