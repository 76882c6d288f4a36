package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// Situation is a pull request at a time, as a file describes it: what it updates, what
// is known of it, and the configuration that holds.
//
// In such a file checks, suites, statuses, reviews and an order may leave out the commit that
// they are of: then it is the head. A fact that is left out is not known.
type Situation struct {
	// At is the time.
	At time.Time `json:"at"`
	// Config is an .imageupdater.yaml written as JSON, of which enforce holds as if it
	// were the owner's. It may be left out where there is one already.
	Config  json.RawMessage `json:"config,omitempty"`
	Updates []Update        `json:"updates"`
	Facts   Facts           `json:"facts"`
}

// Update is one update of a pull request: what rules are matched with.
type Update struct {
	Image  string        `json:"image"`          // a canonical name: "docker.io/library/nginx"
	Path   string        `json:"path,omitempty"` // of the file
	Format config.Format `json:"format,omitempty" words:"helm kustomize argocd flux kubernetes"`
	Kind   version.Kind  `json:"kind,omitempty" words:"major minor patch build digest pin flavor tag rollback"`
}

// longestSituation bounds the work on a file, in bytes.
const longestSituation = 4 << 20

// DecodeSituation reads a situation. The error says which key is wrong.
func DecodeSituation(text []byte) (*Situation, error) {
	if len(text) > longestSituation {
		return nil, errors.New("a situation has at most 4 MiB")
	}
	if err := check(text, reflect.TypeFor[Situation](), "", ""); err != nil {
		return nil, err
	}
	s := new(Situation)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("reading a situation: %w", err)
	}
	switch {
	case s.At.IsZero():
		return nil, errors.New("at: it is missing: write the time, as \"2026-11-21T10:00:00Z\"")
	case len(s.Updates) == 0:
		return nil, errors.New("updates: it is missing: write at least one update")
	}
	s.complete()
	return s, nil
}

// complete writes the head where a commit was left out.
func (s *Situation) complete() {
	pull, _ := s.Facts.Pull.Get()
	runs, _ := s.Facts.Runs.Get()
	for i := range runs {
		orElse(&runs[i].Head, pull.Head)
	}
	statuses, _ := s.Facts.Statuses.Get()
	for i := range statuses {
		orElse(&statuses[i].Head, pull.Head)
	}
	suites, _ := s.Facts.Suites.Get()
	for i := range suites {
		orElse(&suites[i].Head, pull.Head)
	}
	reviews, _ := s.Facts.Reviews.Get()
	for i := range reviews {
		orElse(&reviews[i].Commit, pull.Head)
	}
	if order, _ := s.Facts.Order.Get(); order != nil {
		orElse(&order.Head, pull.Head)
	}
}

func orElse(text *string, other string) {
	if *text == "" {
		*text = other
	}
}

// Load reads the situation's own configuration; nil where it has none. The error says
// what is wrong with it, as that of config.Load.
func (s *Situation) Load(ctx context.Context, file string) (*config.Config, error) {
	if len(bytes.TrimSpace(s.Config)) == 0 {
		return nil, nil //nolint:nilnil // there is none, and nothing is wrong
	}
	var text bytes.Buffer
	if err := json.Indent(&text, s.Config, "", "  "); err != nil {
		return nil, fmt.Errorf("config: not JSON: %w", err)
	}
	c, _, err := config.Load(ctx, file, text.Bytes(), config.Options{Repository: "-/" + config.RulesRepository, Now: s.At})
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return c.Bind(c.Enforce), nil
}

// Rule is what holds for the situation's updates under a configuration.
func (s *Situation) Rule(c *config.Config) Rule {
	var settings []config.Merge
	for _, u := range s.Updates {
		subject := config.Subject{Image: u.Image, Path: u.Path, Format: u.Format}
		settings = append(settings, c.Settings(subject).For(u.Kind).Merge)
	}
	return Strictest(c, slices.Clip(settings)...)
}
