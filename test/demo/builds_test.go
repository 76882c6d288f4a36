package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// begun is the demo after its first steps, until the test ends.
func begun(t *testing.T) *world {
	t.Helper()
	w, err := begin(t.Context(), settings{addr: "127.0.0.1:0"}, &teller{io.Discard}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.tell(t.Context(), append(opening(), step{"It has looked.", inTurn(looking("shop"), looking("platform")), nil})); err != nil {
		t.Fatal(err)
	}
	return w
}

// send sends a form to the page for builds, or gets it where there is none.
func (w *world) send(ctx context.Context, t *testing.T, form url.Values, header ...string) (int, string) {
	t.Helper()
	return w.sendTo(ctx, t, buildsPath, form, header...)
}

// sendTo sends a form to a page of the demo's own, or gets it where there is none.
func (w *world) sendTo(ctx context.Context, t *testing.T, path string, form url.Values, header ...string) (int, string) {
	t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, w.hub.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// TestBuilds pushes images, as a person does by the page and by curl.
func TestBuilds(t *testing.T) {
	t.Parallel()
	w := begun(t)
	if status, page := w.send(t.Context(), t, nil); status != http.StatusOK || !strings.Contains(page, "<td>acme/gateway<td>main-3f9c1d2, 2025.1.0-beta") {
		t.Errorf("%d\n%s", status, page)
	}
	form := func(image, tag string, more ...string) url.Values {
		v := url.Values{"image": {image}, "tag": {tag}}
		for _, field := range more {
			v.Set(field, "yes")
		}
		return v
	}
	for name, test := range map[string]struct {
		form   url.Values
		header []string
		status int
		want   string
	}{
		"by a browser":          {form("acme/api", "1.7.0"), []string{"Accept", "text/html"}, 200, "<strong>acme/api:1.7.0</strong> is in the registry"},
		"by curl":               {form("acme/api", " 1.7.1\n"), nil, 200, "pushed"},
		"no such image":         {form("acme/none", "1.7.0"), nil, 400, "there are acme/api, acme/gateway"},
		"no tag":                {form("acme/api", "1 7"), nil, 400, "a tag has letters"},
		"another site's button": {form("acme/api", "6.6.6"), []string{"Origin", "http://elsewhere.test"}, 403, "cross-origin"},
	} {
		status, text := w.send(t.Context(), t, test.form, test.header...)
		if status != test.status || !strings.Contains(text, test.want) {
			t.Errorf("%s: %d\n%s", name, status, text)
		}
	}
	if tags := w.stock.list("acme/api"); slices.Contains(tags, "6.6.6") || !slices.Contains(tags, "1.7.0") || !slices.Contains(tags, "1.7.1") {
		t.Errorf("%q", tags)
	}
	// The App looks when it is told.
	if status, text := w.send(t.Context(), t, form("acme/api", "1.8.0", "tell")); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	err := w.tell(t.Context(), []step{{"A build tells.", nil, []claim{
		proposes("shop", "dev", "Update dev images (3)",
			change{"values.yaml", `tag: "1.4.2"`, `tag: "1.8.0"`},
			change{"values.yaml", "tag: v2.3.0", "tag: v2.3.1"},
			change{"values.yaml", "worker:0.9.4@DIGEST(acme/worker:0.9.4)", "worker:0.9.5@DIGEST(acme/worker:0.9.5)"}),
	}}})
	if err != nil {
		t.Error(err)
	}
}

// TestHour lets a person see what merges when it has soaked.
func TestHour(t *testing.T) {
	t.Parallel()
	w := begun(t)
	if err := w.tell(t.Context(), []step{{"It soaks.", nil, []claim{judged("edge", "neutral", "Waits: after")}}}); err != nil {
		t.Fatal(err)
	}
	status, page := w.sendTo(t.Context(), t, hourPath, url.Values{}, "Accept", "text/html")
	if status != http.StatusOK || !strings.Contains(page, "An hour has passed") {
		t.Errorf("%d\n%s", status, page)
	}
	if err := w.tell(t.Context(), []step{{"It has.", nil, []claim{mergedItself("Update REGISTRY/acme/proxy to 3.2.1")}}}); err != nil {
		t.Error(err)
	}
	if status, text := w.sendTo(t.Context(), t, hourPath, url.Values{}); status != http.StatusOK || text != "an hour has passed\n" {
		t.Errorf("%d %q", status, text)
	}
}
