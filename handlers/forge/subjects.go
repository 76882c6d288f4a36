package forge

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Subjects reads the first lines of the 50 newest commits of a branch, for
// nothing when that has not changed.
func (r *Repo) Subjects(ctx context.Context, branch string) ([]string, error) {
	path := r.path + "/commits?per_page=50&sha=" + url.QueryEscape(branch)
	found, _, err := look(ctx, r, "subjects of "+branch, path, func(got []*github.RepositoryCommit) ([]string, error) {
		subjects := make([]string, 0, len(got))
		for _, c := range got {
			subject, _, _ := strings.Cut(c.GetCommit().GetMessage(), "\n")
			subjects = append(subjects, subject)
		}
		return subjects, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the commits of %s of %s: %w", branch, r.ref, err)
	}
	return found, nil
}
