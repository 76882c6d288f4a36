package changes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/changes"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// TestCommits has a first-party image, whose tags name commits, told by what lies between
// those.
func TestCommits(t *testing.T) {
	b := newBench()
	b.has("main-1111111", digestOf("a"), map[string]string{sourceKey: "https://github.com/acme/api", revision: oldCommit})
	about := b.has("main-2222222", digestOf("b"), map[string]string{sourceKey: "https://github.com/acme/api", revision: newCommit})
	about.Created, about.Size = b.clock, 4200
	about.Platform = registry.Platform{OS: "linux", Architecture: "amd64"}
	about.Manifest.Platforms = []registry.Platform{
		{OS: "linux", Architecture: "arm64", Digest: digestOf("d")}, {OS: "linux", Architecture: "amd64", Digest: digestOf("c")}, {Digest: digestOf("e")},
	}
	about.Annotations = map[string]string{"org.opencontainers.image.base.name": "docker.io/library/alpine:3.22", "org.opencontainers.image.base.digest": "no digest"}
	step := b.step("main-1111111", "main-2222222")
	step.Pushed, step.Was = b.clock.Add(-time.Hour), b.clock.Add(-48*time.Hour)
	found := b.read(t, step, step)
	want := map[string]proposal.Facts{
		proposal.FactsKey(step.Image, step.From): {Digest: digestOf("a"), Pushed: step.Was},
		proposal.FactsKey(step.Image, step.To): {
			Digest: digestOf("b"), Platforms: []string{"linux/amd64", "linux/arm64"}, Created: b.clock, Pushed: step.Pushed, Size: 4200, Measured: "linux/amd64",
			Base: "docker.io/library/alpine:3.22",
		},
	}
	if diff := cmp.Diff(want, found.Facts); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	got := found.Changelogs[step.Key()]
	if got.Outcome != changelog.ByCommits || got.From != oldCommit || got.To != newCommit || len(got.Commits.Changes) != 1 ||
		got.Commits.Changes[0].Subject != "from "+oldCommit+" in acme/api" {
		t.Errorf("%+v", got)
	}
}

// TestRemembered asks the source again only when there may be more.
func TestRemembered(t *testing.T) {
	release := []changelog.Release{{Tag: "v1.1.0", Title: "1.1.0", Body: "Better."}}
	tests := map[string]struct {
		set   func(*forge)
		again time.Duration
	}{
		"all there":  {func(f *forge) { f.releases = release }, 24 * time.Hour},
		"no text":    {func(f *forge) { f.tags = []string{"v1.0.0", "v1.1.0"}; f.releases = nil }, time.Hour}, // commits, and maybe a release soon
		"no version": {func(*forge) {}, time.Hour},                                                            // a link
		"no answer":  {func(f *forge) { f.err = changelog.ErrLater }, 10 * time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			tt.set(b.source)
			b.has("1.0.0", digestOf("a"), map[string]string{sourceKey: "https://github.com/acme/api"})
			b.has("1.1.0", digestOf("b"), map[string]string{sourceKey: "https://github.com/acme/api"})
			step := b.step("1.0.0", "1.1.0")
			first := b.read(t, step)
			asked := b.source.count()
			if asked == 0 {
				t.Fatal("nothing was asked")
			}
			b.clock = b.clock.Add(tt.again - time.Second)
			if diff := cmp.Diff(first.Changelogs, b.read(t, step).Changelogs); diff != "" || b.source.count() != asked {
				t.Errorf("asked %d more times, -first +again\n%s", b.source.count()-asked, diff)
			}
			b.clock = b.clock.Add(time.Second)
			if b.read(t, step); b.source.count() == asked {
				t.Error("not asked again")
			}
			if pending := first.Changelogs[step.Key()].Pending; pending != (tt.again == 10*time.Minute) || pending == first.Next.IsZero() {
				t.Errorf("pending %t, and the next look at %s", pending, first.Next)
			}
		})
	}
}

// TestGivesTime asks a source that does not answer less and less often.
func TestGivesTime(t *testing.T) {
	b := newBench()
	b.source.err = changelog.ErrLater
	for _, tag := range []string{"1.0.0", "1.1.0"} {
		b.has(tag, digestOf(tag[2:3]), map[string]string{sourceKey: "https://github.com/acme/api"})
	}
	var waits []time.Duration
	for range 8 {
		next := b.read(t, b.step("1.0.0", "1.1.0")).Next
		waits = append(waits, next.Sub(b.clock))
		b.clock = next
	}
	minutes := time.Minute
	want := []time.Duration{10 * minutes, 20 * minutes, 40 * minutes, 80 * minutes, 160 * minutes, 320 * minutes, 320 * minutes, 320 * minutes}
	if diff := cmp.Diff(want, waits); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestMoreComes has notes that were written after the image was pushed, and loses none
// when the source fails.
func TestMoreComes(t *testing.T) {
	b := newBench()
	for _, tag := range []string{"1.0.0", "1.1.0"} {
		b.has(tag, digestOf(tag[2:3]), map[string]string{sourceKey: "https://github.com/acme/api"})
	}
	step := b.step("1.0.0", "1.1.0")
	if got := b.read(t, step).Changelogs[step.Key()]; got.Outcome != changelog.ByLink {
		t.Fatalf("%+v", got)
	}
	b.source.releases = []changelog.Release{{Tag: "v1.1.0", Body: "Better."}, {Tag: "v1.0.0", Body: "Good."}}
	b.clock = b.clock.Add(time.Hour)
	first := b.read(t, step).Changelogs[step.Key()]
	if len(first.Entries) != 1 || first.Entries[0].Text != "Better." {
		t.Fatalf("%+v", first)
	}
	b.source.err = changelog.ErrLater
	b.clock = b.clock.Add(48 * time.Hour)
	if diff := cmp.Diff(first, b.read(t, step).Changelogs[step.Key()]); diff != "" {
		t.Errorf("while the source fails: -before +now\n%s", diff)
	}
}

// TestSlow does not let a pull request wait, and tells what is known.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.source.slow = time.Hour
		var steps []changes.Step
		for i := range 40 {
			from, to := fmt.Sprintf("1.0.%d", i), fmt.Sprintf("1.1.%d", i)
			b.has(from, digestOf("a"), map[string]string{sourceKey: "https://github.com/acme/api"})
			b.has(to, digestOf("b"), map[string]string{sourceKey: "https://github.com/acme/api"})
			steps = append(steps, b.step(from, to))
		}
		began := time.Now()
		found := b.read(t, steps...)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
		for _, c := range found.Changelogs {
			if !c.Pending {
				t.Errorf("%+v", c)
			}
		}
		if len(found.Changelogs) != len(steps) || len(found.Facts) != 2*len(steps) || !found.Next.Equal(b.clock.Add(10*time.Minute)) {
			t.Errorf("%d notes, %d facts, next %s", len(found.Changelogs), len(found.Facts), found.Next)
		}
	})
}

// TestUnanswered leaves out what a registry does not tell, and nothing else.
func TestUnanswered(t *testing.T) {
	b := newBench()
	b.has("1.0.0", digestOf("a"), nil)
	b.registry.of[api.String()+" 1.1.0"] = nil
	b.has("1.2.0", digestOf("c"), map[string]string{sourceKey: "https://github.com/acme/api"})
	b.source.releases = []changelog.Release{{Tag: "v1.2.0", Body: "Better."}, {Tag: "v1.1.0", Body: "Good."}}
	b.registry.of[api.String()+" 1.3.0"] = nil
	b.registry.manifests = map[string]registry.Manifest{api.String() + " 1.3.0": {Digest: digestOf("e")}}
	silent := b.step("1.2.0", "1.3.0")
	if found := b.read(t, silent); !found.Next.Equal(b.clock.Add(10*time.Minute)) || len(found.Changelogs) != 0 || found.Facts[proposal.FactsKey(silent.Image, silent.To)].Digest != digestOf("e") {
		t.Errorf("of an image that is known, and says nothing: %+v", found)
	}
	lost, gone, half := b.step("1.0.0", "1.1.0"), b.step("0.9.0", "1.0.0"), b.step("1.1.0", "1.2.0")
	found := b.read(t, lost, gone, half)
	if got := found.Changelogs[half.Key()]; !got.Pending || len(got.Entries) != 1 || !found.Next.Equal(b.clock.Add(10*time.Minute)) {
		t.Errorf("by the tags alone: %+v, and the next look at %s", got, found.Next)
	}
	if _, known := found.Changelogs[lost.Key()]; known || len(found.Facts) != 3 {
		t.Errorf("%+v", found)
	}
	if got := found.Changelogs[gone.Key()]; got.Outcome != changelog.Nothing {
		t.Errorf("%+v", got)
	}
	if facts, known := found.Facts[proposal.FactsKey(gone.Image, gone.From)]; !known || facts.Digest != "" {
		t.Errorf("of what is gone: %+v, %t", facts, known)
	}
}

// TestInherited tells a label apart that the base image has, and asks for the base only
// where it asks anyway.
func TestInherited(t *testing.T) {
	base := map[string]string{sourceKey: "https://github.com/acme/api-base"}
	for name, tt := range map[string]struct {
		base  string
		doubt changelog.Doubt
		asked bool
	}{
		"the same registry": {"ghcr.io/acme/base:1", changelog.Inherited, true},
		"Docker Hub":        {"debian:13", changelog.Inherited, true},
		"elsewhere":         {"evil.example/x:1", "", false},
		"no name":           {"::", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			for _, repo := range []string{"ghcr.io/acme/base", "docker.io/library/debian", "evil.example/x"} {
				b.registry.of[repo+" "+digestOf("f")] = &registry.About{Labels: base}
			}
			b.has("1.0.0", digestOf("a"), base)
			b.has("1.1.0", digestOf("b"), base).Annotations = map[string]string{
				"org.opencontainers.image.base.name": tt.base, "org.opencontainers.image.base.digest": digestOf("f"),
			}
			step := b.step("1.0.0", "1.1.0")
			got := b.read(t, step).Changelogs[step.Key()]
			asked := strings.Contains(strings.Join(b.registry.asked, "\n"), digestOf("f"))
			if got.Doubt != tt.doubt || asked != tt.asked {
				t.Errorf("%q, asked %t", got.Doubt, asked)
			}
		})
	}
}

// TestMaps has the operator and the file say where a source is, in this order, before
// the image does.
func TestMaps(t *testing.T) {
	b := newBench()
	b.has("1.0.0", digestOf("a"), map[string]string{sourceKey: "https://github.com/acme/label"})
	b.has("1.1.0", digestOf("b"), map[string]string{sourceKey: "https://github.com/acme/label"})
	step := b.step("1.0.0", "1.1.0")
	for _, want := range []string{"acme/label", "acme/file", "acme/operator"} {
		switch want {
		case "acme/file":
			step.File = "https://github.com/acme/file"
		case "acme/operator":
			step.Operator = "https://github.com/acme/operator"
		}
		if got := b.read(t, step).Changelogs[step.Key()]; got.Repository.Path != want {
			t.Errorf("%s, want %s", got.Repository.Path, want)
		}
	}
}

// TestProvenance is a hint where the image says nothing.
func TestProvenance(t *testing.T) {
	b := newBench()
	b.has("1.0.0", digestOf("a"), nil)
	b.has("1.1.0", digestOf("b"), nil).Attestation = digestOf("c")
	b.registry.provenance = map[string]registry.Provenance{digestOf("c"): {Source: "https://github.com/acme/api", Revision: newCommit}}
	step := b.step("1.0.0", "1.1.0")
	if got := b.read(t, step).Changelogs[step.Key()]; got.Repository.Path != "acme/api" || got.Doubt != changelog.Unvouched || got.To != newCommit {
		t.Errorf("%+v", got)
	}
}

// TestOtherSource has a label that the base image handed on, whose source does not have
// the image's commit, give way to what the build noted; where that says nothing else, or
// does not answer, the label's source is shown as uncertain.
func TestOtherSource(t *testing.T) {
	inherited := map[string]string{sourceKey: "https://github.com/acme/base"}
	for name, tt := range map[string]struct {
		said    *registry.Provenance // nil if it does not answer
		without bool                 // an attestation
		want    string
		doubt   changelog.Doubt
		pending bool
	}{
		"another source":  {said: &registry.Provenance{Source: "https://github.com/acme/api", Revision: newCommit}, want: "acme/api", doubt: changelog.Unvouched},
		"the same source": {said: &registry.Provenance{Source: "https://github.com/acme/base"}, want: "acme/base", doubt: changelog.NoCommit},
		"none":            {said: &registry.Provenance{}, want: "acme/base", doubt: changelog.NoCommit},
		"no attestation":  {without: true, want: "acme/base", doubt: changelog.NoCommit},
		"no answer":       {want: "acme/base", doubt: changelog.NoCommit, pending: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.source.lacks = "acme/base"
			b.has("main-111111a", digestOf("a"), inherited)
			proposed := b.has("main-222222b", digestOf("b"), inherited)
			if !tt.without {
				proposed.Attestation = digestOf("c")
			}
			if tt.said != nil {
				b.registry.provenance = map[string]registry.Provenance{digestOf("c"): *tt.said}
			}
			step := b.step("main-111111a", "main-222222b")
			got, to := b.read(t, step).Changelogs[step.Key()], "222222b"
			if got.Repository.Path != tt.want || got.Doubt != tt.doubt || got.Pending != tt.pending || got.From != "111111a" || got.To != to {
				t.Errorf("%+v", got)
			}
			if commits := got.Commits != nil; commits != (tt.want == "acme/api") || slices.Contains(got.Why, changelog.OtherOrigin) {
				t.Errorf("%+v", got)
			}
			asked := b.source.count()
			if again := b.read(t, step).Changelogs[step.Key()]; !cmp.Equal(again, got) || b.source.count() != asked {
				t.Errorf("again, with %d more questions: %+v", b.source.count()-asked, again)
			}
			b.clock = b.clock.Add(48 * time.Hour)
			b.source.err = changelog.ErrLater
			if again := b.read(t, step).Changelogs[step.Key()]; !tt.pending && !cmp.Equal(again, got) {
				t.Errorf("when the source does not answer: %+v", again)
			}
		})
	}
}

// TestPrivate shows a private source to those alone who may see it.
func TestPrivate(t *testing.T) {
	for name, tt := range map[string]struct {
		allow  bool
		target changelog.Visibility
		shown  bool
	}{
		"allowed":             {true, changelog.Private, true},
		"not allowed":         {false, changelog.Private, false},
		"in a public one":     {true, changelog.Public, false},
		"in an internal one":  {true, changelog.Internal, false},
		"public, not allowed": {false, changelog.Public, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.source.visibility = map[string]changelog.Visibility{"acme/api": changelog.Private}
			b.target.AllowPrivate, b.target.Visibility = tt.allow, tt.target
			b.has("main-1111111", digestOf("a"), map[string]string{sourceKey: "https://github.com/acme/api", revision: oldCommit})
			b.has("main-2222222", digestOf("b"), map[string]string{sourceKey: "https://github.com/acme/api", revision: newCommit})
			step := b.step("main-1111111", "main-2222222")
			got := b.read(t, step).Changelogs[step.Key()]
			if shown := got.Commits != nil || !got.Repository.IsZero() || got.Link != ""; shown != tt.shown {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestNoSource reads what registries tell, and no more.
func TestNoSource(t *testing.T) {
	b := newBench()
	b.target.Source = nil
	b.has("1.0.0", digestOf("a"), nil)
	b.has("1.1.0", digestOf("b"), nil)
	if found := b.read(t, b.step("1.0.0", "1.1.0")); found.Changelogs != nil || len(found.Facts) != 2 {
		t.Errorf("%+v", found)
	}
}

// TestOpened shows nothing private any more when the target becomes public, though the
// source does not answer.
func TestOpened(t *testing.T) {
	b := newBench()
	b.source.visibility = map[string]changelog.Visibility{"acme/api": changelog.Private}
	b.target.AllowPrivate, b.target.Visibility = true, changelog.Private
	b.has("main-1111111", digestOf("a"), map[string]string{sourceKey: "https://github.com/acme/api", revision: oldCommit})
	b.has("main-2222222", digestOf("b"), map[string]string{sourceKey: "https://github.com/acme/api", revision: newCommit})
	step := b.step("main-1111111", "main-2222222")
	if got := b.read(t, step).Changelogs[step.Key()]; got.Commits == nil {
		t.Fatalf("%+v", got)
	}
	b.target.Visibility, b.source.err = changelog.Public, changelog.ErrLater
	if got := b.read(t, step).Changelogs[step.Key()]; got.Commits != nil || got.Link != "" {
		t.Errorf("%+v", got)
	}
	b.registry.of[api.String()+" main-2222222"] = nil
	if found := b.read(t, step); found.Changelogs[step.Key()].Commits != nil {
		t.Errorf("%+v", found)
	}
}

// TestSilentStays shows what was read before where the registry does not answer.
func TestSilentStays(t *testing.T) {
	b := newBench()
	for _, tag := range []string{"1.0.0", "1.1.0"} {
		b.has(tag, digestOf(tag[2:3]), map[string]string{sourceKey: "https://github.com/acme/api"})
	}
	b.source.releases = []changelog.Release{{Tag: "v1.1.0", Body: "Better."}}
	step := b.step("1.0.0", "1.1.0")
	first := b.read(t, step).Changelogs[step.Key()]
	b.registry.of[api.String()+" 1.1.0"] = nil
	found := b.read(t, step)
	if diff := cmp.Diff(first, found.Changelogs[step.Key()]); diff != "" || !found.Next.Equal(b.clock.Add(10*time.Minute)) {
		t.Errorf("next %s, -first +now\n%s", found.Next, diff)
	}
}

// TestOthersDoNotMatter has a text cut by what shares it, and not by other texts.
func TestOthersDoNotMatter(t *testing.T) {
	b := newBench()
	b.source.releases = []changelog.Release{{Tag: "v1.1.0", Body: strings.Repeat("Better.\n", 2000)}}
	var steps []changes.Step
	for i := range 20 {
		from, to := fmt.Sprintf("1.0.%d", i), "1.1.0"
		b.has(from, digestOf("a"), map[string]string{sourceKey: "https://github.com/acme/api"})
		b.has(to, digestOf("b"), map[string]string{sourceKey: "https://github.com/acme/api"})
		steps = append(steps, b.step(from, to))
		steps[i].Beside = 1
	}
	alone := b.read(t, steps[0]).Changelogs[steps[0].Key()]
	asked := b.source.count()
	together := b.read(t, steps...).Changelogs
	if diff := cmp.Diff(alone, together[steps[0].Key()]); diff != "" || b.source.count() != asked+3*19 {
		t.Errorf("%d questions, -alone +with others\n%s", b.source.count()-asked, diff)
	}
	for i := range steps {
		steps[i].Beside = 20
	}
	if n := len(b.read(t, steps...).Changelogs[steps[0].Key()].Entries[0].Text); n > 5000 || n == 0 {
		t.Errorf("%d bytes in a text of twenty", n)
	}
}

// TestTroubles are told once.
func TestTroubles(t *testing.T) {
	b := newBench()
	b.source.err = fmt.Errorf("github.example: the token is not accepted: %w", changelog.ErrLater)
	var steps []changes.Step
	for _, tag := range []string{"1.0.0", "1.1.0", "1.2.0"} {
		b.has(tag, digestOf(tag[2:3]), map[string]string{sourceKey: "https://github.com/acme/api"})
		steps = append(steps, b.step("1.0.0", tag))
	}
	found := b.read(t, steps...)
	if len(found.Troubles) != 1 || !strings.Contains(found.Troubles[0].Error(), "the token is not accepted") {
		t.Errorf("%v", found.Troubles)
	}
	b.source.err = changelog.ErrNotFound
	b.clock = b.clock.Add(time.Hour)
	if found := b.read(t, steps...); len(found.Troubles) != 0 {
		t.Errorf("of what is not there: %v", found.Troubles)
	}
}

// TestNothingIsLeft forgets what is shown no more.
func TestNothingIsLeft(t *testing.T) {
	b := newBench()
	memory := notes{}
	b.reader.Memory = memory
	for _, tag := range []string{"1.0.0", "1.1.0"} {
		b.has(tag, digestOf(tag[2:3]), map[string]string{sourceKey: "https://github.com/acme/api"})
	}
	b.source.releases = []changelog.Release{{Tag: "v1.1.0", Body: "Better."}}
	if b.read(t, b.step("1.0.0", "1.1.0")); !strings.Contains(fmt.Sprintf("%s", memory), "Better.") {
		t.Fatalf("%s", memory)
	}
	if b.read(t); strings.Contains(fmt.Sprintf("%s", memory), "Better.") {
		t.Errorf("%s", memory)
	}
}

// TestUntoldOrigin takes a base image or a provenance that nobody tells for that, and not
// for none: it comes later, and what was known stays.
func TestUntoldOrigin(t *testing.T) {
	base := digestOf("f")
	for name, untold := range map[string]func(b *bench, about *registry.About){
		"base": func(b *bench, about *registry.About) {
			about.Labels = map[string]string{sourceKey: "https://github.com/acme/api"}
			about.Annotations = map[string]string{"org.opencontainers.image.base.name": "debian:13", "org.opencontainers.image.base.digest": base}
			b.registry.of["docker.io/library/debian "+base] = nil
		},
		"provenance": func(_ *bench, about *registry.About) { about.Attestation = digestOf("e") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.source.releases = []changelog.Release{{Tag: "v1.1.0", Body: "Better."}}
			b.has("1.0.0", digestOf("a"), nil)
			untold(b, b.has("1.1.0", digestOf("b"), nil))
			step := b.step("1.0.0", "1.1.0")
			if found := b.read(t, step); !found.Changelogs[step.Key()].Pending || found.Next.IsZero() {
				t.Errorf("%+v", found)
			}
			b.registry.of["docker.io/library/debian "+base] = &registry.About{}
			b.registry.provenance = map[string]registry.Provenance{digestOf("e"): {Source: "https://github.com/acme/api"}}
			b.clock = b.clock.Add(10 * time.Minute)
			told := b.read(t, step).Changelogs[step.Key()]
			if told.Pending || len(told.Entries) != 1 {
				t.Fatalf("%+v", told)
			}
			b.registry.of["docker.io/library/debian "+base], b.registry.provenance = nil, nil
			b.clock = b.clock.Add(48 * time.Hour)
			if diff := cmp.Diff(told, b.read(t, step).Changelogs[step.Key()]); diff != "" {
				t.Errorf("when nobody tells any more: -before +now\n%s", diff)
			}
		})
	}
}

// TestOtherRights shows nothing that was read with rights that the target has no more.
func TestOtherRights(t *testing.T) {
	b := newBench()
	b.source.releases = []changelog.Release{{Tag: "v1.1.0", Body: "Better."}}
	for _, tag := range []string{"1.0.0", "1.1.0"} {
		b.has(tag, digestOf(tag[2:3]), map[string]string{sourceKey: "https://github.com/acme/api"})
	}
	step := b.step("1.0.0", "1.1.0")
	b.target.Reader = "of acme"
	if got := b.read(t, step).Changelogs[step.Key()]; len(got.Entries) != 1 {
		t.Fatalf("%+v", got)
	}
	b.target.Reader, b.source.err = "of another", changelog.ErrNotFound
	if got := b.read(t, step).Changelogs[step.Key()]; len(got.Entries) != 0 {
		t.Errorf("%+v", got)
	}
}
