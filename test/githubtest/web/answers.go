package web

import (
	"strings"
	"time"
)

// What follows is GitHub's answers, as much of them as is shown.

type account struct {
	Login string `json:"login"`
	Type  string `json:"type"`
}

// Name is the login, which an App shares with its bot.
func (a account) Name() string { return strings.TrimSuffix(a.Login, "[bot]") }

// Bot says whether it is an App.
func (a account) Bot() bool { return a.Type == "Bot" }

type repository struct {
	FullName      string  `json:"full_name"`
	Name          string  `json:"name"`
	Owner         account `json:"owner"`
	Description   string  `json:"description"`
	Private       bool    `json:"private"`
	Archived      bool    `json:"archived"`
	DefaultBranch string  `json:"default_branch"`
	// Issues and Pulls are how many are open.
	Issues int `json:"-"`
	Pulls  int `json:"-"`
}

type label struct {
	Name  string `json:"name"`
	Color string `json:"color"`
}

type reactions map[string]any

type issue struct {
	Number      int        `json:"number"`
	Title       string     `json:"title"`
	Body        string     `json:"body"`
	State       string     `json:"state"`
	User        account    `json:"user"`
	Labels      []label    `json:"labels"`
	Assignees   []account  `json:"assignees"`
	Comments    int        `json:"comments"`
	CreatedAt   time.Time  `json:"created_at"`
	ClosedAt    *time.Time `json:"closed_at"`
	ClosedBy    *account   `json:"closed_by"`
	Reactions   reactions  `json:"reactions"`
	PullRequest *struct{}  `json:"pull_request"`
}

type side struct {
	Label string      `json:"label"`
	Ref   string      `json:"ref"`
	SHA   string      `json:"sha"`
	Repo  *repository `json:"repo"`
}

type pull struct {
	issue

	Draft          bool       `json:"draft"`
	Merged         bool       `json:"merged"`
	MergedAt       *time.Time `json:"merged_at"`
	MergedBy       *account   `json:"merged_by"`
	MergeCommit    string     `json:"merge_commit_sha"`
	Head           side       `json:"head"`
	Base           side       `json:"base"`
	Mergeable      *bool      `json:"mergeable"`
	MergeableState string     `json:"mergeable_state"`
	Additions      int        `json:"additions"`
	Deletions      int        `json:"deletions"`
	ChangedFiles   int        `json:"changed_files"`
	CommitCount    int        `json:"commits"`
	Reviewers      []account  `json:"requested_reviewers"`
}

// Shown is the state as people name it.
func (p pull) Shown() string {
	switch {
	case p.Merged || p.MergedAt != nil:
		return "merged"
	case p.State == "open" && p.Draft:
		return "draft"
	}
	return p.State
}

// Shown is the state as people name it.
func (i issue) Shown() string { return i.State }

type comment struct {
	ID          int64     `json:"id"`
	Body        string    `json:"body"`
	User        account   `json:"user"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Association string    `json:"author_association"`
	Reactions   reactions `json:"reactions"`
}

type review struct {
	ID          int64     `json:"id"`
	Body        string    `json:"body"`
	User        account   `json:"user"`
	State       string    `json:"state"`
	SubmittedAt time.Time `json:"submitted_at"`
	Association string    `json:"author_association"`
}

type signature struct {
	Name string    `json:"name"`
	Date time.Time `json:"date"`
}

type commit struct {
	SHA    string   `json:"sha"`
	Author *account `json:"author"`
	Commit struct {
		Message      string    `json:"message"`
		Author       signature `json:"author"`
		Verification struct {
			Verified bool `json:"verified"`
		} `json:"verification"`
	} `json:"commit"`
	Parents []struct {
		SHA string `json:"sha"`
	} `json:"parents"`
	Files []changed `json:"files"`
	Stats struct {
		Additions int `json:"additions"`
		Deletions int `json:"deletions"`
	} `json:"stats"`
}

// Subject is the first line of the message.
func (c commit) Subject() string {
	subject, _, _ := strings.Cut(c.Commit.Message, "\n")
	return subject
}

// Rest is the message after its first line.
func (c commit) Rest() string {
	_, rest, _ := strings.Cut(c.Commit.Message, "\n")
	return strings.TrimSpace(rest)
}

// By is who made it: the account, or the name alone.
func (c commit) By() account {
	if c.Author != nil {
		return *c.Author
	}
	return account{Login: c.Commit.Author.Name}
}

type changed struct {
	Filename  string `json:"filename"`
	Status    string `json:"status"`
	Before    string `json:"previous_filename"`
	Patch     string `json:"patch"`
	Additions int    `json:"additions"`
	Deletions int    `json:"deletions"`
}

type entry struct {
	Type     string `json:"type"`
	Name     string `json:"name"`
	Path     string `json:"path"`
	SHA      string `json:"sha"`
	Size     int    `json:"size"`
	Content  string `json:"content"`
	Encoding string `json:"encoding"`
	Target   string `json:"target"`
}

type checkRun struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	HeadSHA     string     `json:"head_sha"`
	Status      string     `json:"status"`
	Conclusion  string     `json:"conclusion"`
	DetailsURL  string     `json:"details_url"`
	CompletedAt *time.Time `json:"completed_at"`
	App         struct {
		Slug string `json:"slug"`
	} `json:"app"`
	Output struct {
		Title       string `json:"title"`
		Summary     string `json:"summary"`
		Text        string `json:"text"`
		Annotations int    `json:"annotations_count"`
	} `json:"output"`
	Notes []annotation `json:"-"`
}

// Shown is the conclusion, or how far it is.
func (k checkRun) Shown() string {
	if k.Conclusion != "" {
		return k.Conclusion
	}
	return k.Status
}

type annotation struct {
	Path    string `json:"path"`
	Line    int    `json:"start_line"`
	EndLine int    `json:"end_line"`
	Level   string `json:"annotation_level"`
	Title   string `json:"title"`
	Message string `json:"message"`
	Details string `json:"raw_details"`
}

type status struct {
	Context     string `json:"context"`
	State       string `json:"state"`
	Description string `json:"description"`
	TargetURL   string `json:"target_url"`
}
