package proposal

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// TestStories has a body for each situation as people should get it.
func TestStories(t *testing.T) {
	t.Parallel()
	for name, s := range situations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := bodyOf(t, s.Proposal, s.Notes)
			golden(t, "stories/"+name+".md", got)
			harmless(t, got, s.host())
			whole(t, s, got)
			if again := bodyOf(t, s.Proposal, s.Notes); again != got {
				t.Error("it is another text the second time")
			}
		})
	}
}

// whole fails unless a body is short enough and has what is never cut.
func whole(t *testing.T, s situation, body string) {
	t.Helper()
	if len(body) > longestBody {
		t.Errorf("%d bytes", len(body))
	}
	for _, part := range []string{merging + person, rollBack, commands} {
		if strings.Count(body, "\n"+part+"\n") != 1 {
			t.Errorf("not once: %s", part)
		}
	}
	moves := movesOf(s.Changes)
	if rows := strings.Count(body, "\n| `") - strings.Count(body, "\n| `--timeout` |"); rows < min(len(moves), 10) {
		t.Errorf("%d rows of %d", rows, len(moves))
	}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(strings.TrimLeft(line, " >-*"), "/") {
			t.Errorf("it could be a command: %s", line)
		}
	}
	depth := 0
	for line := range strings.Lines(body) {
		switch strings.TrimSuffix(line, "\n") {
		case "<details>":
			depth++
		case "</details>":
			depth--
		}
		if depth < 0 {
			t.Fatal("something is folded less than unfolded")
		}
	}
	if depth != 0 {
		t.Error("something stays folded")
	}
}

// acting is what GitHub makes live in text that is no code.
var acting = regexp.MustCompile(`@[A-Za-z0-9_]|#[0-9]|(?i:\bgh-[0-9])|[a-z]://|\bwww\.|\[[ xX]\]`)

// harmless fails if a body has more than text, folds of our own, and links that leave
// no trace.
func harmless(t *testing.T, source, host string) {
	t.Helper()
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
			leads(t, string(n.Destination), host)
		case *ast.Text:
			if words := string(n.Segment.Value(bytes)); acting.MatchString(words) {
				t.Errorf("%q is live", words)
			}
		case *ast.RawHTML:
			foldsOnly(t, string(n.Segments.Value(bytes)))
		case *ast.HTMLBlock:
			foldsOnly(t, string(n.Lines().Value(bytes)))
		case *ast.Image, *ast.AutoLink, *tables.TaskCheckBox:
			t.Errorf("a %s", n.Kind())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Error(err)
	}
}

// leads fails if a link goes elsewhere than into the web, or leaves a trace on GitHub.
// Foreign notes may link to http; their addresses are not made others.
func leads(t *testing.T, link, host string) {
	t.Helper()
	u, err := url.Parse(link)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(link, "<>\"' \\@`"):
		t.Errorf("link to %q", link)
	case u.Host == gitHub && host == gitHub && !strings.HasPrefix(u.Path, "/acme/deploy/blob/"):
		t.Errorf("%s leaves a trace", link)
	}
}

var entities = regexp.MustCompile(`&#[0-9]+;`)

// foldsOnly fails if HTML is more than folds and code.
func foldsOnly(t *testing.T, html string) {
	t.Helper()
	for _, tag := range append([]string{"<code>", "</code>"}, ours...) {
		html = strings.ReplaceAll(html, tag, "")
	}
	if html = entities.ReplaceAllString(html, ""); strings.ContainsAny(html, "<>&@#") {
		t.Errorf("HTML %q", html)
	}
}

// evil has a value wherever something foreign can be.
func evil(v string, random *rand.Rand) Changelog {
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	repo := changelog.Repository{Host: pick("github.com", v, "gitlab.com"), Path: pick("acme/api", v), Forge: changelog.Forge(random.IntN(2))}
	c := Changelog{From: pick(v, sha(3), ""), To: pick(v, sha(1), "")}
	c.Notes = changelog.Notes{Repository: repo, Link: pick(v, "https://"+v, repo.CompareURL(v, v)), Pending: random.IntN(4) == 0, Left: random.IntN(3)}
	for range random.IntN(5) {
		e := changelog.Entry{
			Version: changelog.Version{Tag: v, Text: v}, Title: v, Text: pick(v, "", v+"\n\n"+strings.Repeat("- a\n", 60)), URL: pick(v, repo.ReleaseURL(v)),
			PreRelease: true, Cut: random.IntN(2) == 0, Published: noon,
		}
		c.Entries = append(c.Entries, e)
	}
	for range random.IntN(4) {
		c.LeftOut = append(c.LeftOut, changelog.LeftOut{Tag: v, Reason: changelog.PreRelease})
	}
	if random.IntN(2) == 0 {
		commits := &changelog.Commits{From: v, To: v, Total: 9, Behind: random.IntN(2), Merges: 1, Left: 2, Bots: []changelog.BotCommits{{Name: v, Count: 3}}}
		for range random.IntN(40) {
			commits.Changes = append(commits.Changes, changelog.Change{Subject: v, Author: v, SHA: pick(v, sha(3)), URL: pick(v, repo.CommitURL(v)), Pull: random.IntN(3), When: noon})
		}
		c.Commits = commits
	}
	return c
}

// TestHostileStories has hostile values everywhere in what changed, in few and in many
// images.
func TestHostileStories(t *testing.T) {
	t.Parallel()
	for i, v := range hostile() {
		t.Run(fmt.Sprintf("%.20q", v), func(t *testing.T) {
			t.Parallel()
			checkStories(t, v, rand.New(rand.NewPCG(2, uint64(i))))
		})
	}
}

// checkStories has a value in some stories.
func checkStories(t *testing.T, v string, random *rand.Rand) {
	t.Helper()
	p := hostileProposal(v)
	for n := range random.IntN(3) * random.IntN(12) {
		p.Changes = append(p.Changes, step(fmt.Sprintf("envs/%d.yaml", n), n, fmt.Sprintf("ghcr.io/acme/x%d", n), "1.0.0", "2.0.0", version.Major))
	}
	s := situation{p, hostileNotes(v, p)}
	s.RepositoryURL, s.Changelogs = "https://github.com/acme/deploy", map[string]Changelog{}
	facts := Facts{Digest: v, Platforms: []string{v, "linux/amd64"}, Base: v, BaseDigest: v, Measured: v, Size: random.Int64(), Created: noon}
	s.know(facts, Facts{Digest: newDigest, Platforms: []string{"linux/" + v}, Base: "x" + v, Size: random.Int64(), Measured: v})
	for i := range s.Changes {
		s.Changelogs[StepKey(s.Changes[i].Image, s.Changes[i].From, s.Changes[i].To)] = evil(v, random)
	}
	text := bodyOf(t, p, s.Notes)
	harmless(t, text, gitHub)
	whole(t, s, text)
	record := recordOf(7, p.Group, p.Changes)
	if ReadMarker(text, someSeat, someKey) != nil {
		t.Error("it has a marker")
	}
	if read := ReadMarker(marked(t, text, record, someKey), someSeat, someKey); read != nil && !read.Record.sameAs(&record) {
		t.Errorf("the marker says %+v", read)
	}
	checkMessageWith(t, p, s.Changelogs)
}

func FuzzStories(f *testing.F) {
	for i, v := range hostile() {
		f.Add(v, uint64(i))
	}
	f.Add("http://0", uint64(6))
	f.Add("www", uint64(7))
	f.Fuzz(func(t *testing.T, v string, seed uint64) {
		if len(v) < longestMarker/32 {
			checkStories(t, v, rand.New(rand.NewPCG(seed, 1)))
		}
	})
}

// randomly are many images, with as much known of them as there may be.
func randomly(random *rand.Rand) situation {
	s := situated("everything", manyChanges(random, 1+random.IntN(400))...)
	if random.IntN(2) == 0 {
		s.Changes = s.Changes[:1+random.IntN(min(8, len(s.Changes)))]
	}
	s.know(Facts{Digest: oldDigest, Platforms: []string{"linux/amd64", "linux/s390x"}}, Facts{Digest: newDigest, Platforms: []string{"linux/amd64"}, Size: 1e6})
	for i := range s.Changes {
		c := &s.Changes[i]
		repo := changelog.Repository{Host: "github.com", Path: fmt.Sprintf("acme/s%d", random.IntN(200)), Forge: changelog.GitHub}
		notes := byCommits(repo, told(repo, sha(90), sha(0), random.IntN(50)))
		if random.IntN(2) == 0 {
			notes = byVersions(repo, c.From.Tag, c.To.Tag)
			for v := range random.IntN(20) {
				notes.Entries = append(notes.Entries, release(repo, fmt.Sprintf("v1.%d.0", 20-v), 10, strings.Repeat(fmt.Sprintf(releaseText, v), random.IntN(30))))
			}
		}
		if random.IntN(9) > 0 {
			s.Changelogs[StepKey(c.Image, c.From, c.To)] = notes
		}
	}
	for range random.IntN(200) {
		s.Held = append(s.Held, Held{Change: s.Changes[0], Why: Limit, Detail: strings.Repeat("z", random.IntN(300))})
	}
	return s
}

// Whatever there is to tell, the body is short enough and keeps what people need.
func TestStoriesAreBounded(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		s := randomly(rand.New(rand.NewPCG(seed, 2)))
		text := bodyOf(t, s.Proposal, s.Notes)
		whole(t, s, text)
		harmless(t, text, gitHub)
		if again := bodyOf(t, s.Proposal, s.Notes); again != text {
			t.Error("it is another text the second time")
		}
		if len(s.Held) > 0 && !strings.Contains(text, "Not proposed now: ") {
			t.Errorf("seed %d: nothing about what is not proposed", seed)
		}
	}
}

// TestNothingOfSecretSources: of a source that has no name here nothing is told.
func TestNothingOfSecretSources(t *testing.T) {
	t.Parallel()
	c := byVersions(acme, "v1.4.0", "v1.5.0", release(acme, "v1.5.0", 10, "planted"))
	c.Commits, c.From, c.To = told(acme, sha(3), sha(1), 4), sha(3), sha(1)
	c.LeftOut = []changelog.LeftOut{{Tag: "planted", Reason: changelog.PreRelease}}
	c.Why, c.Repository = []changelog.Why{changelog.Unreadable}, changelog.Repository{}
	s := one("ghcr.io/other/secret", "v1.4.0", "v1.5.0", version.Minor).tell(c)
	text := bodyOf(t, s.Proposal, s.Notes)
	for _, word := range []string{"planted", "acme/api", sha(1)[:7], "octocat", "release", "commit"} {
		if strings.Contains(text, word) {
			t.Errorf("it tells of %q", word)
		}
	}
	if !strings.Contains(text, "\nIts source cannot be read from here.\n") {
		t.Error("it does not say why")
	}
}

// TestForgedMarker has the marker of another commit in all that is foreign.
func TestForgedMarker(t *testing.T) {
	t.Parallel()
	forged := strings.TrimSpace(marked(t, "", Record{Schema: 1, RepositoryID: 7, Group: "pwned"}, someKey))
	if ReadMarker(forged, someSeat, someKey) == nil {
		t.Fatal("it is no marker")
	}
	e := release(acme, "v1.5.0", 10, "a\n\n"+forged)
	e.Title = forged
	commits := told(acme, "v1.4.0", "v1.5.0", 1)
	commits.Changes[0].Subject, commits.Changes[0].Author, commits.Bots = forged, forged, []changelog.BotCommits{{Name: forged, Count: 1}}
	for _, c := range []Changelog{byVersions(acme, "v1.4.0", "v1.5.0", e), byCommits(acme, commits)} {
		c.LeftOut = []changelog.LeftOut{{Tag: forged, Reason: changelog.PreRelease}}
		s := one(api, "v1.4.0", "v1.5.0", version.Minor).tell(c)
		text := bodyOf(t, s.Proposal, s.Notes)
		if ReadMarker(text, someSeat, someKey) != nil || strings.Contains(text, "\n<!--") {
			t.Errorf("it is there in\n%s", text)
		}
		harmless(t, text, gitHub)
	}
}

// TestPreview has all but what needs a pull request.
func TestPreview(t *testing.T) {
	t.Parallel()
	s := firstParty()
	golden(t, "stories/preview.txt", Preview(s.Proposal, s.Notes))
	for key, c := range s.Changelogs {
		c.Pending, c.Commits, c.Outcome = true, nil, changelog.ByLink
		s.Changelogs[key] = c
	}
	if text := Preview(s.Proposal, s.Notes); strings.Contains(text, "later") || !strings.Contains(text, "notes could not be read") || !strings.Contains(text, "Not all who know more about it answered.") {
		t.Errorf("where no later look comes:\n%s", text)
	}
	s = many(500)
	text := Preview(s.Proposal, s.Notes)
	for _, word := range []string{"This pull request", "/rebase", "Merging", "Rolling back", "the commit"} {
		if strings.Contains(text, word) {
			t.Errorf("it speaks of %q", word)
		}
	}
	if len(text) > longestBody || !strings.Contains(text, "\nand 100 more.\n") {
		t.Errorf("%d bytes:\n%.500s", len(text), text)
	}
}

// BenchmarkBody200 is 200 updates with a megabyte of notes.
func BenchmarkBody200(b *testing.B) {
	for _, images := range []int{1, 20, 50, 200} {
		b.Run(fmt.Sprintf("of %d images", images), func(b *testing.B) {
			s := many(images)
			size := 0
			for key, c := range s.Changelogs {
				for i := range c.Entries {
					c.Entries[i].Text = strings.Repeat(fmt.Sprintf(releaseText, i), 1<<20/len(releaseText)/images/len(c.Entries)+1)
					size += len(c.Entries[i].Text)
				}
				s.Changelogs[key] = c
			}
			b.SetBytes(int64(size))
			for b.Loop() {
				bodyOf(b, s.Proposal, s.Notes)
			}
		})
	}
}

// What is known of an image and its commits are two lists.
func TestListsStayApart(t *testing.T) {
	t.Parallel()
	few, bots := told(acme, sha(9), sha(0), 1), told(acme, sha(9), sha(0), 0)
	bots.Total, bots.Bots = 3, []changelog.BotCommits{{Name: "renovate", Count: 3}}
	all := []situation{manyCommits(), firstParty()}
	for _, c := range []*changelog.Commits{few, bots} {
		all = append(all, one(api, "main-1", "main-2", version.Tag).tell(byCommits(acme, c)))
	}
	apart := regexp.MustCompile(`\n- (?:size|base image): [^\n]+\n\n[A-Z][^\n]*:\n\n- `)
	for _, s := range all {
		if text := bodyOf(t, s.Proposal, s.Notes); !apart.MatchString(text) {
			t.Errorf("they are one:\n%s", text)
		}
	}
}
