package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
	"github.com/palantir/go-githubapp/githubapp"
)

// told is what the program prints.
type told struct {
	URL, Key     string
	API          string `json:"api_url"`
	GraphQL      string `json:"graphql_url"`
	App          int64  `json:"app_id"`
	Installation int64  `json:"installation_id"`
	PrivateKey   string `json:"private_key"`
	Repositories map[string]string
}

// started runs the program until the test ends.
func started(t *testing.T, args ...string) told {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	in, out := io.Pipe()
	var stderr bytes.Buffer
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, out, &stderr)
		_ = out.CloseWithError(err)
		done <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil || stderr.Len() > 0 {
			t.Errorf("%v\n%s", err, stderr.String())
		}
	})
	var it told
	if err := json.NewDecoder(in).Decode(&it); err != nil {
		t.Fatal(err)
	}
	return it
}

// TestWebhook shows that the App hears of what there is from the start.
func TestWebhook(t *testing.T) {
	heard := make(chan string, 10)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := github.ValidateSignature(r.Header.Get("X-Hub-Signature-256"), body, []byte("secret")); err != nil {
			t.Error(err)
		}
		heard <- r.Header.Get("X-Github-Event")
	}))
	defer app.Close()
	started(t, "--webhook", app.URL, "--webhook-secret", "secret")
	for _, want := range []string{"ping", "installation"} {
		if got := <-heard; got != want {
			t.Errorf("heard of %s, want %s", got, want)
		}
	}
}

func TestRun(t *testing.T) {
	it := started(t)
	var config githubapp.Config
	config.WebURL, config.V3APIURL, config.V4APIURL = it.URL, it.API, it.GraphQL
	config.App.IntegrationID, config.App.PrivateKey = it.App, it.PrivateKey
	creator, err := githubapp.NewDefaultCachingClientCreator(config)
	if err != nil {
		t.Fatal(err)
	}
	gh, err := creator.NewInstallationClient(it.Installation)
	if err != nil {
		t.Fatal(err)
	}
	file, _, _, err := gh.Repositories.GetContents(t.Context(), "acme", "shop", "values.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := file.GetContent(); err != nil || !strings.Contains(text, "ghcr.io/acme/web") {
		t.Errorf("%q, %v", text, err)
	}
	if _, _, err := gh.Issues.Create(t.Context(), "acme", "infra", &github.IssueRequest{Title: new("T")}); err != nil {
		t.Error(err)
	}
}

// TestPages shows that there is something for people to look at.
func TestPages(t *testing.T) {
	it := started(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, it.URL+"/acme/shop", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	page, err := io.ReadAll(res.Body)
	for _, want := range []string{"values.yaml", "writer", "maintainer", "outsider"} {
		if err != nil || !strings.Contains(string(page), want) {
			t.Errorf("%s, %v: not on the page: %s", res.Status, err, want)
		}
	}
}

func TestRunOnFolders(t *testing.T) {
	folder, key := t.TempDir(), filepath.Join(t.TempDir(), "key.pem")
	for name, text := range map[string]string{"deep/a.yaml": "a: b\n", ".git/config": "no\n"} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	it := started(t, "--org", "rival", "--repo", "own="+folder, "--key", key)
	if it.PrivateKey != "" || len(it.Repositories) != 1 || it.Repositories["rival/own"] == "" {
		t.Errorf("%+v", it)
	}
	if pem, err := os.ReadFile(key); err != nil || !bytes.Contains(pem, []byte("RSA PRIVATE KEY")) {
		t.Errorf("%s, %v", pem, err)
	}
	for path, status := range map[string]int{"deep/a.yaml": http.StatusOK, ".git/config": http.StatusNotFound} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, it.API+"repos/rival/own/contents/"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
}

func TestFlags(t *testing.T) {
	var help bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, io.Discard, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-repo name=folder") {
		t.Errorf("%v\n%s", err, help.String())
	}
	for _, args := range [][]string{{"--repo", "x"}, {"extra"}, {"--addr", "nowhere:x"}, {"--repo", "x=/does/not/exist"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
