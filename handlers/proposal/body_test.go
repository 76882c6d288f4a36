package proposal

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/imageupdater/imageupdater/scanner/version"
)

func bodyOf(tb testing.TB, p *Proposal, notes *Notes) string {
	tb.Helper()
	return body(p, notes)
}

var (
	someSeat = Seat{RepositoryID: 7, Base: "main", Branch: "imageupdater/pears-0a0b0c"}
	someKey  = []byte("first key of the test")
)

// marked is a body with the marker of someBase.
func marked(tb testing.TB, text string, record Record, keys ...[]byte) string {
	tb.Helper()
	marker, err := Marker(&Marked{Commit: someBase, BuiltOn: someBase, Record: &record}, someSeat, keys...)
	if err != nil {
		tb.Fatal(err)
	}
	return text + "\n" + marker + "\n"
}

func TestBody(t *testing.T) {
	t.Parallel()
	nginx := step("base/deployment.yaml", 31, "docker.io/library/nginx", "1.27@"+oldDigest, "1.27@"+newDigest, version.Digest)
	unknown := step("envs/prod/values.yaml", 8, "ghcr.io/orchard/api", "main-3f78685", "main-89e6c98", version.Tag)
	unknown.Since = time.Time{}
	orchard := []Change{
		nginx,
		step("envs/dev/values.yaml", 12, pear, "v1.4.0", "v1.5.0", version.Minor),
		step("envs/prod/values.yaml", 12, pear, "v1.4.0", "v1.5.0", version.Minor),
		step("envs/qa/values.yaml", 12, pear, "v1.4.0", "v1.5.0", version.Minor),
		step("envs/uat/värde (1).yaml", 12, pear, "v1.4.0", "v1.5.0", version.Minor),
		unknown,
	}
	whole := notesOf(
		Held{Change: step("envs/dev/values.yaml", 20, plum, "2.0.0", "2.0.1", version.Patch), Why: Young, Until: noon.Add(24 * time.Hour)},
		Held{Change: step("envs/old/values.yaml", 4, pear, "v1.4.0", "v1.5.0", version.Minor), Why: Failed, Detail: "line 4: an anchor is used for two images"},
	)
	whole.Facts = map[string]Facts{
		FactsKey(pear, value("v1.4.0")): {Digest: oldDigest, Platforms: []string{"linux/amd64"}},
		FactsKey(pear, value("v1.5.0")): {Digest: newDigest, Platforms: []string{"linux/amd64", "linux/arm64"}},
	}
	one := []Change{step("envs/dev/values.yaml", 12, pear, "v1.4.0", "v1.5.0", version.Minor)}
	for name, c := range map[string]struct {
		p     *Proposal
		notes *Notes
	}{
		"one.md":   {&Proposal{Group: "orchard/pear", Changes: one}, notesOf()},
		"group.md": {&Proposal{Group: "backend", Changes: orchard}, whole},
		"bare.md":  {&Proposal{Group: "orchard/pear", Changes: one}, &Notes{}},
	} {
		got := bodyOf(t, c.p, c.notes)
		golden(t, name, got)
		inert(t, got)
	}
}

// Only these addresses may be linked, and only this HTML be there.
var ours = []string{"<details>", "<summary>", "</summary>", "</details>", "<br>"}

// inert fails if a body holds anything live beside what we put there: values from
// outside say "pwned", and may be in code and in addresses of lines alone.
func inert(t *testing.T, source string) {
	t.Helper()
	if len(source) > longestBody {
		t.Errorf("%d bytes", len(source))
	}
	bytes := []byte(source)
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(bytes))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.Link:
			link := string(n.Destination)
			if !strings.HasPrefix(link, somePage+"/blob/"+someBase+"/") || strings.ContainsAny(link, "?<>\"' \\") || len(n.Title) > 0 {
				t.Errorf("link to %q", link)
			}
			if n.ChildCount() != 1 || n.FirstChild().Kind() != ast.KindCodeSpan {
				t.Errorf("the text of the link to %q is not code", link)
			}
		case *ast.Text:
			if words := string(n.Segment.Value(bytes)); strings.Contains(words, "pwned") || strings.ContainsAny(words, "@#<>`|[]$") {
				t.Errorf("text %q", words)
			}
		case *ast.RawHTML:
			ownHTML(t, string(n.Segments.Value(bytes)))
		case *ast.HTMLBlock:
			ownHTML(t, string(n.Lines().Value(bytes)))
		case *tables.TableRow:
			if n.ChildCount() != 6 {
				t.Errorf("a row of %d cells", n.ChildCount())
			}
		case *ast.Document, *ast.Paragraph, *ast.TextBlock, *ast.List, *ast.ListItem, *ast.Emphasis,
			*tables.Table, *tables.TableHeader, *tables.TableCell:
		default:
			t.Errorf("a %s", n.Kind())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Error(err)
	}
}

// ownHTML fails if raw HTML is more than what unfolds, or the marker.
func ownHTML(t *testing.T, html string) {
	t.Helper()
	if strings.HasPrefix(html, markerBegin) && strings.Count(html, "-->") == 1 && strings.HasSuffix(strings.TrimSpace(html), markerEnd) {
		return
	}
	for _, tag := range ours {
		html = strings.ReplaceAll(html, tag, "")
	}
	if strings.ContainsAny(html, "<>") || strings.Contains(html, "pwned") {
		t.Errorf("HTML %q", html)
	}
}

// hostileNotes have a value everywhere.
func hostileNotes(v string, p *Proposal) *Notes {
	n := notesOf(
		Held{Change: p.Changes[0], Why: Why(v), Detail: v},
		Held{Change: p.Changes[0], Why: Young, Until: noon, Detail: v},
	)
	n.Facts = map[string]Facts{
		FactsKey(p.Changes[0].Image, p.Changes[0].From): {Digest: v, Platforms: []string{v, v}},
		FactsKey(p.Changes[0].Image, p.Changes[0].To):   {Digest: v, Platforms: []string{v}},
	}
	return n
}

func TestBodyOfHostileValues(t *testing.T) {
	t.Parallel()
	for _, v := range hostile() {
		t.Run(fmt.Sprintf("%.20q", v), func(t *testing.T) {
			t.Parallel()
			checkBody(t, v)
		})
	}
}

// checkBody has a value everywhere in a body.
func checkBody(t *testing.T, v string) {
	t.Helper()
	p := hostileProposal(v)
	n := hostileNotes(v, p)
	text := bodyOf(t, p, n)
	inert(t, text)
	want := recordOf(7, p.Group, p.Changes)
	if got := ReadMarker(text, someSeat, someKey); got != nil {
		t.Errorf("without a marker it says %+v", got)
	}
	whole := marked(t, text, want, someKey)
	if got := ReadMarker(whole, someSeat, someKey); got == nil || !got.Record.sameAs(&want) || got.Commit != someBase {
		t.Errorf("the marker says %+v", got)
	}
	inert(t, whole)
	if !sameBody(text, whole) {
		t.Error("the marker makes it another text")
	}
	if strings.Count(text, "\n| `") != 1 || !strings.Contains(text, merging+person) || !strings.Contains(text, rollBack) {
		t.Errorf("parts are lost:\n%s", text)
	}
}

func FuzzBody(f *testing.F) {
	for _, v := range hostile() {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		if len(v) < longestMarker/32 { // of longer ones the record may not fit into the marker
			checkBody(t, v)
		}
	})
}

// An address of the repository that is none, or no http, is not linked.
func TestBodyWithoutLinks(t *testing.T) {
	t.Parallel()
	p := &Proposal{Group: "pears", Changes: []Change{step("a.yaml", 1, pear, "1", "2", version.Major)}}
	for _, c := range []struct{ page, sha, path string }{
		{"", someBase, "a"},
		{"javascript:alert(1)", someBase, "a"},
		{"https://", someBase, "a"},
		{"https://user@github.com/a/b", someBase, "a"},
		{"://", someBase, "a"},
		{somePage, "", "a"},
		{somePage, "main) [x](https://pwned.example", "a"},
		{somePage, someBase, ""},
		{somePage, someBase, "../a"},
		{somePage, someBase, "a/../../b"},
		{somePage, someBase, "/a"},
		{somePage, someBase, "a/"},
		{somePage, someBase, strings.Repeat("ä", 500)},
	} {
		n := notesOf()
		n.RepositoryURL, n.BaseSHA = c.page, c.sha
		p.Changes[0].Path = c.path
		if text := bodyOf(t, p, n); strings.Contains(text, "](") {
			t.Errorf("%v is linked:\n%s", c, text)
		}
	}
}

// manyChanges are changes of realistic sizes.
func manyChanges(random *rand.Rand, n int) []Change {
	var changes []Change
	for i := range n {
		from, to := fmt.Sprintf("v1.%d.0", i), fmt.Sprintf("v1.%d.0", i+1)
		if random.IntN(3) == 0 {
			from, to = from+"@"+oldDigest, to+"@"+newDigest
		}
		path := fmt.Sprintf("clusters/eu-north-%d/apps/%s/values.yaml", random.IntN(9), strings.Repeat("x", random.IntN(60)))
		changes = append(changes, step(path, random.IntN(400), fmt.Sprintf("ghcr.io/orchard/service-%d", random.IntN(n)), from, to, version.Minor))
	}
	return changes
}

// 200 updates are all in the table.
func TestBodyOf200(t *testing.T) {
	t.Parallel()
	p := &Proposal{Group: "everything"}
	for i := range 200 {
		image := fmt.Sprintf("ghcr.io/orchard/service-%d", i)
		p.Changes = append(p.Changes, step(fmt.Sprintf("clusters/eu-north-1/apps/service-%d/values.yaml", i), 12, image, "v1.4.0", "v1.5.0", version.Minor))
	}
	text := bodyOf(t, p, notesOf())
	inert(t, text)
	if n := strings.Count(text, "\n| `ghcr.io"); n != 200 || !strings.Contains(text, "values.yaml#L12)") {
		t.Errorf("%d rows", n)
	}
}

// Whatever the size, the body is short enough and keeps what people need.
func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		p := &Proposal{Group: "everything", Changes: manyChanges(random, 1+random.IntN(1500))}
		if seed%3 == 0 {
			for i := range p.Changes {
				c := &p.Changes[i]
				c.Image, c.Path = strings.Repeat("`", random.IntN(400))+c.Image, strings.Repeat("d|/", random.IntN(300))+"x"
				c.From.Tag, c.To.Digest = strings.Repeat("\u202e", random.IntN(200)), strings.Repeat("é", random.IntN(200))
			}
		}
		n := notesOf()
		for range random.IntN(500) {
			n.Held = append(n.Held, Held{Change: p.Changes[0], Why: Limit, Detail: strings.Repeat("z", random.IntN(600))})
		}
		text := bodyOf(t, p, n)
		if len(text) > longestBody || !strings.Contains(text, merging+person) || !strings.Contains(text, rollBack) {
			t.Errorf("seed %d: %d bytes", seed, len(text))
		}
		if whole := marked(t, text, recordOf(7, p.Group, p.Changes), someKey); len(whole) >= 60_000 || !strings.Contains(text, "\n| ") {
			t.Errorf("seed %d: %d bytes with the marker, or no table", seed, len(whole))
		}
		if len(n.Held) > 0 && !strings.Contains(text, "Not proposed now: ") {
			t.Errorf("seed %d: nothing about what is not proposed", seed)
		}
	}
}

func BenchmarkBody(b *testing.B) {
	p := &Proposal{Group: "everything", Changes: manyChanges(rand.New(rand.NewPCG(1, 1)), 200)}
	for b.Loop() {
		bodyOf(b, p, notesOf())
	}
}
