package forge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-github/v60/github"
)

// Commit is what a commit says, and what GitHub says of it.
type Commit struct {
	SHA, Tree         string
	Parents           []string
	Message           string
	Author, Committer Signature
	Verified          bool // GitHub holds its signature for good
	// Unchecked is set where GitHub could not check the signature just now:
	// later it may be Verified.
	Unchecked bool `json:",omitempty"`
	// Reason is GitHub's word for its verdict: "valid", "unsigned", "unknown_key", …
	Reason string `json:",omitempty"`
}

// Signature is who made a commit, and when, in the commit's own words. Account is
// the one that GitHub knows by the address; it is zero for a stranger's.
type Signature struct {
	Name, Email string
	At          time.Time
	Account     Account
}

// webFlow is GitHub's own account, as which it commits what it makes.
const webFlow = "web-flow"

// By says whether GitHub itself made and signed the commit in the name of an
// account, as it does for an App that names no author. What somebody pushes, or
// signs with a key of his own, is by nobody, whatever author it names. The id is
// the bot's, as the author of its pull requests has it, and stays when the App is
// renamed.
func (c Commit) By(account int64) bool {
	return c.Verified && account != 0 && c.Author.Account.ID == account && c.Committer.Account.Login == webFlow
}

// Commit reads one. Those with a good signature are remembered: they stay as they
// are.
func (r *Repo) Commit(ctx context.Context, sha string) (Commit, error) {
	if err := errors.Join(r.wrong, object(sha)); err != nil {
		return Commit{}, err
	}
	var commit Commit
	if _, kept := r.recall(ctx, "commit "+sha); json.Unmarshal(kept, &commit) == nil && commit.SHA == sha {
		return commit, nil
	}
	var got []*github.RepositoryCommit // a list has all but the changes, which may be huge
	_, err := r.ask(ctx, http.MethodGet, "/commits?per_page=1&sha="+sha, nil, &got)
	if err == nil && (len(got) != 1 || got[0].GetSHA() != sha || got[0].GetCommit().GetTree().GetSHA() == "") {
		err = &UnavailableError{"a commit", 0, errIncomplete}
	}
	if err == nil {
		commit = commitOf(got[0])
		err = r.keepForever(ctx, "commit "+sha, commit.Verified, commit)
	}
	if err != nil {
		return Commit{}, fmt.Errorf("reading commit %s of %s: %w", sha, r.ref, err)
	}
	return commit, nil
}

// Contains says whether a commit is in the history of a branch.
func (r *Repo) Contains(ctx context.Context, branch, sha string) (bool, error) {
	if err := errors.Join(r.wrong, object(sha)); err != nil {
		return false, err
	}
	var got struct {
		Status string `json:"status"` // of the branch, seen from the commit
	}
	// The first page has what differs, which may be huge.
	_, err := r.ask(ctx, http.MethodGet, "/compare/"+sha+"..."+url.PathEscape(branch)+"?per_page=1&page=2", nil, &got)
	switch {
	case errors.Is(err, ErrNotFound): // one of them, or a common history
		return false, nil
	case err != nil:
		return false, fmt.Errorf("comparing %s of %s with %s: %w", branch, r.ref, sha, err)
	}
	return got.Status == "ahead" || got.Status == "identical", nil
}

// forever is the ETag of what GitHub need not be asked for again.
const forever = "forever"

func (r *Repo) keepForever(ctx context.Context, name string, good bool, value any) error {
	if !good {
		return nil
	}
	return r.keep(ctx, name, forever, value)
}

func commitOf(got *github.RepositoryCommit) Commit {
	said := got.GetCommit()
	commit := Commit{
		SHA: got.GetSHA(), Tree: said.GetTree().GetSHA(), Message: said.GetMessage(),
		Author: signatureOf(said.Author, got.Author), Committer: signatureOf(said.Committer, got.Committer),
		Verified: said.GetVerification().GetVerified(), Unchecked: unchecked(said.GetVerification().GetReason()),
		Reason: quoted(said.GetVerification().GetReason()),
	}
	for _, parent := range got.Parents {
		commit.Parents = append(commit.Parents, parent.GetSHA())
	}
	return commit
}

// unchecked says whether GitHub names a reason for its verdict on a signature that
// passes.
func unchecked(reason string) bool {
	return reason == "gpgverify_unavailable" || reason == "gpgverify_error"
}

func signatureOf(a *github.CommitAuthor, u *github.User) Signature {
	return Signature{Name: a.GetName(), Email: a.GetEmail(), At: a.GetDate().Time, Account: accountOf(u)}
}

// CreateCommit makes a commit with one parent, on no branch. It names no author,
// so that GitHub signs it in the App's name. To make it once more after an
// *UnavailableError does no harm: what no branch leads to is seen by nobody.
func (r *Repo) CreateCommit(ctx context.Context, message, tree, parent string) (sha string, err error) {
	if err := errors.Join(object(tree), object(parent)); err != nil {
		return "", err
	}
	body := struct {
		Message string   `json:"message"`
		Tree    string   `json:"tree"`
		Parents []string `json:"parents"`
	}{message, tree, []string{parent}}
	sha, err = r.create(ctx, "/git/commits", body)
	if err != nil {
		return "", fmt.Errorf("making a commit on %s of %s: %w", parent, r.ref, err)
	}
	return sha, nil
}

// create makes a git object.
func (r *Repo) create(ctx context.Context, path string, body any) (sha string, err error) {
	var made struct {
		SHA string `json:"sha"`
	}
	if _, err = r.ask(with(ctx, manner{slow: true}), http.MethodPost, path, body, &made); err != nil {
		return "", err
	}
	if object(made.SHA) != nil {
		return "", &UnavailableError{"a new git object", 0, errIncomplete}
	}
	return made.SHA, nil
}
