// Package handlers decodes what GitHub tells by webhooks: one file an event, each
// of which says which repositories are to be looked at, and what became of
// installations and repositories. It decides from the payload alone and calls
// nobody: what happened is read again by the look.
//
// It may import its sub-packages and config.
package handlers

import (
	"encoding/json"
	"fmt"
	"strings"
)

// News is what an event says. Its zero value says nothing.
type News struct {
	// InstallationID is whose the event is; 0 where it tells none.
	InstallationID int64
	// Account is the owner of the installation, or of the repository.
	Account string

	// Installed is the installation as it is now, with all its repositories
	// where they were told; nil where it did not change.
	Installed *Installed
	// Uninstalled is set when the installation is no more.
	Uninstalled bool
	// Added are repositories that came.
	Added []Repository
	// Removed are the ids of those that left.
	Removed []int64

	// Repository is the one that it is about; its ID is 0 where there is none.
	Repository Repository
	// Look is set where Repository is to be looked at.
	Look bool
	// LookAtAll wants all repositories of the installation to be looked at, when
	// there is time.
	LookAtAll bool
	// Branch is the branch that it is about: the look is wanted only where
	// that one matters to us. "" means that it matters anyway.
	Branch string
	// Person is set where somebody waits for the answer.
	Person bool
	// Edited is set where a person edited the text of an issue of the App's.
	Edited *Edited
	// Images are those of which registries have news.
	Images []Image
	// Ignored says why nothing is to be done; "" where something is.
	Ignored string
}

// Installed is an installation.
type Installed struct {
	AccountID   int64
	Suspended   bool
	Permissions map[string]string
}

// Repository is one that an installation has. Of those that came with the
// installation no more than the names are told, and DefaultBranch is "".
type Repository struct {
	ID             int64
	Owner, Name    string
	DefaultBranch  string
	Archived, Fork bool
}

// Edited is an issue's body before and after an edit.
type Edited struct {
	Number     int
	From, Body string
}

// Image is a repository of a registry, as references spell it out.
type Image struct{ Registry, Path string }

// Decoder decodes events.
type Decoder struct {
	// Bot is the App's own login, "name[bot]": what it did itself is no news.
	Bot string
}

// envelope is what the events have in common. All of it may be missing.
type envelope struct {
	Action       string `json:"action"`
	Installation struct {
		ID int64 `json:"id"`
	} `json:"installation"`
	Repository repository `json:"repository"`
	Sender     account    `json:"sender"`
}

type account struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"`
}

type repository struct {
	ID            int64   `json:"id"`
	Name          string  `json:"name"`
	FullName      string  `json:"full_name"`
	Owner         account `json:"owner"`
	DefaultBranch string  `json:"default_branch"`
	Archived      bool    `json:"archived"`
	Fork          bool    `json:"fork"`
}

func (r repository) known() Repository {
	owner, _, _ := strings.Cut(r.FullName, "/")
	if r.Owner.Login != "" {
		owner = r.Owner.Login
	}
	return Repository{ID: r.ID, Owner: owner, Name: r.Name, DefaultBranch: r.DefaultBranch, Archived: r.Archived, Fork: r.Fork}
}

// event decodes one kind of event into the news that has the common part.
type event struct {
	decode func(d *Decoder, e envelope, body []byte, n *News) error
	// ours is set where also what the App did itself is news, or the sender does
	// not say who did it.
	ours bool
}

// events are those that the App subscribes to.
func events() map[string]event {
	return map[string]event{
		"installation":               {installation, true},
		"installation_repositories":  {installationRepositories, true},
		"push":                       {push, false},
		"pull_request":               {pullRequest, false},
		"pull_request_review":        {pullRequestReview, false},
		"pull_request_review_thread": {pullRequestReview, false}, // resolved, or not any more
		"issue_comment":              {issueComment, false},
		"issues":                     {issues, false},
		"check_run":                  {checkRun, true},
		"check_suite":                {checkSuite, true},
		"status":                     {status, false},
		"repository":                 {repositoryEvent, true},
		"registry_package":           {registryPackage, false},
		"package":                    {registryPackage, false},
		"branch_protection_rule":     {protection, false},
		"repository_ruleset":         {protection, false},
		"merge_group":                {mergeGroup, false},
	}
}

// Events are the names of the events that Decode knows.
func Events() []string {
	names := make([]string, 0, len(events()))
	for name := range events() {
		names = append(names, name)
	}
	return names
}

// ownDeed is why the App does not look at what it did.
const ownDeed = "the App did it itself"

// Decode says what an event of a kind tells. The error is a body that is not what
// GitHub sends.
func (d *Decoder) Decode(kind string, body []byte) (News, error) {
	known, is := events()[kind]
	if !is {
		return News{Ignored: "the event is not known"}, nil
	}
	var e envelope
	if err := decode(kind, body, &e); err != nil {
		return News{}, err
	}
	n := News{InstallationID: e.Installation.ID, Repository: e.Repository.known()}
	n.Account = n.Repository.Owner
	if e.Sender.Login == d.Bot && d.Bot != "" && !known.ours {
		return n, n.ignore(ownDeed)
	}
	if err := known.decode(d, e, body, &n); err != nil {
		return News{}, err
	}
	return n, nil
}

func decode(kind string, body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decoding the event %s: %w", kind, err)
	}
	return nil
}

// ignore is for what is no news.
func (n *News) ignore(why string) error {
	n.Ignored = why
	return nil
}

// look wants the event's repository to be looked at.
func (n *News) look(e envelope) error {
	if e.Repository.ID == 0 {
		return n.ignore("it names no repository")
	}
	n.Look = true
	return nil
}

// lookFor is look for what happened to a branch.
func (n *News) lookFor(e envelope, branch string) error {
	if branch == "" {
		return n.ignore("it is about no branch")
	}
	n.Branch = branch
	return n.look(e)
}
