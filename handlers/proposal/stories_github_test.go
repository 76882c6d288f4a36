package proposal

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// asGitHub is a text as GitHub's own reader of Markdown has it, before anything is
// taken out of it.
func asGitHub(t *testing.T, body string) *html.Node {
	t.Helper()
	program, err := exec.LookPath("cmark-gfm")
	if err != nil {
		if os.Getenv("IMAGEUPDATER_REQUIRE_TOOLS") != "" {
			t.Fatal("cmark-gfm is missing and required")
		}
		t.Skip("cmark-gfm is not on the PATH")
	}
	command := exec.CommandContext(t.Context(), program, "--unsafe", "-e", "table", "-e", "strikethrough", "-e", "autolink", "-e", "tasklist", "-e", "footnotes")
	command.Stdin = strings.NewReader(body)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("cmark-gfm: %v", err)
	}
	page, err := html.Parse(strings.NewReader(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// shownElements are those that bodies consist of.
var shownElements = map[atom.Atom]bool{
	atom.Html: true, atom.Head: true, atom.Body: true, atom.P: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Ul: true, atom.Ol: true,
	atom.Li: true, atom.Blockquote: true, atom.Pre: true, atom.Code: true, atom.Table: true, atom.Thead: true, atom.Tbody: true, atom.Tr: true, atom.Th: true,
	atom.Td: true, atom.Em: true, atom.Strong: true, atom.Del: true, atom.A: true, atom.Hr: true, atom.Br: true, atom.Details: true, atom.Summary: true,
}

// reader looks through a page.
type reader struct {
	t     *testing.T
	folds int
	// last are the words of the last paragraph that is not folded.
	last string
}

func (r *reader) read(n *html.Node, folded, quiet bool) {
	if n.Type == html.ElementNode {
		switch {
		case !shownElements[n.DataAtom]:
			r.t.Errorf("there is a <%s>", n.Data)
		case n.DataAtom == atom.Details:
			folded = true
			r.folds++
		case n.DataAtom == atom.P && !folded:
			r.last = ""
		}
		quiet = quiet || n.DataAtom == atom.Code || n.DataAtom == atom.Pre
	}
	if n.Type == html.TextNode {
		if !quiet && acting.MatchString(n.Data) {
			r.t.Errorf("%q is live", n.Data)
		}
		if !folded {
			r.last += n.Data
		}
	}
	if n.Type == html.CommentNode {
		r.t.Errorf("there is a comment: %s", n.Data)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		r.read(child, folded, quiet)
	}
}

// TestStoriesOnGitHub reads bodies as GitHub does: nothing is live, and what stands
// after the notes is not in one of their folds.
func TestStoriesOnGitHub(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{}
	for name, s := range situations() {
		bodies[name] = bodyOf(t, s.Proposal, s.Notes)
	}
	for i, v := range hostile() {
		s := situated("hostile", step("a.yaml", 1, v, v, v, "minor"), step("b.yaml", 1, "ghcr.io/acme/b", "1", "2", "major"))
		random := rand.New(rand.NewPCG(uint64(i), 3))
		for c := range s.Changes {
			s.Changelogs[StepKey(s.Changes[c].Image, s.Changes[c].From, s.Changes[c].To)] = evil(v, random)
		}
		bodies[fmt.Sprintf("%.20q", v)] = bodyOf(t, s.Proposal, s.Notes)
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := reader{t: t}
			r.read(asGitHub(t, body), false, false)
			if want := strings.Count(body, "\n<details>\n"); r.folds != want {
				t.Errorf("%d folds of %d", r.folds, want)
			}
			if !strings.HasPrefix(strings.TrimSpace(r.last), "Commands, each on a line") {
				t.Errorf("the last thing to be seen is %q", r.last)
			}
		})
	}
}

// plainly is what GitHub acts on in the message of a commit, which has no code.
var plainly = regexp.MustCompile(`(?:^|[^\w/])@[A-Za-z0-9]|(?:^|[^\w&/])#[0-9]|(?i)\bgh-[0-9]|\[skip ci\]|(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #?[0-9]+`)

// TestStoriesAsPlainText has bodies as the message of a squashed merge.
func TestStoriesAsPlainText(t *testing.T) {
	t.Parallel()
	for name, s := range situations() {
		if found := plainly.FindString(bodyOf(t, s.Proposal, s.Notes)); found != "" {
			t.Errorf("%s: %q", name, found)
		}
	}
}
