package githubtest

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Repository is one of the server's.
type Repository struct {
	ID          int64
	Owner, Name string
	// Private is to be set before the first call. Internal is a private one that
	// all of an enterprise may read; the stand-in's people and Apps may not.
	Private, Internal bool

	server   *Server
	git      *gitRepo
	owner    *user
	since    time.Time
	number   int // the last one of an issue or a pull request
	issues   map[int]*issue
	labels   map[string]*label
	checks   []*checkRun
	suites   []*suite
	statuses []*status
	roles    map[*user]string
	authors  authors
	releases []*release
	settings

	parent          *Repository   // of a fork
	forks           []*Repository // those of it, deleted ones, too
	filled, deleted bool          // has, or had, a commit; is no more
	pushed, updated time.Time

	protections []*protection
	rulesets    []*Ruleset
	merging     Merging
	// races is how many merges more shall find that the base moved meanwhile;
	// duringMerge is called once during the next one.
	races       int
	duringMerge func()
	background  background
	// pushers is who pushed a branch last.
	pushers map[string]*user
	// pushes is how commits came, by their ids: the first push of each.
	pushes map[string]pushed
}

// AddRepository makes a repository whose default branch, main, has one commit
// with the files.
func (s *Server) AddRepository(fullName string, files map[string]string) *Repository {
	s.t.Helper()
	r := s.AddEmptyRepository(fullName)
	r.Commit("main", "Initial commit", files)
	return r
}

// AddEmptyRepository makes a repository without a commit, as it is just after
// somebody made it.
func (s *Server) AddEmptyRepository(fullName string) *Repository {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(fullName)
}

func (s *Server) add(fullName string) *Repository {
	s.t.Helper()
	git, err := newGitRepo(context.WithoutCancel(s.t.Context()), filepath.Join(s.t.TempDir(), "repo.git"), s.signing)
	if err != nil {
		s.t.Fatalf("making %s: %v", fullName, err)
	}
	return s.addWith(fullName, git)
}

func (s *Server) addWith(fullName string, git *gitRepo) *Repository {
	owner, name, _ := strings.Cut(fullName, "/")
	r := &Repository{
		ID: s.id(), Owner: owner, Name: name, server: s, git: git, owner: s.person(owner), since: s.Now(),
		pushed: s.Now(), updated: s.Now(), settings: settings{defaultBranch: "main"}, issues: map[int]*issue{}, labels: map[string]*label{},
		roles: map[*user]string{}, pushers: map[string]*user{}, pushes: map[string]pushed{},
		merging: Merging{AllowMergeCommit: true, AllowSquash: true, AllowRebase: true},
	}
	delete(s.renamed, strings.ToLower(fullName))
	s.repos[strings.ToLower(fullName)] = r
	return r
}

// allRepos is in the order in which they were made.
func (s *Server) allRepos() []*Repository {
	return slices.SortedFunc(maps.Values(s.repos), func(a, b *Repository) int { return cmp.Compare(a.ID, b.ID) })
}

// FullName is owner/name.
func (r *Repository) FullName() string { return r.Owner + "/" + r.Name }

// CloneURL is what git clones.
func (r *Repository) CloneURL() string { return r.server.URL + "/" + r.FullName() + ".git" }

// Commit puts a commit onto a branch, as a person's push would; a branch that
// is not there begins at main. It returns the commit's id.
func (r *Repository) Commit(branch, message string, files map[string]string) string {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	id, err := r.commit(r.server.t.Context(), branch, message, files)
	if err != nil {
		r.server.t.Fatalf("committing to %s: %v", branch, err)
	}
	return id
}

func (r *Repository) commit(ctx context.Context, branch, message string, files map[string]string) (string, error) {
	parent := r.branch(branch)
	if parent == "" {
		parent = r.branch(r.defaultBranch)
	}
	pushed := map[string]*File{}
	for path, text := range files {
		pushed[path] = Text(text)
	}
	id, err := r.build(ctx, r.owner, parent, message, pushed)
	if err != nil {
		return "", err
	}
	return id, r.move(ctx, r.owner, "refs/heads/"+branch, id)
}

func (r *Repository) person(u *user) signature {
	return signature{name: u.login, email: u.email(), at: r.server.Now()}
}

// Branch is the commit of a branch, "" when there is none.
func (r *Repository) Branch(name string) string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	return r.branch(name)
}

func (r *Repository) branch(name string) string { return r.resolve("refs/heads/" + name) }

// resolve is the commit that a ref, or a commit's id, stands for.
func (r *Repository) resolve(name string) string {
	o, err := r.git.readAs("commit", name)
	if err != nil {
		return ""
	}
	return o.id
}

// commitish is the commit of what callers may write for one: a branch, a tag,
// an id, a whole ref.
func (r *Repository) commitish(name string) string {
	if name == "" {
		name = r.defaultBranch
	}
	for _, candidate := range []string{"refs/heads/" + name, "refs/tags/" + name, "refs/" + name, name} {
		if id := r.resolve(candidate); id != "" {
			return id
		}
	}
	return ""
}

func (s *Server) find(fullName string) *Repository { return s.repos[strings.ToLower(fullName)] }

func (r *Repository) api(path string) string {
	return r.server.URL + apiPrefix + "/repos/" + r.FullName() + path
}

func (r *Repository) html(path string) string { return r.server.URL + "/" + r.FullName() + path }

// getRepo has more than lists: what a fork comes from, the account where it is
// an organisation, and what the caller may do.
func getRepo(c *call) reply {
	shown := c.showRepo(c.repo)
	if c.repo.owner.kind == "Organization" {
		shown["organization"] = c.showUser(c.repo.owner)
	}
	if c.repo.parent != nil && !c.repo.parent.deleted {
		shown["parent"], shown["source"] = c.listedRepo(c.repo.parent), c.listedRepo(c.repo.root())
	}
	if c.by.user != nil {
		shown["permissions"] = permissions(c.repo.role(c.by.user))
	}
	shown["custom_properties"], shown["temp_clone_token"], shown["use_squash_pr_title_as_default"] = object{}, "", false
	if !c.pushes() {
		withoutMerging(shown)
	}
	return ok(shown)
}

// showRepo has all that any of GitHub's several shapes of a repository needs.
func (s *Server) showRepo(r *Repository) object {
	shown := object{
		"id": r.ID, "node_id": node("R", r.ID), "name": r.Name, "full_name": r.FullName(), "owner": s.showUser(r.owner),
		"private": r.Private, "visibility": r.visibility(),
		"html_url": r.html(""), "description": r.shownDescription(), "fork": r.parent != nil, "is_template": r.template, "url": r.api(""),
		"git_url": "git:" + strings.TrimPrefix(r.CloneURL(), "http:"), "ssh_url": "git@github.test:" + r.FullName() + ".git",
		"clone_url": r.CloneURL(), "svn_url": r.html(""), "mirror_url": nil, "homepage": nil, "language": nil,
		"default_branch": r.defaultBranch, "license": nil, "archived": r.archived, "disabled": r.disabled,
		"has_issues": !r.noIssues, "has_projects": false, "has_wiki": false, "has_pages": false, "has_downloads": false,
		"has_discussions": false, "has_pull_requests": true, "pull_request_creation_policy": "all", "allow_forking": true, "topics": []string{}, "web_commit_signoff_required": false, "size": 1, "open_issues": r.openIssues(),
		"open_issues_count": r.openIssues(), "created_at": stamp(r.since), "updated_at": stamp(r.updated),
		"pushed_at": stamp(r.pushed),
	}
	for _, count := range []string{
		"forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "network_count", "subscribers_count",
	} {
		shown[count] = 0
	}
	forks := r.liveForks()
	shown["forks"], shown["forks_count"], shown["network_count"] = forks, forks, forks
	maps.Copy(shown, r.merging.show())
	for name, path := range repoURLs() {
		shown[name] = r.api(path)
	}
	return shown
}

func (r *Repository) visibility() string {
	switch {
	case !r.Private:
		return "public"
	case r.Internal:
		return "internal"
	}
	return "private"
}

func (r *Repository) openIssues() int {
	n := 0
	for _, i := range r.issues {
		if i.state == "open" {
			n++
		}
	}
	return n
}

// repoURLs is where a repository's parts lie under it.
func repoURLs() map[string]string {
	urls := map[string]string{
		"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
		"branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}",
		"comments_url": "/comments{/number}", "commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}",
		"contents_url": "/contents/{+path}", "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}",
		"git_tags_url": "/git/tags{/sha}", "issue_comment_url": "/issues/comments{/number}",
		"issue_events_url": "/issues/events{/number}", "issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}",
		"labels_url": "/labels{/name}", "milestones_url": "/milestones{/number}",
		"notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
		"releases_url": "/releases{/id}", "statuses_url": "/statuses/{sha}", "trees_url": "/git/trees{/sha}",
	}
	plain := []string{
		"contributors", "deployments", "downloads", "events", "forks", "hooks", "languages", "merges", "stargazers",
		"subscribers", "subscription", "tags", "teams",
	}
	for _, name := range plain {
		urls[name+"_url"] = "/" + name
	}
	return urls
}

// refs is the names of all refs under one, in order.
func (r *Repository) refs(ctx context.Context, under string) ([]string, error) {
	names, err := r.git.lines(ctx, "for-each-ref", "--format=%(refname)", under)
	slices.Sort(names)
	return names, err
}
