package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBodies looks at what the App writes of each of its situations: nothing is wider
// than the page, whatever is folded opens, and nothing of Markdown is left over.
func TestBodies(t *testing.T) {
	files, err := filepath.Glob("../../../handlers/proposal/testdata/stories/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no bodies: %v", err)
	}
	w := newWorld(t)
	b := newBrowser(t, w)
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		number := w.repo.OpenIssue("wendy", "Update images", string(body))
		name := "body-" + strings.TrimSuffix(filepath.Base(file), ".md")
		b.at(fmt.Sprintf("/acme/shop/issues/%d", number))
		b.fits(name)
		folds := result(b, chromedp.Evaluate[int](`[...document.querySelectorAll("summary")].filter(s => s.closest(".who") === null).length`))
		if want := strings.Count(string(body), "<summary>"); folds < want {
			t.Errorf("%s: %d folds, not %d", name, folds, want)
		}
		result(b, chromedp.Evaluate[bool](`document.querySelectorAll("details:not(.who)").forEach(d => d.open = true), true`))
		b.fits(name + "-open")
		text := result(b, chromedp.Text(chromedp.CSS("body")))
		for _, left := range []string{"](http", "**", "<details", "####", "| ---"} {
			if strings.Contains(text, left) {
				t.Errorf("%s: %q is to be seen", name, left)
			}
		}
	}
	for _, wrong := range b.complaints() {
		t.Errorf("the browser complains: %s", wrong)
	}
}
