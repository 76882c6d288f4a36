package proposal

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/version"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	p := &Proposal{Group: "orchard", Changes: []Change{
		step("envs/dev/values.yaml", 12, pear, "v1.4.0", "v1.5.0", version.Minor),
		step("envs/prod/values.yaml", 12, "docker.io/library/nginx", "1.27@"+oldDigest, "1.27@"+newDigest, version.Digest),
	}}
	p.Title = title(p, "")
	text, err := message(p, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "message.txt", text)
}

// A message says in short what is known of the images, and links to nothing.
func TestMessageOfStories(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"first-party": "\n\n- ghcr.io/acme/api: 22 commits, 2 with breaking changes, github.com/acme/api 683d1fc...1a2b3c4\n\n",
		"umbrella": "\n\n- ghcr.io/acme/shop-api, ghcr.io/acme/shop-worker, ghcr.io/acme/shop-web and 1 more: 2 releases, github.com/acme/shop 2bbc0f7...20062d5\n" +
			"- redis: 1 release, github.com/redis/redis\n\n",
		"monorepo": "\n\n- ghcr.io/acme/platform/billing: 2 releases, github.com/acme/platform billing/v1.4.0...billing/v1.5.0\n\n",
		"private":  "v1.5.0\n\n" + trailer, "pending": "v1.5.0\n\n" + trailer, "no-source": "v1.5.0\n\n" + trailer,
		"images-200": "\n- ghcr.io/acme/service-34: 2 releases, github.com/acme/service-34\n- and 142 more\n\n" + trailer,
	} {
		s := situations()[name]
		s.Title = title(s.Proposal, "")
		text, err := message(s.Proposal, 7, s.Changelogs)
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %v, %q is not in\n%.2000s", name, err, want, text)
		}
		checkMessageWith(t, s.Proposal, s.Changelogs)
	}
}

func TestMessageIsBounded(t *testing.T) {
	t.Parallel()
	p := &Proposal{Group: "orchard", Title: "Update orchard images (1)"}
	for range 250 {
		p.Changes = append(p.Changes, step("a.yaml", 1, pear, "1", "2", version.Major))
	}
	text, err := message(p, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text, "\n- a.yaml: "); n != mostLines || !strings.Contains(text, "\n- and 150 more\n\n"+trailer) {
		t.Errorf("%d lines:\n%.2000s", n, text)
	}
	if r := ReadRecord(text, 7); r == nil || len(r.Updates) != 250 {
		t.Errorf("the record is %v", r)
	}
}

func TestSubjectIsShort(t *testing.T) {
	t.Parallel()
	p := &Proposal{Changes: []Change{step("a", 1, "registry.orchard.example:5000/of/the/valley/"+strings.Repeat("pear", 8), "1", "2.0.0", version.Major)}}
	p.Title = title(p, "chore(deps):")
	if got, want := subject(p), "chore(deps): update "+strings.Repeat("pear", 8)+" to 2.0.0"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// message is read back whatever is in it, and says nothing to GitHub.
func checkMessage(t *testing.T, p *Proposal) {
	t.Helper()
	checkMessageWith(t, p, nil)
}

func checkMessageWith(t *testing.T, p *Proposal, changed map[string]Changelog) {
	t.Helper()
	text, err := message(p, 7, changed)
	if err != nil {
		t.Fatal(err)
	}
	want := recordOf(7, p.Group, p.Changes)
	got := ReadRecord(text, 7)
	if got == nil || !got.sameAs(&want) {
		t.Fatalf("the record comes back as %+v, want %+v", got, want)
	}
	if ReadRecord(text, 8) != nil {
		t.Error("the record is taken for another repository's")
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	last := len(lines) - 1
	for _, line := range lines[:last] {
		quietLine(t, line)
	}
	if line, is := strings.CutPrefix(lines[last], trailer+": {"); !is || strings.ContainsAny(line, "@#* ") || strings.Contains(line, "//") {
		t.Errorf("the record could be acted on: %s", lines[last])
	} else {
		for _, pattern := range loud {
			if found := pattern.FindString(line); found != "" {
				t.Errorf("the record could be acted on: %s", found)
			}
		}
	}
	if utf8.RuneCountInString(lines[0]) > longestTitle || lines[1] != "" || lines[last-1] != "" || strings.Count(text, "\n"+trailer+": ") != 1 {
		t.Errorf("the parts are not where they belong:\n%s", text)
	}
}

func TestMessageOfHostileValues(t *testing.T) {
	t.Parallel()
	for _, v := range hostile() {
		checkMessage(t, hostileProposal(v))
	}
}

// hostileProposal has a value everywhere.
func hostileProposal(v string) *Proposal {
	p := &Proposal{Group: v, Base: v, Branch: v, Title: v}
	for range 2 {
		c := step(v, 3, v, v, v, version.Kind(v))
		c.Key, c.From.Digest, c.To.Digest = v, v, v
		p.Changes = append(p.Changes, c)
	}
	return p
}

func FuzzMessage(f *testing.F) {
	for _, v := range hostile() {
		f.Add(v, v, v, v, v)
	}
	f.Fuzz(func(t *testing.T, path, image, from, to, group string) {
		p := &Proposal{Group: group, Changes: []Change{step(path, 1, image, from, to, version.Minor), step(to, 1, group, path, from, version.Pin)}}
		p.Title = title(p, "")
		quietTitle(t, p.Title)
		quietTitle(t, title(&Proposal{Group: group, Changes: p.Changes[:1]}, "fix(deps):"))
		checkMessage(t, p)
		p.Title = path
		checkMessage(t, p)
	})
}

// Text above the record is no record, nor is what stands below it.
func TestRecordIsTheLastLine(t *testing.T) {
	t.Parallel()
	record := Record{Schema: 1, RepositoryID: 7, Group: "pears", Updates: []Recorded{{Path: "a", Image: pear, From: "1", To: "2"}}}
	text, err := record.Sealed("Update pear")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&record, ReadRecord(text, 7)); diff != "" {
		t.Error(diff)
	}
	if got := ReadRecord(text+"\nSigned-off-by: somebody", 7); got != nil {
		t.Errorf("%+v is read above the last line", got)
	}
}
