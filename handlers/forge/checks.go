package forge

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// MostAnnotations is how many annotations one call may carry.
const MostAnnotations = 50

// CheckRun is one of the App's own check runs, as GitHub has it.
type CheckRun struct {
	ID int64
	// Note is what the App noted on it for itself.
	Note        string
	Completed   bool
	Conclusion  string
	Annotations int // how many it has
}

// CheckText is what a check run says.
type CheckText struct {
	Title       string       `json:"title"`
	Summary     string       `json:"summary"` // Markdown, at most 65,535 characters
	Annotations []Annotation `json:"annotations,omitempty"`
}

// Annotation is a word on lines of a file. Columns go with a single line only.
type Annotation struct {
	Path      string `json:"path"`
	StartLine int    `json:"start_line"`
	EndLine   int    `json:"end_line"`
	StartCol  int    `json:"start_column,omitempty"`
	EndCol    int    `json:"end_column,omitempty"`
	Level     string `json:"annotation_level"` // "notice", "warning" or "failure"
	Title     string `json:"title,omitempty"`  // at most 255 characters
	Message   string `json:"message"`
}

// CheckChange is what is said of a check run. Conclusion is "" while it is not
// completed. Annotations are added to those that it has.
type CheckChange struct {
	Conclusion string // "success", "neutral", "failure", …
	At         time.Time
	Text       CheckText
	// Note is what the App notes on it for itself; "" leaves what is there.
	Note string
}

// NewCheckRun is a check run to be.
type NewCheckRun struct {
	CheckChange

	Name string
	// Head is the commit, which may be that of a pull request from a fork.
	Head string
}

// checkBody is how GitHub takes a check run.
type checkBody struct {
	Name       string     `json:"name,omitempty"`
	Head       string     `json:"head_sha,omitempty"`
	Note       string     `json:"external_id,omitempty"`
	Status     string     `json:"status"`
	Conclusion string     `json:"conclusion,omitempty"`
	Completed  *time.Time `json:"completed_at,omitempty"`
	Text       CheckText  `json:"output"`
}

func (c *CheckChange) body() checkBody {
	if c.Conclusion == "" {
		return checkBody{Status: "in_progress", Text: c.Text, Note: c.Note}
	}
	return checkBody{Status: completed, Note: c.Note, Conclusion: c.Conclusion, Completed: new(c.At.UTC().Truncate(time.Second)), Text: c.Text}
}

const completed = "completed"

// checkShown is how GitHub shows a check run.
type checkShown struct {
	ID         int64  `json:"id"`
	Note       string `json:"external_id"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
	Output     struct {
		Annotations int `json:"annotations_count"`
	} `json:"output"`
}

func (c *checkShown) run() CheckRun {
	return CheckRun{ID: c.ID, Note: c.Note, Completed: c.Status == completed, Conclusion: c.Conclusion, Annotations: c.Output.Annotations}
}

// CreateCheckRun puts one onto a commit. It is ErrInvalid where the repository has
// no such commit. After an *UnavailableError CheckRunOf tells whether it is there.
func (r *Repo) CreateCheckRun(ctx context.Context, c NewCheckRun) (CheckRun, error) {
	body := c.body()
	body.Name, body.Head = c.Name, c.Head
	made, err := r.oneCheck(ctx, http.MethodPost, "/check-runs", body)
	if err != nil {
		return CheckRun{}, fmt.Errorf("putting the check run %s onto %s of %s: %w", c.Name, c.Head, r.ref, err)
	}
	return made, nil
}

// UpdateCheckRun changes one. To do it again adds the annotations twice;
// CheckRunOf tells how many there are.
func (r *Repo) UpdateCheckRun(ctx context.Context, id int64, change CheckChange) (CheckRun, error) {
	changed, err := r.oneCheck(ctx, http.MethodPatch, "/check-runs/"+strconv.FormatInt(id, 10), change.body())
	if err != nil {
		return CheckRun{}, fmt.Errorf("changing check run %d of %s: %w", id, r.ref, err)
	}
	return changed, nil
}

func (r *Repo) oneCheck(ctx context.Context, method, path string, body checkBody) (CheckRun, error) {
	var got checkShown
	if _, err := r.ask(ctx, method, path, body, &got); err != nil {
		return CheckRun{}, err
	}
	if got.ID == 0 {
		return CheckRun{}, &UnavailableError{"a check run", 0, errIncomplete}
	}
	return got.run(), nil
}

// CheckRunOf reads the App's newest check run of a name on a commit. It is
// ErrNotFound where there is none.
func (r *Repo) CheckRunOf(ctx context.Context, sha, name string) (CheckRun, error) {
	var got struct {
		Total *int         `json:"total_count"`
		Runs  []checkShown `json:"check_runs"`
	}
	query := url.Values{"check_name": {name}, "app_id": {r.appID()}, "filter": {"latest"}}
	err := object(sha)
	if err == nil {
		_, err = r.ask(ctx, http.MethodGet, "/commits/"+sha+"/check-runs?"+query.Encode(), nil, &got)
	}
	switch {
	case err != nil:
	case got.Total == nil:
		err = &UnavailableError{"a list of check runs", 0, errIncomplete}
	case len(got.Runs) == 0:
		err = ErrNotFound
	}
	if err != nil {
		return CheckRun{}, fmt.Errorf("reading the check run %s of %s of %s: %w", name, sha, r.ref, err)
	}
	return got.Runs[0].run(), nil
}

// ChecksWanted says whether somebody asked for the App's checks of a commit anew,
// or they have not all ended. It costs nothing while nothing changes.
func (r *Repo) ChecksWanted(ctx context.Context, sha string) (bool, error) {
	type suites struct {
		Total  *int `json:"total_count"`
		Suites []struct {
			Status string `json:"status"`
		} `json:"check_suites"`
	}
	if err := object(sha); err != nil {
		return false, err
	}
	wanted, _, err := look(ctx, r, "suites "+sha, r.path+"/commits/"+sha+"/check-suites?app_id="+r.appID(), func(got suites) (bool, error) {
		if got.Total == nil {
			return false, &UnavailableError{"a list of check suites", 0, errIncomplete}
		}
		for _, s := range got.Suites {
			if s.Status != completed {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return false, fmt.Errorf("reading the check suites of %s of %s: %w", sha, r.ref, err)
	}
	return wanted, nil
}

func (r *Repo) appID() string { return strconv.FormatInt(r.client.github.o.AppID, 10) }
