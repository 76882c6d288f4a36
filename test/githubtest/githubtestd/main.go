// Githubtestd runs the stand-in for GitHub alone, until it is interrupted: an
// organisation with repositories, and an App that is installed on them. It tells
// what the App needs to call it.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/githubtest/web"
)

//go:embed sample
var sample embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "githubtestd:", err)
		os.Exit(1) //nolint:gocritic // all is closed by now, and stop only undoes a signal handler
	}
}

// settings are the flags.
type settings struct {
	org, key        string
	webhook, secret string
	repos           []string // "name=folder"
}

func parse(args []string, stderr io.Writer) (settings, githubtest.Options, error) {
	var s settings
	var o githubtest.Options
	flags := flag.NewFlagSet("githubtestd", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Addr, "addr", "127.0.0.1:0", "where to listen; port 0 is a free one")
	flags.StringVar(&s.org, "org", "acme", "the organisation that the App is installed on")
	flags.StringVar(&s.key, "key", "", "the `file` to write the App's private key to; it is printed otherwise")
	flags.StringVar(&s.webhook, "webhook", "", "the `URL` to send the App's webhooks to; none are sent without it")
	flags.StringVar(&s.secret, "webhook-secret", "", "the secret that webhooks are signed with")
	flags.DurationVar(&o.Latency, "latency", 0, "how long each call takes beyond its work")
	flags.BoolVar(&o.Rates.Enforce, "limits", false, "refuse what is over GitHub's secondary limits")
	flags.Func("repo", "a repository, as `name=folder` with its files; may be repeated; two samples without it", func(text string) error {
		if name, folder, is := strings.Cut(text, "="); !is || name == "" || folder == "" {
			return fmt.Errorf("%q is not name=folder", text)
		}
		s.repos = append(s.repos, text)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return s, o, fmt.Errorf("reading the flags: %w", err)
	}
	if flags.NArg() > 0 {
		return s, o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return s, o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	repos, err := repositories(s)
	if err != nil {
		return err
	}
	hub, err := githubtest.Start(ctx, o, func(problem string) { fmt.Fprintln(stderr, problem) })
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	defer func() { err = errors.Join(err, hub.Close()) }()
	pages, err := web.New(hub, "writer", "maintainer", "outsider")
	if err != nil {
		return fmt.Errorf("making the pages: %w", err)
	}
	hub.Pages(pages)
	if s.webhook != "" {
		hub.Webhook(s.webhook, s.secret)
	}
	if err := tell(hub, s, repos, stdout); err != nil { //nolint:contextcheck // the server has the one that it was started with
		return err
	}
	<-ctx.Done()
	return nil
}

// repositories is the files of each repository, by its name.
func repositories(s settings) (map[string]map[string]string, error) {
	found := map[string]map[string]string{}
	if len(s.repos) == 0 {
		for _, name := range []string{"shop", "infra"} {
			files, err := read(sample, path.Join("sample", name))
			if err != nil {
				return nil, err
			}
			found[name] = files
		}
	}
	for _, text := range s.repos {
		name, folder, _ := strings.Cut(text, "=")
		files, err := read(os.DirFS(folder), ".")
		if err != nil {
			return nil, err
		}
		found[name] = files
	}
	return found, nil
}

// read is the texts of all files under a folder, but for what git keeps there.
func read(from fs.FS, folder string) (map[string]string, error) {
	files := map[string]string{}
	err := fs.WalkDir(from, folder, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == ".git":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		files[strings.TrimPrefix(strings.TrimPrefix(name, folder), "/")] = string(text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", folder, err)
	}
	return files, nil
}

// permissions is what an App such as the product asks for.
func permissions() map[string]string {
	return map[string]string{
		"metadata": "read", "contents": "write", "pull_requests": "write", "issues": "write",
		"checks": "write", "statuses": "write", "administration": "read", "members": "read",
	}
}

// tell makes what there is and prints how to reach it, as JSON.
func tell(hub *githubtest.Server, s settings, repos map[string]map[string]string, stdout io.Writer) error {
	var made []*githubtest.Repository
	urls := map[string]string{}
	for name, files := range repos {
		repo := hub.AddRepository(s.org+"/"+name, files)
		repo.Collaborate("writer", "write")
		repo.Collaborate("maintainer", "maintain")
		urls[repo.FullName()] = repo.CloneURL()
		made = append(made, repo)
	}
	slices.SortFunc(made, func(a, b *githubtest.Repository) int { return strings.Compare(a.Name, b.Name) })
	told := map[string]any{
		"url": hub.URL, "api_url": hub.APIURL(), "graphql_url": hub.GraphQLURL(), "app_id": hub.App.ID,
		"client_id": hub.App.ClientID, "app_slug": hub.App.Slug, "repositories": urls,
		"installation_id": hub.Install(s.org, permissions(), made...).ID,
	}
	if s.key == "" {
		told["private_key"] = hub.App.PrivateKey
	} else {
		if err := os.WriteFile(filepath.Clean(s.key), []byte(hub.App.PrivateKey), 0o600); err != nil {
			return fmt.Errorf("writing the App's key: %w", err)
		}
		told["private_key_file"] = s.key
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(told); err != nil {
		return fmt.Errorf("telling what there is: %w", err)
	}
	return nil
}
