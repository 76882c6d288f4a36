package githubtest

import (
	"slices"
	"strings"
)

// settings is what an admin may change of a repository.
type settings struct {
	defaultBranch, description             string
	archived, disabled, noIssues, template bool
	noDrafts                               bool
}

func (r *Repository) shownDescription() any {
	if r.description == "" {
		return nil
	}
	return r.description
}

// set changes a repository as an admin does on its settings page, and tells of
// it by an event, if there is one.
func (r *Repository) set(login, action string, changes object, change func()) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	change()
	r.updated = r.server.Now()
	if action == "" {
		return
	}
	e := event{name: "repository", action: action, repo: r, by: r.server.person(login), payload: object{}}
	if changes != nil {
		e.payload["changes"] = changes
	}
	r.server.happen(e)
}

// SetDefaultBranch makes another branch the default one.
func (r *Repository) SetDefaultBranch(login, branch string) {
	r.server.t.Helper()
	was := object{"default_branch": object{"from": r.DefaultBranch()}}
	r.set(login, "edited", was, func() {
		if r.filled && r.branch(branch) == "" {
			r.server.t.Fatalf("%s has no branch %s", r.FullName(), branch)
		}
		if _, err := r.git.run(r.server.t.Context(), nil, "symbolic-ref", "HEAD", "refs/heads/"+branch); err != nil {
			r.server.t.Fatalf("making %s the default: %v", branch, err)
		}
		r.defaultBranch = branch
	})
}

// DefaultBranch is the name of the branch.
func (r *Repository) DefaultBranch() string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	return r.defaultBranch
}

// SetDescription changes the line that stands beside the name.
func (r *Repository) SetDescription(login, text string) {
	r.set(login, "edited", object{"description": object{"from": r.description}}, func() { r.description = text })
}

// SetPrivate hides the repository, or shows it to all.
func (r *Repository) SetPrivate(login string, private bool) {
	action := map[bool]string{true: "privatized", false: "publicized"}[private]
	r.set(login, action, nil, func() { r.Private = private })
}

// Archive makes the repository read-only, or ends that.
func (r *Repository) Archive(login string, archived bool) {
	action := map[bool]string{true: "archived", false: "unarchived"}[archived]
	r.set(login, action, nil, func() { r.archived = archived })
}

// Disable is what GitHub itself does, for abuse or want of money.
func (r *Repository) Disable(disabled bool) { r.set("", "", nil, func() { r.disabled = disabled }) }

// SetDrafts says whether pull requests may be drafts, which the plan of an account
// decides for its private repositories.
func (r *Repository) SetDrafts(may bool) { r.set("", "", nil, func() { r.noDrafts = !may }) }

// SetIssues says whether the repository has issues; pull requests stay.
func (r *Repository) SetIssues(has bool) { r.set("", "", nil, func() { r.noIssues = !has }) }

// SetTemplate says whether others are made after the repository.
func (r *Repository) SetTemplate(template bool) { r.set("", "", nil, func() { r.template = template }) }

// Rename gives the repository another name; the old one leads to the new one
// until somebody takes it.
func (r *Repository) Rename(login, name string) {
	was := object{"repository": object{"name": object{"from": r.Name}}}
	r.set(login, "renamed", was, func() { r.place(r.Owner, name) })
}

// Transfer gives the repository to another account. An installation on the old
// one has it no more.
func (r *Repository) Transfer(login, owner string) {
	r.server.mu.Lock()
	kind := map[bool]string{true: "organization", false: "user"}[r.owner.kind == "Organization"]
	was := object{"owner": object{"from": object{kind: r.server.showUser(r.owner)}}}
	r.server.mu.Unlock()
	r.set(login, "transferred", was, func() {
		had := r.installations()
		r.place(owner, r.Name)
		r.owner = r.server.person(owner)
		r.leave(func(i *Installation) bool { return i.account != r.owner })
		for _, i := range had {
			if !i.covers(r) {
				i.selects("removed", []*Repository{r})
			}
		}
	})
}

// place puts the repository under another full name.
func (r *Repository) place(owner, name string) {
	old := strings.ToLower(r.FullName())
	delete(r.server.repos, old)
	r.server.renamed[old] = r
	r.Owner, r.Name = owner, name
	delete(r.server.renamed, strings.ToLower(r.FullName()))
	r.server.repos[strings.ToLower(r.FullName())] = r
}

// leave takes the repository from installations.
func (r *Repository) leave(from func(*Installation) bool) {
	for _, i := range r.server.installs {
		if from(i) {
			i.repos = slices.DeleteFunc(i.repos, func(have *Repository) bool { return have == r })
		}
	}
}

// Delete takes the repository away. The event comes before the installations
// lose it, or nobody would be told.
func (r *Repository) Delete(login string) {
	r.set(login, "deleted", nil, func() { r.deleted = true })
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	delete(r.server.repos, strings.ToLower(r.FullName()))
	r.server.gone = append(r.server.gone, r)
	r.leave(func(*Installation) bool { return true })
}
