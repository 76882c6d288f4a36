package githubtest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// signature is who made a commit, and when.
type signature struct {
	name, email string
	at          time.Time
	// flow is set where GitHub itself commits, which it signs. What merely
	// calls itself so has it not.
	flow bool
}

// commitText is a commit as git stores it.
type commitText struct {
	tree              string
	parents           []string
	author, committer signature
	message           string
	signed            string // the signature
}

// commit writes a commit object. It is not made by commit-tree because GitHub
// keeps a message to the byte, without a line feed at its end.
func (g *gitRepo) commit(ctx context.Context, in commitText) (string, error) {
	for _, by := range []signature{in.author, in.committer} {
		if strings.ContainsAny(by.name+by.email, "<>\n\x00") {
			return "", fmt.Errorf("a commit by %q: %w", by.name, errUnsound)
		}
	}
	text := in.unsigned()
	if in.committer.flow && g.key != nil {
		in.signed = g.sign(text)
	}
	if in.signed != "" {
		head, message, _ := strings.Cut(text, "\n\n")
		text = head + "\ngpgsig " + strings.ReplaceAll(in.signed, "\n", "\n ") + "\n\n" + message
	}
	return g.write(ctx, "commit", []byte(text))
}

// unsigned is the commit but for its signature, which is of this text.
func (t commitText) unsigned() string {
	var text strings.Builder
	fmt.Fprintf(&text, "tree %s\n", t.tree)
	for _, parent := range t.parents {
		fmt.Fprintf(&text, "parent %s\n", parent)
	}
	fmt.Fprintf(&text, "author %s\ncommitter %s\n\n%s", t.author.line(), t.committer.line(), t.message)
	return text.String()
}

func (s signature) line() string {
	return fmt.Sprintf("%s <%s> %d +0000", s.name, s.email, s.at.Unix())
}

func (s signature) show() object {
	return object{"name": s.name, "email": s.email, "date": stamp(s.at)}
}

func parseSignature(line string) signature {
	name, rest, _ := strings.Cut(line, " <")
	email, date, _ := strings.Cut(rest, "> ")
	seconds, _, _ := strings.Cut(date, " ")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		at = 0
	}
	return signature{name: name, email: email, at: time.Unix(at, 0)}
}

// readCommit is the commit of an id.
func (g *gitRepo) readCommit(id string) (commitText, error) {
	o, err := g.readAs("commit", id)
	if err != nil {
		return commitText{}, err
	}
	head, message, _ := strings.Cut(string(o.data), "\n\n")
	found := commitText{message: message}
	head, found.signed = cutSignature(head)
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			found.tree = value
		case "parent":
			found.parents = append(found.parents, value)
		case "author":
			found.author = parseSignature(value)
		case "committer":
			found.committer = parseSignature(value)
		}
	}
	return found, nil
}

func (r *Repository) showGitCommit(id string, t commitText) object {
	return object{
		"sha": id, "node_id": node("C", id), "url": r.api("/git/commits/" + id), "html_url": r.html("/commit/" + id),
		"author": t.author.show(), "committer": t.committer.show(), "message": t.message,
		"tree":    object{"sha": t.tree, "url": r.api("/git/trees/" + t.tree)},
		"parents": r.showParents(t, "/git/commits/"), "verification": r.git.verification(t),
	}
}

func (r *Repository) showParents(t commitText, under string) []object {
	shown := []object{}
	for _, p := range t.parents {
		shown = append(shown, object{"sha": p, "url": r.api(under + p), "html_url": r.html("/commit/" + p)})
	}
	return shown
}

func (r *Repository) showCommit(id string) object {
	t, err := r.git.readCommit(id)
	if err != nil {
		return object{}
	}
	return object{
		"sha": id, "node_id": node("C", id), "url": r.api("/commits/" + id), "html_url": r.html("/commit/" + id),
		"comments_url": r.api("/commits/" + id + "/comments"), "author": r.account(t.author), "committer": r.account(t.committer),
		"parents": r.showParents(t, "/commits/"),
		"commit": object{
			"url": r.api("/git/commits/" + id), "author": t.author.show(), "committer": t.committer.show(),
			"message": t.message, "comment_count": 0, "verification": r.git.verification(t),
			"tree": object{"sha": t.tree, "url": r.api("/git/trees/" + t.tree)},
		},
	}
}

// account is the user of an address, null for a stranger's. In the addresses that
// GitHub gives it is the number that counts: they hold when a login changes.
func (r *Repository) account(s signature) any {
	if s.email == r.server.webFlow().email {
		return r.server.showUser(r.server.person("web-flow"))
	}
	id, rest, _ := strings.Cut(s.email, "+")
	_, given := strings.CutSuffix(rest, "@users.noreply.github.com")
	for _, u := range r.server.users {
		if given && strconv.FormatInt(u.id, 10) == id {
			return r.server.showUser(u)
		}
	}
	return nil
}

func getGitCommit(c *call) reply {
	t, err := c.repo.git.readCommit(c.params["commit_sha"])
	if err != nil {
		return notFound()
	}
	return ok(c.repo.showGitCommit(c.params["commit_sha"], t))
}

// webFlow is GitHub as the committer of what it makes, and signs.
func (s *Server) webFlow() signature { return signature{"GitHub", "noreply@github.com", s.Now(), true} }

// emptyTree is what the first commit is compared with; git knows it unwritten.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// broken is an answer that should not be: git did not do what it was told.
func broken(err error) reply { return failure(http.StatusInternalServerError, "%v", err) }

func listCommits(c *call) reply {
	start := c.repo.commitish(c.query.Get("sha"))
	if start == "" {
		return notFound()
	}
	args := []string{"rev-list", start}
	if path := c.query.Get("path"); path != "" {
		args = append(args, "--", path)
	}
	ids, err := c.repo.git.lines(c.ctx, args...)
	if err != nil {
		return broken(err)
	}
	return paged(c, "/repos/"+c.repo.FullName()+"/commits", ids, c.repo.showCommit)
}

func getCommit(c *call) reply {
	id := c.repo.commitish(c.params["ref"])
	if id == "" {
		return failure(http.StatusUnprocessableEntity, "No commit found for SHA: %s", c.params["ref"])
	}
	if strings.HasSuffix(c.accept, "github.v3.sha") || strings.HasSuffix(c.accept, "github.sha") {
		return reply{status: http.StatusOK, body: []byte(id), header: http.Header{"Content-Type": {"application/vnd.github.sha"}}}
	}
	shown := c.repo.showCommit(id)
	before := emptyTree
	if t, err := c.repo.git.readCommit(id); err == nil && len(t.parents) > 0 {
		before = t.parents[0]
	}
	files, err := c.repo.changes(c.ctx, before, id)
	if err != nil {
		return broken(err)
	}
	shown["files"], shown["stats"] = c.repo.showChanges(files, id), stats(files)
	return ok(shown)
}
