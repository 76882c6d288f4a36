package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imageupdater/imageupdater/config"
)

// configure reads the configuration of the default branch. Where it leaves no
// plan to be made it says so in out.State.
func (r *Runner) configure(ctx context.Context, l Look, files *tree, out *Outcome) error {
	if files.id(config.FileName) == "" {
		out.State, out.Detail = Unconfigured, files.inPlaceOf(config.FileName)
		return nil
	}
	src, err := r.configured(ctx, files)
	if err != nil {
		return fmt.Errorf("reading %s: %w", config.FileName, err)
	}
	out.source = source{commit: out.Head, text: src}
	now, from := r.Now(), &sources{Files: l.Files, read: map[string]bool{}}
	options := config.Options{Repository: l.Repository.FullName(), Files: from, Now: now}
	loaded, warnings, err := config.Load(ctx, config.FileName, src, options)
	out.extended = from.read
	wrong, isWrong := errors.AsType[config.Errors](err)
	switch {
	case isWrong:
		out.Warnings = warnings
		out.wrong(now, wrong...)
		return nil
	case err != nil:
		return fmt.Errorf("reading the configuration: %w", err)
	}
	from.read = nil // what enforces is not extended
	enforced, unreadable := config.EnforcedByOwner(ctx, loaded, options)
	if from.failed != nil {
		// The rules are there, and will be read when the look is made again.
		return fmt.Errorf("reading what the owner enforces: %w", from.failed)
	}
	out.Config, out.Warnings = loaded.Bind(enforced, r.Enforced), append(warnings, unreadable...)
	out.source.others = from.all
	return nil
}

// source is the configuration as it is written, at the newest commit of the default
// branch, and what was read of other repositories for it.
type source struct {
	commit string
	text   []byte
	others []reading
}

// reading is a file of another repository as it was read; missing where there was none.
type reading struct {
	of      config.Base
	text    []byte
	missing bool
}

// configured is the configuration's text.
func (r *Runner) configured(ctx context.Context, files *tree) ([]byte, error) {
	if files.files[config.FileName].size > config.MaxSize {
		return make([]byte, config.MaxSize+1), nil // which config refuses, in its own words
	}
	return r.text(ctx, files, config.FileName)
}

// wrong ends a look with what is wrong with the configuration.
func (o *Outcome) wrong(now time.Time, errs ...*config.Error) {
	o.State, o.Errors, o.Config, o.Next = Broken, errs, nil, now.Add(broken)
	o.Detail = fmt.Sprintf("%s has errors; the first: %s", config.FileName, errs[0].Error())
}

// sources are the files of other repositories. It keeps the failure of a reading
// that is to be done again: who reads what is enforced takes each for a no.
type sources struct {
	config.Files

	failed error
	read   map[string]bool // the names of those that are extended
	all    []reading
}

// Read is part of config.Files.
func (s *sources) Read(ctx context.Context, base config.Base) ([]byte, error) {
	if s.read != nil {
		s.read[base.String()] = true
	}
	text, err := s.Files.Read(ctx, base)
	missing := errors.Is(err, config.ErrNoFile)
	if err != nil && !missing {
		s.failed = errors.Join(s.failed, err)
		return nil, err
	}
	s.all = append(s.all, reading{base, text, missing})
	return text, err
}
