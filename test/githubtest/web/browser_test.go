package web_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is one that notes whatever goes wrong in its pages.
type browser struct {
	*testing.T

	world *world
	ctx   context.Context

	mu    sync.Mutex
	wrong []string
}

// chromium is the browser's program. Where there is none the test is skipped, or fails
// where tools are required.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("IMAGEUPDATER_REQUIRE_TOOLS") != "" {
		t.Fatal("chromium is missing and required")
	}
	t.Skip("chromium is not on the PATH")
	return ""
}

func newBrowser(t *testing.T, w *world) *browser {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium(t)), chromedp.WSURLReadTimeout(time.Minute))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it does not run as root otherwise
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &browser{T: t, world: w, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // starts it, for as long as the context lives
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	return b
}

// hear notes errors of the console, violations of the policy among them.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		b.wrong = append(b.wrong, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.wrong = append(b.wrong, fmt.Sprintf("console.%s", e.Type))
	}
}

// result is what an action gives.
func result[T any](b *browser, action chromedp.Action[T]) T {
	b.Helper()
	ctx, stop := context.WithTimeoutCause(b.ctx, time.Minute, errors.New("the browser does not answer"))
	defer stop()
	found, err := chromedp.Run(ctx, action)
	if err != nil {
		b.Fatal(err)
	}
	return found
}

// at opens a page.
func (b *browser) at(path string) {
	b.Helper()
	result(b, chromedp.Navigate(b.world.hub.URL+path))
}

// press clicks what leads to another page, and waits for it.
func (b *browser) press(selector string) {
	b.Helper()
	ctx, stop := context.WithTimeoutCause(b.ctx, time.Minute, errors.New("the browser does not answer"))
	defer stop()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.Fatalf("pressing %s: %v", selector, err)
	}
}

// become chooses who looks, by the menu.
func (b *browser) become(login string) {
	b.Helper()
	result(b, chromedp.Click(chromedp.CSS(".who summary")))
	b.press(`.who button[value="` + login + `"]`)
}

// reads fails unless the page has that text.
func (b *browser) reads(wanted ...string) {
	b.Helper()
	has(b.T, result(b, chromedp.Text(chromedp.CSS("body"))), wanted...)
}

// sizes are what the pages are looked at in.
func sizes() map[string][2]int64 {
	return map[string][2]int64{"wide": {1280, 800}, "narrow": {390, 844}}
}

// fits fails if the page is wider than the window, and takes its picture.
func (b *browser) fits(name string) {
	b.Helper()
	for size, pixels := range sizes() {
		result(b, chromedp.EmulateViewport(pixels[0], pixels[1]))
		width := result(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
		if shown := result(b, chromedp.Evaluate[int](`document.documentElement.clientWidth`)); width > shown {
			b.Errorf("%s, %s: %d pixels of %d", name, size, width, shown)
		}
		b.picture(name + "-" + size + ".png")
	}
	result(b, chromedp.EmulateViewport(1280, 800))
}

// picture is of the whole page, for people, where there is a folder for it.
func (b *browser) picture(name string) {
	b.Helper()
	folder := os.Getenv("IMAGEUPDATER_SCREENSHOTS")
	if folder == "" {
		return
	}
	png := result(b, chromedp.FullScreenshot(100))
	if err := os.MkdirAll(folder, 0o750); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), png, 0o600); err != nil {
		b.Fatal(err)
	}
}

// TestBrowser looks at the main pages in a real browser, and acts by them.
func TestBrowser(t *testing.T) {
	w := told(t)
	b := newBrowser(t, w)
	for _, page := range []struct{ name, path, reads string }{
		{"home", "/", "acme/infra"},
		{"repository", "/acme/shop", "The deployment of the shop"},
		{"file", "/acme/shop/blob/main/envs/dev/values.yaml#L3", "1.4.2"},
		{"edit", "/acme/shop/edit/main/envs/dev/values.yaml", "Push as writer"},
		{"commits", "/acme/shop/commits/main", "Raise the replicas"},
		{"pulls", "/acme/shop/pulls", "Update backend"},
		{"pull", "/acme/shop/pull/1", "It can be merged"},
		{"issues", "/acme/shop/issues", "Image updates"},
		{"issue", "/acme/shop/issues/2", "too new until"},
	} {
		b.at(page.path)
		b.reads(page.reads)
		b.fits(page.name)
	}

	b.press(`button.box[aria-checked="false"]`)
	if got := w.repo.Body(2); !strings.Contains(got, "- [x] Rebase #1") || strings.Count(got, "[x]") != 1 {
		t.Errorf("the box was ticked as %q", got)
	}
	b.at("/acme/shop/pull/1")
	for _, who := range []string{"outsider", "maintainer"} {
		b.become(who)
		result(b, chromedp.SendKeys(chromedp.CSS(`textarea[name=body]`), "I am "+who))
		b.press("form.writing button.primary")
		b.reads("I am " + who)
	}
	b.become("outsider")
	b.press(`form.acts button.primary`)
	b.reads("Must have push access to repository")
	b.fits("refused")
	b.forget("403 (Forbidden)")
	b.become("maintainer")
	b.press(`form.acts button.primary`)
	b.reads("maintainer merged it")
	b.fits("merged")
	b.press(`form.acts button[formaction$=delete-branch]`)
	b.reads("is deleted")
	if got := w.repo.Read("main", "envs/dev/values.yaml"); !strings.Contains(got, "1.5.0") {
		t.Errorf("main has %q", got)
	}
	w.repo.Comment(1, "outsider", "Thank you")
	result(b, chromedp.WaitVisible(chromedp.CSS("#news")))
	b.press("#news a")
	b.reads("Thank you")
	for _, wrong := range b.complaints() {
		t.Errorf("the browser complains: %s", wrong)
	}

	// It would have complained.
	result(b, chromedp.Evaluate[bool](`document.body.setAttribute("style", "color: red"), console.error("heard"), true`))
	if all := strings.Join(b.complaints(), "\n"); !strings.Contains(all, "Content Security Policy") || !strings.Contains(all, "console.error") {
		t.Errorf("only this was heard: %s", all)
	}
}

// forget passes over a complaint that there is to be.
func (b *browser) forget(text string) {
	b.Helper()
	all := b.complaints()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(all) != 1 || !strings.Contains(all[0], text) {
		b.Errorf("the browser complains %q, and not only of %s", all, text)
	}
	b.wrong = nil
}

// complaints is all that went wrong so far.
func (b *browser) complaints() []string {
	result(b, chromedp.Evaluate[bool]("true")) // what was told before is heard when this is answered
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.wrong)
}
