package forge_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestReaders makes narrow tokens, one each, that share what GitHub counts.
func TestReaders(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	other := w.hub.AddRepository("acme/other", map[string]string{"see.txt": "hidden"})
	other.Private = true
	w.installation.AddTo(other)
	g := w.github(t, forge.Options{})
	onlooker := must[*forge.Reader](t)(g.As(w.installation.ID).Onlooker(w.ref.ID))
	readerOf := must[*forge.Reader](t)(g.As(w.installation.ID).ReaderOf("other"))
	anybody := must[*forge.Reader](t)(forge.NewReader(forge.Options{URLs: forge.URLs{REST: w.hub.APIURL()}, Now: w.hub.Now}, ""))
	hidden := forge.Query{Path: []string{"repositories", strconv.FormatInt(other.ID, 10), "contents", "see.txt"}, Raw: true}
	public := forge.Query{Path: []string{"repos", "acme", "shop", "contents", "see.txt"}, Values: url.Values{"ref": {"main"}}, Raw: true}
	mark := w.hub.Mark()
	for name, tt := range map[string]struct {
		reader *forge.Reader
		query  forge.Query
		want   string
		scope  string
	}{
		"onlooker, public":  {onlooker, public, "see\n", "metadata:read of acme/shop"},
		"onlooker, hidden":  {onlooker, hidden, "", "metadata:read of acme/shop"},
		"reader of, public": {readerOf, public, "see\n", "contents:read metadata:read of acme/other"},
		"reader of, hidden": {readerOf, hidden, "hidden", "contents:read metadata:read of acme/other"},
		"anybody, public":   {anybody, public, "see\n", ""},
		"anybody, hidden":   {anybody, hidden, "", ""},
	} {
		answer, err := tt.reader.Read(t.Context(), tt.query)
		if (err == nil) != (tt.want != "") || err != nil && !errors.Is(err, forge.ErrNotFound) || string(answer.Body) != tt.want {
			t.Errorf("%s: %q %v", name, answer.Body, err)
		}
		if calls := w.hub.Since(mark, githubtest.Of("repos/get-content")); calls[len(calls)-1].Scope != tt.scope {
			t.Errorf("%s: with %q", name, calls[len(calls)-1].Scope)
		}
	}
	if made := w.hub.Since(mark, githubtest.Of("apps/create-installation-access-token")); len(made) != 2 {
		t.Errorf("tokens: %v", made)
	}

	w.hub.Fault(githubtest.TooManyRequests("repos/get-content", 0)).Times = 1
	_, err := readerOf.Read(t.Context(), public)
	_, err2 := onlooker.Read(t.Context(), public)
	_, err3 := anybody.Read(t.Context(), public)
	limited, isLimited := errors.AsType[*forge.LimitedError](err2)
	if err == nil || !isLimited || limited.Why != "cooldown" || err3 != nil {
		t.Errorf("a limit of the installation's: %v, %v, %v", err, err2, err3)
	}
}

// TestReading asks what cannot be asked, and what comes from elsewhere.
func TestReading(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	c := w.client(t, forge.Options{})
	_, err := c.Onlooker(0)
	_, err2 := c.ReaderOf("")
	_, err3 := c.ReaderOf("a/b")
	if !errors.Is(err, forge.ErrInvalid) || !errors.Is(err2, forge.ErrInvalid) || !errors.Is(err3, forge.ErrInvalid) {
		t.Errorf("readers of nothing: %v, %v, %v", err, err2, err3)
	}
	reader := must[*forge.Reader](t)(c.Onlooker(w.ref.ID))
	for _, path := range [][]string{nil, {""}, {"repos", "..", "x"}, {"repos", "", "x"}, {"."}, {"a\x00"}} {
		if _, err := reader.Read(t.Context(), forge.Query{Path: path}); !errors.Is(err, forge.ErrInvalid) {
			t.Errorf("%q: %v", path, err)
		}
	}
	id := strconv.FormatInt(w.ref.ID, 10)
	small := forge.Query{Path: []string{"repositories", id}, Max: 10}
	_, err = reader.Read(t.Context(), small)
	if _, tooLarge := errors.AsType[*forge.TooLargeError](err); !tooLarge {
		t.Errorf("more than it may be: %v", err)
	}
	first, err := reader.Read(t.Context(), forge.Query{Path: []string{"repositories", id}})
	if err != nil || first.File || first.More || first.ETag == "" {
		t.Fatalf("%+v %v", first, err)
	}
	again, err := reader.Read(t.Context(), forge.Query{Path: []string{"repositories", id}, ETag: first.ETag})
	if err != nil || !again.Unchanged || again.ETag != first.ETag || again.Body != nil {
		t.Errorf("%+v %v", again, err)
	}
	moved := w.hub.Fault(githubtest.Fault{
		Operation: "repos/get", Times: 1, Status: http.StatusMovedPermanently, Header: http.Header{"Location": {w.hub.APIURL() + "repos/acme/shop"}},
	})
	if _, err := reader.Read(t.Context(), forge.Query{Path: []string{"repositories", id}}); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("sent on from an id: %v", err)
	}
	moved.Remove()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := reader.Read(ctx, small); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
