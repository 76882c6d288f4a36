package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Repository is one of an installation, known by its id: names change.
type Repository struct {
	ID             int64
	InstallationID int64
	Owner, Name    string
	// DefaultBranch is "" until it was told; Archived and Fork say nothing then.
	DefaultBranch  string
	Archived, Fork bool
	// Watch is the branches that matter besides the default one; a * at the end
	// stands for anything.
	Watch []string
	// Requested counts how often a look was asked for, and Done is what it was
	// when the last finished look began. They are equal when nothing is to do, and
	// begin where the counts of removed repositories ended.
	Requested, Done int64
	// ForcedAt is when somebody last asked for a look at the registries
	// themselves; zero when no look since then is missing.
	ForcedAt time.Time
	// NextAt is when the schedule wants a look.
	NextAt time.Time
	// EndedAt is when the last finished look ended.
	EndedAt time.Time
	// Parked is why looks are given up until NextAt; "" when they are not.
	Parked string
	// Result is JSON of the last finished look; "" before the first.
	Result string
}

const repositoryColumns = `SELECT id, installation_id, owner, name, default_branch, archived, fork, watch, requested, done, forced_at, next_at, ended_at, parked, result
	FROM repository `

// PutRepository keeps whose a repository is, what it is called, and, if it has a
// DefaultBranch, what was told with that. A new one is looked at when next comes,
// at the latest.
func (tx *Tx) PutRepository(ctx context.Context, r Repository, next time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO repository (id, installation_id, owner, name, default_branch, archived, fork, watch,
		requested, done, forced_at, next_at, ended_at, parked, result)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', `+counted+`, `+counted+`, 0, $8, 0, '', '') ON CONFLICT (id) DO UPDATE SET
		installation_id = excluded.installation_id, owner = excluded.owner, name = excluded.name,
		default_branch = CASE WHEN excluded.default_branch = '' THEN repository.default_branch ELSE excluded.default_branch END,
		archived = CASE WHEN excluded.default_branch = '' THEN repository.archived ELSE excluded.archived END,
		fork = CASE WHEN excluded.default_branch = '' THEN repository.fork ELSE excluded.fork END`,
		r.ID, r.InstallationID, r.Owner, r.Name, r.DefaultBranch, r.Archived, r.Fork, millis(next))
	if err != nil {
		return fmt.Errorf("keeping repository %d: %w", r.ID, err)
	}
	return nil
}

// DoubtRepository lets the next look ask what a repository is called, and so on.
func (tx *Tx) DoubtRepository(ctx context.Context, id int64) error {
	if _, err := tx.exec(ctx, "UPDATE repository SET default_branch = '' WHERE id = $1", id); err != nil {
		return fmt.Errorf("doubting repository %d: %w", id, err)
	}
	return nil
}

// counted is where counting begins for a new repository: above the counts of all
// that were removed. It may be one of those, whose look runs on, and ends at what it
// began with.
const counted = "(SELECT coalesce(max(value), 0) FROM counted WHERE name = 'looks')"

// RemoveRepository forgets a repository, but for the decisions about it.
func (tx *Tx) RemoveRepository(ctx context.Context, id int64) error {
	var requested int64
	err := tx.row(ctx, "DELETE FROM repository WHERE id = $1 RETURNING requested", id).Scan(&requested)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO counted (name, value) VALUES ('looks', $1) ON CONFLICT (name) DO UPDATE SET
			value = CASE WHEN counted.value < excluded.value THEN excluded.value ELSE counted.value END`, requested)
	}
	if err != nil {
		return fmt.Errorf("forgetting repository %d: %w", id, err)
	}
	for _, statement := range []string{
		"DELETE FROM image_use WHERE repository_id = $1", "DELETE FROM remembered WHERE repository_id = $1",
	} {
		if _, err := tx.exec(ctx, statement, id); err != nil {
			return fmt.Errorf("forgetting repository %d: %w", id, err)
		}
	}
	return nil
}

// RepositoriesOf gives the ids of an installation's repositories.
func (tx *Tx) RepositoriesOf(ctx context.Context, installation int64) ([]int64, error) {
	ids, err := tx.ids(ctx, "SELECT id FROM repository WHERE installation_id = $1 ORDER BY id", installation)
	if err != nil {
		return nil, fmt.Errorf("reading the repositories of installation %d: %w", installation, err)
	}
	return ids, nil
}

func (tx *Tx) ids(ctx context.Context, statement string, args ...any) ([]int64, error) {
	var ids []int64
	err := tx.each(ctx, func(r row) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, statement, args...)
	return ids, err
}

// Repository gives one; the error is ErrNotFound when it is not known.
func (tx *Tx) Repository(ctx context.Context, id int64) (Repository, error) {
	r, err := scanRepository(tx.row(ctx, repositoryColumns+"WHERE id = $1", id))
	if err != nil {
		return Repository{}, fmt.Errorf("reading repository %d: %w", id, err)
	}
	return r, nil
}

// RepositoryNamed gives the one of a name, whatever its case. The error is
// ErrNotFound when there is none.
func (tx *Tx) RepositoryNamed(ctx context.Context, owner, name string) (Repository, error) {
	r, err := scanRepository(tx.row(ctx, repositoryColumns+
		"WHERE lower(owner) = lower($1) AND lower(name) = lower($2) ORDER BY id DESC LIMIT 1", owner, name))
	if err != nil {
		return Repository{}, fmt.Errorf("reading %s/%s: %w", owner, name, err)
	}
	return r, nil
}

// Repositories gives up to limit of them whose ids are above one.
func (tx *Tx) Repositories(ctx context.Context, above int64, limit int) ([]Repository, error) {
	var all []Repository
	err := tx.each(ctx, func(r row) error {
		found, err := scanRepository(r)
		all = append(all, found)
		return err
	}, repositoryColumns+"WHERE id > $1 ORDER BY id LIMIT $2", above, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the repositories: %w", err)
	}
	return all, nil
}

func scanRepository(from row) (Repository, error) {
	var r Repository
	var forced, next, ended int64
	var watch string
	err := from.Scan(&r.ID, &r.InstallationID, &r.Owner, &r.Name, &r.DefaultBranch, &r.Archived, &r.Fork, &watch,
		&r.Requested, &r.Done, &forced, &next, &ended, &r.Parked, &r.Result)
	r.ForcedAt, r.NextAt, r.EndedAt = fromMillis(forced), fromMillis(next), fromMillis(ended)
	if watch != "" {
		r.Watch = strings.Split(watch, "\n")
	}
	return r, err
}

// Watches says whether what happens to a branch matters. Before the first look has ended
// nobody knows, and all do: that look may have opened a pull request already, of which the
// checks have passed.
func (r Repository) Watches(branch string) bool {
	if branch == r.DefaultBranch || len(r.Watch) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Watch, func(w string) bool {
		prefix, open := strings.CutSuffix(w, "*")
		return branch == w || open && strings.HasPrefix(branch, prefix)
	})
}
