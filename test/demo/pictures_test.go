package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/imageupdater/imageupdater/handlers/dashboard"
)

var update = flag.Bool("update", false, "write docs/pictures anew")

// largestPicture is what README's readers should have to fetch, in bytes.
const largestPicture = 200_000

// chromium is the browser's program.
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

// picture is what a page looks like in a window of a size.
func picture(t *testing.T, address string, width, height int64) []byte {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium(t)), chromedp.WSURLReadTimeout(time.Minute))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it does not run as root otherwise
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	if _, err := chromedp.Run(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	taken, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

// TestPictures takes those of README.md and of the docs: with -update they are written to
// docs/pictures.
func TestPictures(t *testing.T) {
	t.Parallel()
	w := begun(t)
	pull, err := w.open("shop", "dev")
	if err != nil {
		t.Fatal(err)
	}
	page := fmt.Sprintf("%s/acme/shop/pull/%d", w.hub.URL, pull.Number)
	keep(t, "pull-request", picture(t, page, 1000, 1240))
	keep(t, "commits", below(t, picture(t, page, 1000, 1450), 1090))
	if err := w.tell(t.Context(), slices.Concat(merging(), rollingBack()[:1], refusing()[:1])); err != nil {
		t.Fatal(err)
	}
	issue, err := w.issue("shop", dashboard.Title)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "dashboard", picture(t, fmt.Sprintf("%s/acme/shop/issues/%d", w.hub.URL, issue.Number), 1000, 1000))
}

// below is what of a picture lies below a line.
func below(t *testing.T, taken []byte, line int) []byte {
	t.Helper()
	whole, err := png.Decode(bytes.NewReader(taken))
	if err != nil {
		t.Fatal(err)
	}
	part, is := whole.(interface {
		SubImage(r image.Rectangle) image.Image
	})
	if !is {
		t.Fatalf("no part can be taken of a %T", whole)
	}
	var cut bytes.Buffer
	if err := png.Encode(&cut, part.SubImage(image.Rect(0, line, whole.Bounds().Dx(), whole.Bounds().Dy()))); err != nil {
		t.Fatal(err)
	}
	return cut.Bytes()
}

// keep makes sure that a picture is one for README.md, and writes it where that is
// wanted.
func keep(t *testing.T, name string, taken []byte) {
	t.Helper()
	if _, err := png.Decode(bytes.NewReader(taken)); err != nil || len(taken) > largestPicture {
		t.Errorf("%s: %d bytes, %v", name, len(taken), err)
	}
	file := filepath.Join("..", "..", "docs", "pictures", name+".png")
	if *update {
		if err := os.WriteFile(file, taken, 0o600); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("README.md or the docs show it: %v", err)
	}
}
