package githubtest

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Repository is one of the server's.
type Repository struct {
	ID          int64
	Owner, Name string
	// Private is to be set before the first call.
	Private bool

	server   *Server
	git      *gitRepo
	owner    *user
	since    time.Time
	number   int // the last one of an issue or a pull request
	issues   map[int]*issue
	labels   map[string]*label
	checks   []*checkRun
	suites   map[string]int64 // by head commit
	statuses []*status
}

// AddRepository makes a repository whose default branch, main, has one commit
// with the files.
func (s *Server) AddRepository(fullName string, files map[string]string) *Repository {
	s.t.Helper()
	owner, name, _ := strings.Cut(fullName, "/")
	git, err := newGitRepo(context.WithoutCancel(s.t.Context()), filepath.Join(s.t.TempDir(), "repo.git"))
	if err != nil {
		s.t.Fatalf("making %s: %v", fullName, err)
	}
	s.mu.Lock()
	r := &Repository{
		ID: s.id(), Owner: owner, Name: name, server: s, git: git, owner: s.person(owner), since: s.Now(),
		issues: map[int]*issue{}, labels: map[string]*label{}, suites: map[string]int64{},
	}
	s.repos[strings.ToLower(fullName)] = r
	s.mu.Unlock()
	r.Commit("main", "Initial commit", files)
	return r
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
		parent = r.branch("main")
	}
	var changes []entry
	for path, text := range files {
		id, err := r.git.write(ctx, "blob", []byte(text))
		if err != nil {
			return "", err
		}
		changes = append(changes, entry{"100644", path, id})
	}
	in := commitText{message: message, author: r.person(r.owner)}
	base := ""
	if parent != "" {
		in.parents = []string{parent}
		base = parent
	}
	tree, err := r.git.edit(ctx, base, changes)
	if err != nil {
		return "", err
	}
	in.tree, in.committer = tree, in.author
	id, err := r.git.commit(ctx, in)
	if err != nil {
		return "", err
	}
	return id, r.move(ctx, r.owner, "refs/heads/"+branch, id)
}

func (r *Repository) person(u *user) signature { return signature{u.login, u.email(), r.server.Now()} }

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
		name = "main"
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

func getRepo(c *call) reply { return ok(c.showRepo(c.repo)) }

// showRepo has all that any of GitHub's several shapes of a repository needs.
func (s *Server) showRepo(r *Repository) object {
	shown := object{
		"id": r.ID, "node_id": node("R", r.ID), "name": r.Name, "full_name": r.FullName(), "owner": s.showUser(r.owner),
		"private": r.Private, "visibility": map[bool]string{true: "private", false: "public"}[r.Private],
		"html_url": r.html(""), "description": nil, "fork": false, "url": r.api(""),
		"git_url": "git:" + strings.TrimPrefix(r.CloneURL(), "http:"), "ssh_url": "git@github.test:" + r.FullName() + ".git",
		"clone_url": r.CloneURL(), "svn_url": r.html(""), "mirror_url": nil, "homepage": nil, "language": nil,
		"default_branch": "main", "license": nil, "archived": false, "disabled": false,
		"has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false, "has_downloads": false,
		"has_discussions": false, "allow_merge_commit": true, "allow_squash_merge": true, "allow_rebase_merge": true,
		"allow_auto_merge": false, "delete_branch_on_merge": false, "size": 1, "open_issues": r.openIssues(),
		"open_issues_count": r.openIssues(), "created_at": stamp(r.since), "updated_at": stamp(r.since),
		"pushed_at": stamp(r.since),
	}
	for _, count := range []string{
		"forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "network_count", "subscribers_count",
	} {
		shown[count] = 0
	}
	for name, path := range repoURLs() {
		shown[name] = r.api(path)
	}
	return shown
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
