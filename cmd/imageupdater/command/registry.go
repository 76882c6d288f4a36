package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/scanner/version"
)

func newRegistry(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "registry",
		Short: "Try how registries are asked",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRegistryTest(env))
	return cmd
}

// registryTest is what one trial has to do.
type registryTest struct {
	env          Environment
	ref          image.Reference
	config       string
	installation string
	plainHTTP    []string
	color        colorMode

	client *registry.Client
	out    bytes.Buffer
	show   display
	failed bool

	mu        sync.Mutex
	exchanges []registry.Exchange
}

func newRegistryTest(env Environment) *cobra.Command {
	t := &registryTest{env: env}
	cmd := &cobra.Command{
		Use:   "test IMAGE",
		Short: "Ask a registry about an image, and show each step",
		Long: `Test asks the registry of an image for everything that is ever asked: who may see
it, its tags, the newest of them, what that stands for, and what its config says.
It shows each request and its answer, and no secret.

Without --config it asks as you would: with what docker login wrote, else
anonymously. With --config it asks as the server would whose configuration that
is; --installation says for which account, where credentials are kept to some.

Exit codes:
  0    every step was answered
  2    wrong use, or something could not be read
  3    a step was not answered
  130  interrupted`,
		Example: `  imageupdater registry test ghcr.io/acme/api
  imageupdater registry test nginx:1.25.0
  imageupdater registry test --config server.yaml --installation acme ghcr.io/acme/api`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.prepare(args[0]); err != nil {
				return usage(cmd, err)
			}
			return t.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&t.config, "config", "", "ask as the server of this configuration `FILE`, docs/registries.md")
	flags.StringVar(&t.installation, "installation", "", "use the credentials that this `ACCOUNT` may use")
	flags.StringArrayVar(&t.plainHTTP, "plain-http", nil, "let the registry `HOST:PORT` be on this machine or without TLS; may be repeated")
	enumFlag(cmd, &t.color, "color", "", "when to use colours; NO_COLOR is honoured", colorAuto, colorAlways, colorNever)
	_ = cmd.MarkFlagFilename("config", "yaml", "yml") // the flag is there
	return cmd
}

// prepare checks what parsing the arguments could not.
func (t *registryTest) prepare(name string) error {
	ref, err := image.Parse(name)
	if err != nil {
		return fmt.Errorf("%q is no image: %w", name, err)
	}
	t.ref = ref
	if t.installation != "" && t.config == "" {
		return errors.New("--installation is about the credentials of a server: name its configuration with --config")
	}
	return validHosts(t.plainHTTP)
}

func (t *registryTest) run(ctx context.Context) error {
	asking, warnings, err := t.asking()
	if err != nil {
		return err
	}
	var notes bytes.Buffer
	writeWarnings(&notes, warnings, display{})
	_, _ = t.env.Stderr.Write(notes.Bytes())
	asking.Observe = t.note
	t.client, t.show = registry.New(asking), newDisplay(t.env, t.color)
	t.steps(ctx, asking.Credentials)
	if _, err := t.env.Stdout.Write(t.out.Bytes()); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case t.failed:
		return codeError{exitLookup}
	}
	return nil
}

// asking is as whom the registry is asked.
func (t *registryTest) asking() (registry.Options, config.Warnings, error) {
	if t.config == "" {
		return registry.Options{PlainHTTP: t.plainHTTP, Credentials: userCredentials(t.env), UserAgent: userAgent(t.env)}, nil, nil
	}
	return serverRegistries(t.env, t.config, t.installation, t.plainHTTP)
}

func (t *registryTest) note(e registry.Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.exchanges = append(t.exchanges, e)
}

// steps asks for one thing after the other. A step that fails does not end the
// next ones: what they say tells where the fault is. Without the credentials
// they would all say the same.
func (t *registryTest) steps(ctx context.Context, credentials registry.Credentials) {
	repo := t.ref.Repository()
	t.step("credentials", func() (string, error) {
		credential, err := credentials.For(ctx, repo)
		return cmp.Or(credential.Identity, "none: "+repo.Registry+" is asked anonymously"), err
	})
	if t.failed {
		return
	}
	target := cmp.Or(t.ref.Digest, t.ref.Tag)
	t.step("tags", func() (string, error) {
		tags, err := t.client.List(ctx, repo)
		if err != nil {
			return "", err
		}
		newest := newestTag(tags, t.ref.Tag)
		target = cmp.Or(newest, target)
		return tagsText(tags, newest), nil
	})
	if target == "" {
		target = "latest"
	}
	if image.ValidTag(target) {
		t.step("digest", func() (string, error) { return t.client.Digest(ctx, repo, target) })
	}
	t.step("manifest", func() (string, error) {
		manifest, err := t.client.Manifest(ctx, repo, target)
		return manifestText(target, manifest), err
	})
	t.step("image", func() (string, error) {
		details, err := t.client.Details(ctx, repo, target, nil)
		return detailsText(details), err
	})
	t.limits()
}

// step runs a step and prints its result with the requests that it took.
func (t *registryTest) step(name string, run func() (string, error)) {
	text, err := run()
	text = safe(text)
	if err != nil {
		t.failed = true
		text = t.show.paint(red, safe(err.Error()))
	}
	writef(&t.out, "%s%s\n", t.show.paint(bold, fmt.Sprintf("%-13s", name)), text)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.exchanges {
		writef(&t.out, "             %s\n", t.show.paint(dim, safe(exchangeText(e))))
	}
	t.exchanges = nil
}

func exchangeText(e registry.Exchange) string {
	answer := fmt.Sprintf("%d, %d bytes", e.Status, e.Bytes)
	if e.Err != nil {
		answer = "no answer"
	}
	with := ""
	if e.Credentials != "" {
		with = " (" + e.Credentials + ")"
	}
	return fmt.Sprintf("%s %s%s → %s, %d ms", e.Method, e.URL, with, answer, e.Took.Milliseconds())
}

func (t *registryTest) limits() {
	for _, left := range t.client.LimitsLeft() {
		writef(&t.out, "%s%s\n", t.show.paint(bold, fmt.Sprintf("%-13s", "limits left")), safe(leftText(left)))
	}
}

func leftText(l registry.Left) string {
	var words []string
	if l.Limit >= 0 {
		words = append(words, fmt.Sprintf("%d of %d by the registry's word in %s", l.Remaining, l.Limit, l.Window))
	}
	if l.Budget > 0 {
		words = append(words, fmt.Sprintf("%d of %d by our own budget", l.BudgetLeft, l.Budget))
	}
	if len(words) == 0 {
		words = append(words, "the registry told none")
	}
	return l.Host + ": " + strings.Join(words, ", ")
}

// newestTag is the tag that the default rules choose from the one that was
// named, major steps too; else the newest version of all, if any is a version.
func newestTag(tags []registry.Tag, current string) string {
	names := make([]string, len(tags))
	for i, tag := range tags {
		names[i] = tag.Name
	}
	if _, isVersion := version.Parse(current); isVersion {
		choice := version.NewCandidates(names).Choose(version.Question{Current: current, Policy: version.DefaultPolicy()})
		if n := len(choice.Targets); n > 0 {
			return choice.Targets[n-1].Tag
		}
		return current
	}
	var newest version.Version
	found := ""
	for _, name := range slices.Sorted(slices.Values(names)) {
		if v, isVersion := version.Parse(name); isVersion && !v.PreRelease() && (found == "" || v.Compare(newest) > 0) {
			newest, found = v, name
		}
	}
	return found
}

func tagsText(tags []registry.Tag, newest string) string {
	text := quantity(len(tags), "tag", "tags")
	pushed := 0
	var last registry.Tag
	for _, tag := range tags {
		if !tag.Pushed.IsZero() {
			pushed++
		}
		if tag.Pushed.After(last.Pushed) {
			last = tag
		}
	}
	if pushed > 0 {
		text += fmt.Sprintf(", push times of %d; the last is %s, %s", pushed, last.Name, last.Pushed.UTC().Format(time.RFC3339))
	}
	if newest != "" {
		text += "; newest version " + newest
	}
	return text
}

func manifestText(of string, m registry.Manifest) string {
	if !m.Index {
		return of + " is one image, " + m.Digest
	}
	names := make([]string, len(m.Platforms))
	for i, p := range m.Platforms {
		names[i] = p.String()
	}
	slices.Sort(names)
	return fmt.Sprintf("%s is an index of %s, %s", of, strings.Join(slices.Compact(names), ", "), m.Digest)
}

func detailsText(d registry.Details) string {
	words := []string{"created " + d.Created.Format(time.RFC3339)}
	if d.Created.IsZero() {
		words[0] = "creation time not told"
	}
	for _, label := range []string{"source", "revision", "version"} {
		if value := d.Labels["org.opencontainers.image."+label]; value != "" {
			words = append(words, label+" "+value)
		}
	}
	return strings.Join(words, "; ")
}
