package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Files reads the files that others extend.
type Files interface {
	// Read gives the bytes of a file. An error that wraps ErrNoFile is told
	// to the author of the file that extends it; any other ends the load.
	Read(ctx context.Context, ref Base) ([]byte, error)
}

// ErrNoFile is wrapped by Files where there is nothing to read.
var ErrNoFile = errors.New("no such file")

const (
	maxExtendsDepth = 5
	maxExtendsFiles = 20
)

// extend lays c over the files that it extends. The chain is what led here.
func (l *loader) extend(ctx context.Context, c *Config, owner string, chain []string) error {
	if !c.Extends.Set() {
		return nil
	}
	under := new(Config)
	for _, base := range c.Extends.Value {
		if owner == "" {
			owner = base.Owner
		}
		lower, err := l.base(ctx, base, owner, chain)
		if err != nil {
			return err
		}
		if lower != nil {
			under.over(lower)
		}
	}
	upper := *c
	*c = *under
	c.over(&upper)
	c.Version, c.Extends = upper.Version, upper.Extends
	return nil
}

// base reads one file that is extended, and those that it extends. A nil
// Config without an error means that something was wrong and told.
func (l *loader) base(ctx context.Context, base Base, owner string, chain []string) (*Config, error) {
	name, at := base.String(), base.Origin
	refuse := func(hint, format string, args ...any) (*Config, error) {
		l.found.errors = append(l.found.errors, &Error{
			File: at.File, Line: at.Line, Column: at.Column, Field: at.Field, Message: fmt.Sprintf(format, args...), Hint: hint,
		})
		return nil, nil //nolint:nilnil // told, see above
	}
	switch {
	case !strings.EqualFold(base.Owner, owner):
		return refuse("copy what is needed", "%s belongs to %s; only files of %s can be extended", name, base.Owner, owner)
	case slices.Contains(chain, name):
		return refuse("remove one of them", "%s extends itself: %s", name, strings.Join(append(chain, name), " extends "))
	case l.laid[name]:
		// Two of those that are extended extend it: it lies under the first.
		return nil, nil //nolint:nilnil // there is nothing to lay
	case len(chain) >= maxExtendsDepth:
		return refuse("", "files extend each other more than %d deep: %s", maxExtendsDepth, strings.Join(append(chain, name), " extends "))
	case l.files >= maxExtendsFiles:
		return refuse("", "more than %d files are extended", maxExtendsFiles)
	case l.options.Files == nil:
		// The App always knows where to read; the command line has to be told.
		return refuse("say with --extends-dir where it is", "%s cannot be read here", name)
	}
	l.files++
	l.laid[name] = true
	src, err := l.options.Files.Read(ctx, base)
	switch {
	case errors.Is(err, ErrNoFile):
		return refuse("check owner, repository, path and branch", "%s: %v", name, err)
	case err != nil:
		return nil, fmt.Errorf("reading %s, which %s extends: %w", name, at.File, err)
	}
	before := len(l.found.errors)
	c := l.file(name, src)
	for _, e := range l.found.errors[before:] {
		e.Message += fmt.Sprintf("; %s:%d extends this file", at.File, at.Line)
	}
	return c, l.extend(ctx, c, owner, append(slices.Clone(chain), name))
}
