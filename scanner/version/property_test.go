package version_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/version"
)

// FuzzChoose holds what must be so whatever the tags: the choice does not depend
// on their order, goes forward only, keeps the flavour, and stands when one asks
// again from it.
func FuzzChoose(f *testing.F) {
	f.Add("1.2.3", "1.2.4 1.3.0-rc.1 2.0.0 v1.9.0 1.2.3-alpine latest", uint64(1), byte(0))
	f.Add("v1.28.5-k3s1", "v1.28.5-k3s2 v1.29.0-k3s1 v1.29.0", uint64(2), byte(1))
	f.Add("main-1a2b3c4-1716", "main-0badc0d-1731 main-1a2b3c4-99", uint64(3), byte(2))
	f.Add("1.2.3-alpine3.18", "1.2.3-alpine3.19 1.2.4-alpine3.9", uint64(4), byte(3))
	f.Add("8u412-b08-jre", "8u422-b05-jre 11.0.24_8-jre", uint64(5), byte(4))
	f.Add("20240115", "20240116 20250101 1234567", uint64(6), byte(5))
	policies := []*version.Policy{
		policy(), policy(prerelease, together), policy(strategy(version.StrategyNumerical), allow(`(?P<order>\d+)$`)),
		policy(moving), policy(constraint(">=1.2 <3")), policy(strategy(version.StrategyAlphabetical)),
	}
	f.Fuzz(func(t *testing.T, current, text string, seed uint64, which byte) {
		if len(text) > 1000 {
			return // many tags show no more than a few
		}
		p := policies[int(which)%len(policies)]
		tags := append(strings.Fields(text), current)
		ask := func(current string, tags []string) version.Choice {
			return version.NewCandidates(tags).Choose(version.Question{Current: current, Policy: p, Explain: true, Now: now})
		}
		choice := ask(current, tags)
		shuffled := slices.Clone(tags)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if diff := cmp.Diff(choice, ask(current, shuffled)); diff != "" {
			t.Fatalf("another order of tags gives another choice (-want +got)\n%s", diff)
		}
		quick := version.NewCandidates(tags).Choose(version.Question{Current: current, Policy: p, Now: now})
		if diff := cmp.Diff(choice.Targets, quick.Targets); diff != "" {
			t.Fatalf("without an explanation the choice is another (-want +got)\n%s", diff)
		}
		checkChoice(t, p, current, tags, choice)
		for _, target := range choice.Targets {
			again := ask(target.Tag, tags)
			for _, next := range again.Targets {
				if next.Kind != version.Major {
					t.Errorf("%s moves to %s, and from there to %s", current, target.Tag, next.Tag)
				}
				if target.Kind == version.Major {
					t.Errorf("%s moves to %s, and from there to %s", current, target.Tag, next.Tag)
				}
			}
		}
	})
}

// checkChoice holds a choice against its tags: each has one verdict, and no
// target is older or of another family.
func checkChoice(t *testing.T, p *version.Policy, current string, tags []string, choice version.Choice) {
	t.Helper()
	if !choice.Comparable {
		if choice.Reason == "" || len(choice.Targets)+len(choice.Rejected) > 0 {
			t.Errorf("no choice from %q, and yet %+v", current, choice)
		}
		return
	}
	var told []string
	for _, target := range choice.Targets {
		told = append(told, target.Tag)
		checkTarget(t, p, current, target)
	}
	for _, rejection := range choice.Rejected {
		told = append(told, rejection.Tag)
		if rejection.Reason == "" {
			t.Errorf("%s is refused without a reason", rejection.Tag)
		}
	}
	slices.Sort(told)
	if diff := cmp.Diff(slices.Compact(slices.Sorted(slices.Values(tags))), told); diff != "" {
		t.Errorf("verdicts for other tags than there are (-want +got)\n%s", diff)
	}
	if len(choice.Targets) > 2 || len(choice.Targets) == 2 && (!p.SeparateMajor || choice.Targets[0].Kind == version.Major || choice.Targets[1].Kind != version.Major) {
		t.Errorf("targets %v", choice.Targets)
	}
}

func checkTarget(t *testing.T, p *version.Policy, current string, target version.Target) {
	t.Helper()
	if p.Strategy != version.StrategySemver {
		return
	}
	from, _ := version.Parse(current)
	to, ok := version.Parse(target.Tag)
	if !ok || from.Compare(to) >= 0 && version.Family(current) == version.Family(target.Tag) && p.Flavor == version.FlavorKeep {
		t.Errorf("%s moves to %s, which is not newer", current, target.Tag)
	}
	if version.Family(current) != version.Family(target.Tag) {
		t.Errorf("%s moves to %s, which is of another family", current, target.Tag)
	}
	if to.PreRelease() && !from.PreRelease() && !p.Prerelease {
		t.Errorf("%s moves to the pre-release %s", current, target.Tag)
	}
}

// BenchmarkChoose shows that the cost grows with the number of tags, is paid
// for reading once an image, and for choosing once a current tag.
func BenchmarkChoose(b *testing.B) {
	for _, n := range []int{100, 1000, 20_000, 100_000} {
		tags := realistic(n)
		name := strconv.Itoa(n)
		p := policy(constraint(">=1"), ignore("-debug$"))
		question := version.Question{Current: "1.2.3", Policy: p, Now: now}
		b.Run("read and choose/"+name, func(b *testing.B) {
			for b.Loop() {
				version.NewCandidates(tags).Choose(question)
			}
		})
		b.Run("choose/"+name, func(b *testing.B) {
			candidates := version.NewCandidates(tags)
			for b.Loop() {
				candidates.Choose(question)
			}
		})
		b.Run("explain/"+name, func(b *testing.B) {
			candidates := version.NewCandidates(tags)
			question := question
			question.Explain = true
			for b.Loop() {
				candidates.Choose(question)
			}
		})
	}
}

// realistic are tags as busy images have them.
func realistic(n int) []string {
	random := rand.New(rand.NewPCG(7, 8))
	number := func(below int) string { return strconv.Itoa(random.IntN(below)) }
	forms := []func() string{
		func() string { return number(9) + "." + number(40) + "." + number(60) },
		func() string { return number(9) + "." + number(40) + "." + number(60) + "-alpine3." + number(20) },
		func() string { return number(9) + "." + number(40) + "." + number(60) + "-debian-12-r" + number(90) },
		func() string { return "v" + number(9) + "." + number(40) + "." + number(60) + "-rc." + number(9) },
		func() string {
			return "main-" + strconv.FormatUint(random.Uint64()|1<<60, 16)[:7] + "-" + number(2_000_000_000)
		},
		func() string { return "sha-" + strings.Repeat(strconv.FormatUint(random.Uint64()|1<<60, 16), 3)[:40] },
	}
	tags := make([]string, n)
	for i := range tags {
		tags[i] = forms[i%len(forms)]()
	}
	return tags
}
