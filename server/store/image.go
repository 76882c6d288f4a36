package store

import (
	"context"
	"fmt"
	"time"
)

// Image is a repository of a registry, as references spell it out.
type Image struct{ Registry, Path string }

// UseImages keeps which images a repository uses, in place of what was kept. It
// writes nothing when that is the same.
func (tx *Tx) UseImages(ctx context.Context, repository int64, images []Image) error {
	gone := map[Image]bool{}
	err := tx.each(ctx, func(r row) error {
		var i Image
		err := r.Scan(&i.Registry, &i.Path)
		gone[i] = true
		return err
	}, "SELECT registry, path FROM image_use WHERE repository_id = $1", repository)
	if err != nil {
		return fmt.Errorf("reading the images of repository %d: %w", repository, err)
	}
	for _, i := range images {
		if gone[i] {
			delete(gone, i)
			continue
		}
		if _, err := tx.exec(ctx, `INSERT INTO image_use (registry, path, repository_id) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING`, i.Registry, i.Path, repository); err != nil {
			return fmt.Errorf("keeping the images of repository %d: %w", repository, err)
		}
	}
	for i := range gone {
		if _, err := tx.exec(ctx, "DELETE FROM image_use WHERE registry = $1 AND path = $2 AND repository_id = $3",
			i.Registry, i.Path, repository); err != nil {
			return fmt.Errorf("keeping the images of repository %d: %w", repository, err)
		}
	}
	return nil
}

// UsersOf gives the repositories that use an image.
func (tx *Tx) UsersOf(ctx context.Context, i Image) ([]int64, error) {
	ids, err := tx.ids(ctx, "SELECT repository_id FROM image_use WHERE registry = $1 AND path = $2 ORDER BY repository_id",
		i.Registry, i.Path)
	if err != nil {
		return nil, fmt.Errorf("finding who uses %s/%s: %w", i.Registry, i.Path, err)
	}
	return ids, nil
}

// Stale is an image of which answers from before a moment are none any more.
type Stale struct {
	Image

	At time.Time
}

// MarkStale notes that an image is stale.
func (tx *Tx) MarkStale(ctx context.Context, s Stale) error {
	_, err := tx.exec(ctx, `INSERT INTO stale (registry, path, at) VALUES ($1, $2, $3) ON CONFLICT (registry, path) DO UPDATE SET
		at = CASE WHEN stale.at < excluded.at THEN excluded.at ELSE stale.at END`, s.Registry, s.Path, millis(s.At))
	if err != nil {
		return fmt.Errorf("noting that %s/%s is stale: %w", s.Registry, s.Path, err)
	}
	return nil
}

// StaleSince gives the images that became stale at a moment or after it, in that
// order.
func (tx *Tx) StaleSince(ctx context.Context, since time.Time) ([]Stale, error) {
	var all []Stale
	err := tx.each(ctx, func(r row) error {
		var s Stale
		var at int64
		err := r.Scan(&s.Registry, &s.Path, &at)
		s.At = fromMillis(at)
		all = append(all, s)
		return err
	}, "SELECT registry, path, at FROM stale WHERE at >= $1 ORDER BY at", millis(since))
	if err != nil {
		return nil, fmt.Errorf("reading which images are stale: %w", err)
	}
	return all, nil
}

// ForgetStale removes what became stale before a time.
func (tx *Tx) ForgetStale(ctx context.Context, before time.Time) error {
	if _, err := tx.exec(ctx, "DELETE FROM stale WHERE at < $1", millis(before)); err != nil {
		return fmt.Errorf("forgetting which images are stale: %w", err)
	}
	return nil
}

// FirstSeen gives when each of the names was first asked for, and notes now for
// those that are new. Names are "tag" or "tag@digest".
func (tx *Tx) FirstSeen(ctx context.Context, image string, names []string, now time.Time) (map[string]time.Time, error) {
	seen := make(map[string]time.Time, len(names))
	err := tx.each(ctx, func(r row) error {
		var name string
		var at int64
		err := r.Scan(&name, &at)
		seen[name] = fromMillis(at)
		return err
	}, "SELECT name, seen_at FROM first_seen WHERE image = $1", image)
	if err != nil {
		return nil, fmt.Errorf("reading when tags of %s were first seen: %w", image, err)
	}
	asked := make(map[string]time.Time, len(names))
	for _, name := range names {
		if at, known := seen[name]; known {
			asked[name] = at
			continue
		}
		// Another replica may have been quicker: then its time counts.
		var at int64
		err := tx.row(ctx, `INSERT INTO first_seen (image, name, seen_at) VALUES ($1, $2, $3)
			ON CONFLICT (image, name) DO UPDATE SET seen_at = first_seen.seen_at RETURNING seen_at`, image, name, millis(now)).Scan(&at)
		if err != nil {
			return nil, fmt.Errorf("keeping when %s of %s was first seen: %w", name, image, err)
		}
		asked[name] = fromMillis(at)
	}
	return asked, nil
}

// ForgetFirstSeen removes what was first seen before a time of images that no
// repository uses.
func (tx *Tx) ForgetFirstSeen(ctx context.Context, before time.Time) error {
	_, err := tx.exec(ctx, "DELETE FROM first_seen WHERE seen_at < $1 AND image NOT IN (SELECT registry || '/' || path FROM image_use)", millis(before))
	if err != nil {
		return fmt.Errorf("forgetting when tags were first seen: %w", err)
	}
	return nil
}
