package run

import (
	"bytes"
	"context"
	"fmt"

	"github.com/imageupdater/imageupdater/config"
)

// holds says whether the configuration that this look goes by is still that of the
// default branch. Somebody may have pushed another one since, by which nothing is merged.
func (m *merges) holds(ctx context.Context) (bool, error) {
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
