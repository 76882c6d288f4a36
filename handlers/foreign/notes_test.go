package foreign_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// hostile are all notes that are hostile, each also as it would stand in other notes.
func hostile() []string {
	notes := slices.Concat(hostileWords(), hostileBlocks())
	for _, n := range slices.Clone(notes) {
		indented := strings.ReplaceAll(n, "\n", "\n  ")
		notes = append(notes, "- a\n- "+indented+"\n\nb", "> "+strings.ReplaceAll(n, "\n", "\n> ")+"\nb", "a "+n+" b", "**"+n+"**", "[a "+n+" b](https://example.org)", "<b>"+n+"</b>")
	}
	return notes
}

// own are notes of which each is hostile in another way.
func own() int { return len(hostileWords()) + len(hostileBlocks()) }

func options() foreign.Options { return foreign.Options{Source: "https://github.com/acme/api"} }

// asGoldmark is a page as the reader of Markdown in Go has it.
func asGoldmark(page string) (string, error) {
	var out bytes.Buffer
	err := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote),
		goldmark.WithRendererOptions(html.WithUnsafe())).Convert([]byte(page), &out)
	return out.String(), err
}

// asGitHub is a page as GitHub's own reader has it, with all that GitHub has switched
// on, and without what GitHub takes out afterwards.
func asGitHub(t *testing.T, program, page string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, "--unsafe", "--github-pre-lang",
		"-e", "table", "-e", "strikethrough", "-e", "autolink", "-e", "tasklist", "-e", "footnotes")
	command.Stdin = strings.NewReader(page)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("cmark-gfm on %q: %v", page, err)
	}
	return string(out)
}

func cmark(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("cmark-gfm")
	if err == nil {
		return path
	}
	if os.Getenv("IMAGEUPDATER_REQUIRE_TOOLS") != "" {
		t.Fatal("cmark-gfm is missing and required")
	}
	t.Skip("cmark-gfm is not on the PATH")
	return ""
}

func TestHostileNotesAreHarmless(t *testing.T) {
	t.Parallel()
	const least = 150
	if own() < least {
		t.Fatalf("there are %d notes", own())
	}
	for _, note := range hostile() {
		check(t, note, foreign.Notes(note, options()))
	}
}

// check looks at harmless notes with goldmark, and at what becomes of them when they
// are made harmless again.
func check(t *testing.T, note, notes string) {
	t.Helper()
	for range 2 {
		page, err := asGoldmark(onPage(notes))
		if err != nil {
			t.Fatal(err)
		}
		for _, harm := range harms(page) {
			t.Errorf("%q: %s\nas %q", note, harm, notes)
		}
		if strings.Contains(notes, "<!--") {
			t.Errorf("%q has a comment: %q", note, notes)
		}
		notes = foreign.Notes(notes, options())
	}
}

func TestHostileNotesAreHarmlessOnGitHub(t *testing.T) {
	t.Parallel()
	harmlessOnGitHub(t, hostile())
}

// TestMixedNotesAreHarmlessOnGitHub joins hostile notes by what may make something
// else of them, always the same ones.
func TestMixedNotesAreHarmlessOnGitHub(t *testing.T) {
	t.Parallel()
	const mixed, longest = 1000, 200
	own := slices.DeleteFunc(slices.Concat(hostileWords(), hostileBlocks()), func(note string) bool { return len(note) > longest })
	between := strings.Split("|| |\n|\n\n|\n  |\n> |\n- |\n    |`|*|**|[|]|<b>|\\|!|@|#|\n1. |](https://example.org)|_|~~|&|;|\n---\n|\n===\n|<|>|1|a|:|/|-|<br>|` `|GH-|www.|://|$", "|")
	next := uint32(1)
	pick := func(from []string) string {
		next = next*1664525 + 1013904223
		return from[int(next>>8)%len(from)]
	}
	notes := make([]string, mixed)
	for i := range notes {
		for range 1 + i%5 {
			notes[i] += pick(own) + pick(between) + pick(between)
		}
	}
	harmlessOnGitHub(t, notes)
}

func harmlessOnGitHub(t *testing.T, notes []string) {
	t.Helper()
	program := cmark(t)
	const together = 50
	for notes := range slices.Chunk(notes, together) {
		pages := make([]string, len(notes))
		for i, note := range notes {
			pages[i] = onPage(foreign.Notes(note, options()))
		}
		// One after the other, with a line between them that must stay one.
		shown := strings.Split(asGitHub(t, program, strings.Join(pages, "\nthe next page\n\n")), "<p>the next page</p>\n")
		if len(shown) != len(pages) {
			t.Fatalf("%d pages have become %d: %q", len(pages), len(shown), pages)
		}
		for i, page := range shown {
			for _, harm := range harms(page) {
				t.Errorf("%q: %s\nas %q", notes[i], harm, pages[i])
			}
		}
	}
}

// TestAsPlainText looks at what Markdown is made of, as where a squashed merge takes its
// message from the page: there neither backslashes nor code protect anybody.
func TestAsPlainText(t *testing.T) {
	t.Parallel()
	addresses := regexp.MustCompile(`\]\([^()]*\)`)
	for _, note := range hostileWords() {
		notes := foreign.Notes(note, options())
		if strings.ContainsAny(note, "`\t") || strings.Contains(note, "    ") || strings.Contains(notes, "://") && !strings.Contains(notes, "](") {
			continue // code says what it says
		}
		plain := addresses.ReplaceAllString(notes, "]")
		for _, what := range []string{"a mention", "a reference", "a reference with GH-", "a closing keyword"} {
			if found := live[what].FindString(plain); found != "" {
				t.Errorf("%q has %s: %q", note, what, notes)
			}
		}
	}
}

func FuzzNotes(f *testing.F) {
	for _, note := range slices.Concat(hostileWords(), hostileBlocks()) {
		f.Add(note, uint16(0))
	}
	f.Fuzz(func(t *testing.T, note string, most uint16) {
		o := options()
		o.Most = int(most)
		notes := foreign.Notes(note, o)
		if most > 0 && len(notes) > int(most) {
			t.Fatalf("%q has become %d bytes, of %d", note, len(notes), most)
		}
		check(t, note, notes)
	})
}
