package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
)

// configure reads the configuration of the default branch. Where it leaves no
// plan to be made it says so in out.State.
func (r *Runner) configure(ctx context.Context, l Look, files *tree, out *Outcome) error {
	id := files.id(config.FileName)
	if id == "" {
		out.State = Unconfigured
		return nil
	}
	src, err := l.GitHub.Blob(ctx, id, config.MaxSize+1)
	if isA[*forge.TooLargeError](err) {
		src, err = make([]byte, config.MaxSize+1), nil // which config refuses, in its own words
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", config.FileName, err)
	}
	now := r.Now()
	options := config.Options{Repository: l.Repository.FullName(), Files: l.Files, Now: now}
	loaded, warnings, err := config.Load(ctx, config.FileName, src, options)
	wrong, isWrong := errors.AsType[config.Errors](err)
	switch {
	case isWrong:
		out.State, out.Errors, out.Warnings = Broken, wrong, warnings
		out.Detail = fmt.Sprintf("%s has errors; the first: %s", config.FileName, wrong[0].Error())
		out.Next = now.Add(broken)
		return nil
	case err != nil:
		return fmt.Errorf("reading the configuration: %w", err)
	}
	enforced, unreadable := config.EnforcedByOwner(ctx, loaded, options)
	out.Config, out.Warnings = loaded.Bind(enforced, r.Enforced), append(warnings, unreadable...)
	return nil
}
