package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/imageupdater/imageupdater/config"
)

// holds says whether this look still goes by what people want of a pull request: nobody
// pushed another configuration since, and nobody ordered anything about it that waits for
// the next look.
func (m *merges) holds(ctx context.Context, number int) (bool, error) {
	if same, err := m.configured(ctx); err != nil || !same {
		return false, err
	}
	return m.heard(ctx, number)
}

// heard says whether all is carried out that people ordered about a pull request.
func (m *merges) heard(ctx context.Context, number int) (bool, error) {
	if m.out.hearing == nil { // nobody is heard here, which is said elsewhere
		return true, nil
	}
	unheard, err := m.out.hearing.Unheard(ctx, number)
	if err != nil {
		return false, fmt.Errorf("reading whether people ordered something meanwhile: %w", err)
	}
	return !unheard, nil
}

// configured says whether the configuration, and all that it was made of, is still what
// this look went by.
func (m *merges) configured(ctx context.Context) (bool, error) {
	if same, err := m.ownFile(ctx); err != nil || !same {
		return false, err
	}
	for _, was := range m.out.source.others {
		text, err := m.look.Newest.Read(ctx, was.of)
		missing := errors.Is(err, config.ErrNoFile)
		if err != nil && !missing {
			return false, fmt.Errorf("asking whether %s is still the same: %w", was.of, err)
		}
		if missing != was.missing || !bytes.Equal(text, was.text) {
			return false, nil
		}
	}
	return true, nil
}

// ownFile says whether the repository's own file is still that of the default branch.
func (m *merges) ownFile(ctx context.Context) (bool, error) {
	branch := m.look.Repository.DefaultBranch
	head, err := m.look.GitHub.Head(ctx, branch)
	if err != nil {
		return false, fmt.Errorf("asking for the newest configuration: %w", err)
	}
	if head == m.out.source.commit {
		return true, nil
	}
	files, err := m.run.tree(ctx, m.look, branch, head)
	if err != nil || files.id(config.FileName) == "" {
		return false, err
	}
	text, err := m.run.configured(ctx, files)
	if err != nil {
		return false, fmt.Errorf("reading the newest configuration: %w", err)
	}
	return bytes.Equal(text, m.out.source.text), nil
}
