package githubtest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
)

// act is a call of the API by a person, without HTTP: the same code, the same
// permission, the same events. A refusal fails the test.
func (r *Repository) act(login, operation string, params map[string]string, body object) object {
	r.server.t.Helper()
	s := r.server
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatalf("%s: %v", operation, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := r.acting(s.t.Context(), s.person(login))
	c.operation, c.params, c.body = operation, params, text
	c.params["owner"], c.params["repo"] = r.Owner, r.Name
	answer := c.permitted(s.table[operation])
	if answer.status >= http.StatusMultipleChoices {
		s.t.Fatalf("%s by %s: %d %s", operation, login, answer.status, encode(answer).bytes)
	}
	shown, _ := answer.body.(object)
	return shown
}

func onIssue(number int) map[string]string {
	return map[string]string{"issue_number": strconv.Itoa(number)}
}

func onPull(number int) map[string]string {
	return map[string]string{"pull_number": strconv.Itoa(number)}
}

func onComment(id int64) map[string]string {
	return map[string]string{"comment_id": strconv.FormatInt(id, 10)}
}

// Comment writes below an issue or a pull request, and returns the comment's id.
func (r *Repository) Comment(number int, login, body string) int64 {
	r.server.t.Helper()
	id, _ := r.act(login, "issues/create-comment", onIssue(number), object{"body": body})["id"].(int64)
	return id
}

// EditComment rewrites a comment.
func (r *Repository) EditComment(id int64, login, body string) {
	r.server.t.Helper()
	r.act(login, "issues/update-comment", onComment(id), object{"body": body})
}

// DeleteComment takes a comment away.
func (r *Repository) DeleteComment(id int64, login string) {
	r.server.t.Helper()
	r.act(login, "issues/delete-comment", onComment(id), nil)
}

// OpenIssue returns the issue's number.
func (r *Repository) OpenIssue(login, title, body string) int {
	r.server.t.Helper()
	number, _ := r.act(login, "issues/create", map[string]string{}, object{"title": title, "body": body})["number"].(int)
	return number
}

// EditIssueBody rewrites the body of an issue or a pull request, as who ticks a
// box in it does.
func (r *Repository) EditIssueBody(number int, login, body string) {
	r.server.t.Helper()
	r.act(login, "issues/update", onIssue(number), object{"body": body})
}

// EditIssueTitle renames an issue or a pull request.
func (r *Repository) EditIssueTitle(number int, login, title string) {
	r.server.t.Helper()
	r.act(login, "issues/update", onIssue(number), object{"title": title})
}

// CloseIssue closes an issue.
func (r *Repository) CloseIssue(number int, login string) {
	r.server.t.Helper()
	r.act(login, "issues/update", onIssue(number), object{"state": "closed"})
}

// ReopenIssue opens it again.
func (r *Repository) ReopenIssue(number int, login string) {
	r.server.t.Helper()
	r.act(login, "issues/update", onIssue(number), object{"state": "open"})
}

// OpenPull opens a pull request, head as "branch" or "owner:branch", and returns
// its number.
func (r *Repository) OpenPull(login, title, head, base string) int {
	r.server.t.Helper()
	number, _ := r.act(login, "pulls/create", map[string]string{}, object{"title": title, "head": head, "base": base})["number"].(int)
	return number
}

// ClosePull closes a pull request without merging it.
func (r *Repository) ClosePull(number int, login string) {
	r.server.t.Helper()
	r.act(login, "pulls/update", onPull(number), object{"state": "closed"})
}

// ReopenPull opens it again.
func (r *Repository) ReopenPull(number int, login string) {
	r.server.t.Helper()
	r.act(login, "pulls/update", onPull(number), object{"state": "open"})
}

// MergePull merges by "merge", "squash" or "rebase", and returns the commit that
// the base is at.
func (r *Repository) MergePull(number int, login, method string) string {
	r.server.t.Helper()
	sha, _ := r.act(login, "pulls/merge", onPull(number), object{"merge_method": method})["sha"].(string)
	return sha
}

// Label puts labels onto an issue or a pull request.
func (r *Repository) Label(number int, login string, names ...string) {
	r.server.t.Helper()
	r.act(login, "issues/add-labels", onIssue(number), object{"labels": names})
}

// Unlabel takes labels off.
func (r *Repository) Unlabel(number int, login string, names ...string) {
	r.server.t.Helper()
	for _, name := range names {
		params := onIssue(number)
		params["name"] = name
		r.act(login, "issues/remove-label", params, nil)
	}
}

// DeleteBranch removes a branch, as the button on a merged pull request does.
func (r *Repository) DeleteBranch(branch, login string) {
	r.server.t.Helper()
	r.act(login, "git/delete-ref", map[string]string{"ref": "heads/" + branch}, nil)
}

// File is one as a push leaves it.
type File struct {
	// Mode is git's: "100644", "100755", "120000" for a symbolic link,
	// "160000" for a submodule.
	Mode string
	// Content is the text, the link's target, or the submodule's commit.
	Content string
}

// Text is an ordinary file.
func Text(content string) *File { return &File{"100644", content} }

// Executable is a file with the executable bit.
func Executable(content string) *File { return &File{"100755", content} }

// Symlink is a symbolic link.
func Symlink(target string) *File { return &File{"120000", target} }

// Submodule is another repository's commit.
func Submodule(commit string) *File { return &File{"160000", commit} }

// Push puts a commit onto a branch; one that is not there begins at the default
// branch. A nil file is removed. It returns the commit's id.
func (r *Repository) Push(branch, login, message string, files map[string]*File) string {
	r.server.t.Helper()
	return r.push(branch, login, func(ctx context.Context, by *user) (string, error) {
		parent := r.branch(branch)
		if parent == "" {
			parent = r.branch(r.defaultBranch)
		}
		return r.build(ctx, by, parent, message, files)
	})
}

// ForcePush makes a branch one commit upon from: a branch, a tag or an id.
func (r *Repository) ForcePush(branch, login, from, message string, files map[string]*File) string {
	r.server.t.Helper()
	return r.push(branch, login, func(ctx context.Context, by *user) (string, error) {
		return r.build(ctx, by, r.commitish(from), message, files)
	})
}

func (r *Repository) push(branch, login string, build func(context.Context, *user) (string, error)) string {
	r.server.t.Helper()
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, by := s.t.Context(), s.person(login)
	if refusal := r.refusePush(by); refusal != "" {
		s.t.Fatalf("pushing to %s: %s", branch, refusal)
	}
	id, err := build(ctx, by)
	if err != nil {
		s.t.Fatalf("pushing to %s: %v", branch, err)
	}
	if err := r.move(ctx, by, "refs/heads/"+branch, id); err != nil {
		s.t.Fatalf("pushing to %s: %v", branch, err)
	}
	return id
}

// build writes a commit.
func (r *Repository) build(ctx context.Context, by *user, parent, message string, files map[string]*File) (string, error) {
	var changes []entry
	for path, file := range files {
		change := entry{name: path}
		switch {
		case file == nil:
		case file.Mode == "160000":
			change.mode, change.id = file.Mode, file.Content
		default:
			id, err := r.git.write(ctx, "blob", []byte(file.Content))
			if err != nil {
				return "", err
			}
			change.mode, change.id = file.Mode, id
		}
		changes = append(changes, change)
	}
	in := commitText{message: message, author: r.person(by), committer: r.person(by)}
	if parent != "" {
		in.parents = []string{parent}
	}
	tree, err := r.git.edit(ctx, parent, changes)
	if err != nil {
		return "", err
	}
	in.tree = tree
	return r.git.commit(ctx, in)
}
