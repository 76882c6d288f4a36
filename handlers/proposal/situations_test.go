package proposal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/version"
)

const api = "ghcr.io/acme/api"

var acme = changelog.Repository{Host: "github.com", Path: "acme/api", Forge: changelog.GitHub}

// sha is a commit that nobody made.
func sha(n int) string { return fmt.Sprintf("%07x%033x", 0x1a2b3c4+n*0x01f3a5b, n) }

func date(day int) time.Time { return noon.AddDate(0, 0, day-20) }

// situation is a proposal, and what is known of it.
type situation struct {
	*Proposal
	*Notes
}

// situated has these changes.
func situated(group string, changes ...Change) situation {
	n := notesOf()
	n.RepositoryURL, n.Changelogs, n.Facts = "https://github.com/acme/deploy", map[string]Changelog{}, map[string]Facts{}
	return situation{&Proposal{Group: group, Changes: changes}, n}
}

// tell says what changed in all images.
func (s situation) tell(c Changelog) situation {
	for i := range s.Changes {
		change := &s.Changes[i]
		s.Changelogs[StepKey(change.Image, change.From, change.To)] = c
	}
	return s
}

// know says what all images are.
func (s situation) know(before, after Facts) situation {
	for i := range s.Changes {
		change := &s.Changes[i]
		s.Facts[FactsKey(change.Image, change.From)] = before
		s.Facts[FactsKey(change.Image, change.To)] = after
	}
	return s
}

// one has one image.
func one(image, from, to string, kind version.Kind) situation {
	return situated(called(image), step("envs/dev/values.yaml", 12, image, from, to, kind)).know(
		Facts{
			Digest: oldDigest, Platforms: []string{"linux/amd64", "linux/arm64/v8"}, Size: 46_900_000, Measured: "linux/amd64",
			Created: date(-30), Pushed: date(-30), Base: "docker.io/library/debian:12", BaseDigest: oldDigest,
		},
		Facts{
			Digest: newDigest, Platforms: []string{"linux/amd64", "linux/arm64"}, Size: 48_213_000, Measured: "linux/amd64",
			Created: date(17), Pushed: date(18), Base: "docker.io/library/debian:12", BaseDigest: newDigest,
		},
	)
}

// told is a list of commits, as changelog makes it.
func told(repo changelog.Repository, from, to string, n int) *changelog.Commits {
	subjects := []string{
		"feat: retry payments that time out", "fix(cache): don't keep entries of closed accounts, fixes #398", "Remove `--legacy` and all that it did",
		"feat!: answer 404 for unknown customers", "docs: say how to rotate keys @docs-team", "refactor: one client for all gateways", "Raise the limit of a batch to 500",
	}
	authors := []string{"octocat", "Jane Doe", "octocat", "monalisa"}
	c := &changelog.Commits{From: from, To: to, Total: n}
	for i := range n {
		change := changelog.Change{Subject: subjects[i%len(subjects)], Author: authors[i%len(authors)], SHA: sha(i), URL: repo.CommitURL(sha(i)), When: date(17 - i)}
		if i%3 != 2 {
			change.Pull = 412 - i
		}
		c.Changes = append(c.Changes, change)
	}
	return c
}

// byCommits are notes of commits.
func byCommits(repo changelog.Repository, c *changelog.Commits, why ...changelog.Why) Changelog {
	return Changelog{
		Notes: changelog.Notes{Outcome: changelog.ByCommits, Repository: repo, Commits: c, Link: repo.CompareURL(c.From, c.To), Why: why},
		From:  c.From, To: c.To,
	}
}

const releaseText = `## What's new

* **Payments** are tried again when the gateway is slow, by @octocat in https://github.com/acme/api/pull/%d
* ` + "`--timeout`" + ` takes a duration, #%[1]d

| flag | before | after |
|---|---|---|
| ` + "`--timeout`" + ` | ` + "`30`" + ` | ` + "`30s`" + ` |

### Fixes

1. Entries of closed accounts are not kept
   - nor those of accounts that never were
2. Fixes #%[1]d
`

// release is one with some text.
func release(repo changelog.Repository, name string, day int, text string) changelog.Entry {
	e := changelog.Entry{
		Version: changelog.Version{Tag: name, Text: strings.TrimLeft(name[strings.LastIndexByte(name, '/')+1:], "v")}, Title: name, Text: text,
		URL: repo.ReleaseURL(name), Published: date(day),
	}
	if text != "" {
		e.Told = changelog.InRelease
	}
	return e
}

// byVersions are notes of versions.
func byVersions(repo changelog.Repository, from, to string, entries ...changelog.Entry) Changelog {
	return Changelog{Notes: changelog.Notes{Outcome: changelog.ByVersions, Repository: repo, Entries: entries, Link: repo.CompareURL(from, to)}}
}

// noNotes is why there is nothing.
func noNotes(why ...changelog.Why) Changelog {
	return Changelog{Notes: changelog.Notes{Outcome: changelog.Nothing, Why: why}}
}

// situations are real ones, as far as the kinds of them go.
func situations() map[string]situation {
	all := map[string]situation{
		"first-party":   firstParty(),
		"umbrella":      umbrella(),
		"images-20":     many(20),
		"images-200":    many(200),
		"digest-only":   digestOnly(),
		"huge":          huge(),
		"no-source":     one(api, "v1.4.0", "v1.5.0", version.Minor).tell(noNotes(changelog.NoSource)),
		"monorepo":      monorepo(),
		"private":       one("ghcr.io/acme/secret", "v1.4.0", "v1.5.0", version.Minor).tell(noNotes(changelog.Unreadable)),
		"pre-release":   preRelease(),
		"changelog":     changelogFile(),
		"older":         backwards(),
		"diverged":      diverged(),
		"other-host":    otherHost(),
		"pending":       pending(),
		"packaging":     packaging(),
		"enterprise":    enterprise(),
		"releases":      releases(),
		"two":           two(),
		"same-revision": sameRevision(),
		"tags-only":     tagsOnly(),
		"commits-170":   manyCommits(),
		"digests-alike": digestsAlike(),
	}
	for name, doubt := range map[string]changelog.Doubt{
		"inherited": changelog.Inherited, "other-name": changelog.OtherName, "unvouched": changelog.Unvouched,
	} {
		s := one("registry.acme.example/shop/web", "v1.4.0", "v1.5.0", version.Minor)
		c := byVersions(acme, "v1.4.0", "v1.5.0", release(acme, "v1.5.0", 10, "Payments are tried again."))
		c.Doubt = doubt
		all["uncertain-"+name] = s.tell(c)
	}
	all["uncertain-no-commit"] = noCommit()
	return all
}

// noCommit has the label of a base image, which does not have the commits of the tags.
func noCommit() situation {
	repo := changelog.Repository{Host: "github.com", Path: "acme/base", Forge: changelog.GitHub}
	return one(api, "main-"+sha(40)[:7], "main-"+sha(0)[:7], version.Tag).tell(Changelog{
		Notes: changelog.Notes{Outcome: changelog.ByLink, Why: []changelog.Why{changelog.NoCommits}, Repository: repo, Doubt: changelog.NoCommit, Link: repo.URL()},
		From:  sha(40)[:7], To: sha(0)[:7],
	})
}

func firstParty() situation {
	c := told(acme, sha(40), sha(0), 12)
	c.Bots = []changelog.BotCommits{{Name: "renovate", Count: 7}, {Name: "dependabot", Count: 2}}
	c.Merges, c.Total = 1, 22
	s := one(api, "main-"+sha(40)[:7], "main-"+sha(0)[:7], version.Tag).tell(byCommits(acme, c))
	s.Facts[FactsKey(api, s.Changes[0].To)] = Facts{
		Digest: newDigest, Platforms: []string{"linux/amd64"}, Size: 48_213_000, Measured: "linux/amd64", Created: date(17), Pushed: date(17),
		Base: "docker.io/library/debian:13", BaseDigest: newDigest,
	}
	return s
}

// umbrella has several images of one repository.
func umbrella() situation {
	var changes []Change
	for i, name := range []string{"api", "worker", "web", "migrate"} {
		changes = append(changes, step("charts/shop/values.yaml", 10+i*8, "ghcr.io/acme/shop-"+name, "v2.3.0", "v2.4.1", version.Minor))
	}
	changes = append(changes, step("charts/shop/values.yaml", 60, "docker.io/library/redis", "7.2.4", "7.2.5", version.Patch))
	s := situated("shop", changes...)
	repo := changelog.Repository{Host: "github.com", Path: "acme/shop", Forge: changelog.GitHub}
	notes := byVersions(
		repo, "v2.3.0", "v2.4.1", release(repo, "v2.4.1", 12, "A fix for carts that were emptied."), release(repo, "v2.4.0", 3, fmt.Sprintf(releaseText, 77)),
	)
	notes.From, notes.To = sha(9), sha(3)
	s.tell(notes).know(Facts{Digest: oldDigest, Size: 21_000_000, Measured: "linux/amd64"}, Facts{Digest: newDigest, Size: 21_000_000, Measured: "linux/amd64"})
	redis := changelog.Repository{Host: "github.com", Path: "redis/redis", Forge: changelog.GitHub}
	s.Changelogs[StepKey("docker.io/library/redis", value("7.2.4"), value("7.2.5"))] = byVersions(
		redis, "7.2.4", "7.2.5", release(redis, "7.2.5", 2, "Upgrade urgency: MODERATE.\n\n- A crash in `XREAD` is no more, see #12900"),
	)
	return s
}

func many(n int) situation {
	var changes []Change
	for i := range n {
		kind, to := version.Minor, "v1.5.0"
		if i%9 == 4 {
			kind, to = version.Major, "v2.0.0"
		}
		changes = append(changes, step(fmt.Sprintf("clusters/eu-north-1/apps/service-%d/values.yaml", i), 12, fmt.Sprintf("ghcr.io/acme/service-%d", i), "v1.4.0", to, kind))
	}
	s := situated("everything", changes...).know(
		Facts{Digest: oldDigest, Platforms: []string{"linux/amd64", "linux/arm64"}, Size: 20_100_000, Measured: "linux/amd64", Created: date(-30)},
		Facts{Digest: newDigest, Platforms: []string{"linux/amd64", "linux/arm64"}, Size: 20_000_000, Measured: "linux/amd64", Created: date(10)},
	)
	for i := range changes {
		c := &changes[i]
		repo := changelog.Repository{Host: "github.com", Path: fmt.Sprintf("acme/service-%d", i), Forge: changelog.GitHub}
		notes := byVersions(repo, "v1.4.0", c.To.Tag, release(repo, c.To.Tag, 10, fmt.Sprintf(releaseText, 50+i)), release(repo, "v1.4.1", 3, "One more fix."))
		switch {
		case i%7 == 3:
			notes = byCommits(repo, told(repo, sha(i+3), sha(i), 3), changelog.NoNotes)
		case i%7 == 5:
			notes = noNotes(changelog.NoSource)
		case c.Kind == version.Major:
			notes.Entries[0].Text = "## Breaking changes\n\n- `--legacy` is gone\n\n" + notes.Entries[0].Text
		}
		s.Changelogs[StepKey(c.Image, c.From, c.To)] = notes
	}
	return s
}

func digestOnly() situation {
	repo := changelog.Repository{Host: "github.com", Path: "nginx/docker-nginx", Forge: changelog.GitHub}
	c := told(repo, sha(60), sha(50), 2)
	return one("docker.io/library/nginx", "1.27@"+oldDigest, "1.27@"+newDigest, version.Digest).tell(byCommits(repo, c, changelog.OnlyPackaged))
}

func huge() situation {
	var entries []changelog.Entry
	for i := range 20 {
		text := strings.Repeat(fmt.Sprintf(releaseText, 900-i)+"\n", 120)
		e := release(acme, fmt.Sprintf("v1.%d.0", 24-i), 19-i, text)
		e.Cut = i == 1
		entries = append(entries, e)
	}
	c := byVersions(acme, "v1.4.0", "v1.24.0", entries...)
	c.Left = 13
	return one(api, "v1.4.0", "v1.24.0", version.Minor).tell(c)
}

func monorepo() situation {
	repo := changelog.Repository{Host: "github.com", Path: "acme/platform", Forge: changelog.GitHub}
	c := byVersions(
		repo, "billing/v1.4.0", "billing/v1.5.0", release(repo, "billing/v1.5.0", 12, "## [1.5.0](https://github.com/acme/platform/compare/a...b) (2026-11-12)\n\n### Features\n\n* invoices in PDF"),
		release(repo, "billing/v1.4.1", 4, "### Bug Fixes\n\n* **tax:** round up ([#19](https://github.com/acme/platform/issues/19))"),
	)
	for i := range 12 {
		c.LeftOut = append(c.LeftOut, changelog.LeftOut{Tag: fmt.Sprintf("search/v1.4.%d", i), Reason: changelog.OtherComponent})
	}
	c.LeftOut = append(c.LeftOut, changelog.LeftOut{Tag: "billing/v1.5.0-rc.1", Reason: changelog.PreRelease})
	c.From, c.To = "billing/v1.4.0", "billing/v1.5.0"
	return one("ghcr.io/acme/platform/billing", "1.4.0", "1.5.0", version.Minor).tell(c)
}

func preRelease() situation {
	first, second := release(acme, "v2.0.0-rc.2", 12, "Second candidate."), release(acme, "v2.0.0-rc.1", 6, "BREAKING CHANGE: `--legacy` is gone.")
	first.PreRelease, second.PreRelease = true, true
	first.Title = "v2.0.0-rc.2: Almost there"
	return one(api, "v2.0.0-beta.1", "v2.0.0-rc.2", version.Minor).tell(byVersions(acme, "v2.0.0-beta.1", "v2.0.0-rc.2", first, second, release(acme, "v2.0.0-beta.2", 1, "")))
}

func changelogFile() situation {
	first, second := release(acme, "v1.5.0", 12, "## [1.5.0] - 2026-11-12\n### Added\n- Invoices in PDF\n### Fixed\n- Taxes, see GH-12"), release(acme, "v1.4.1", 3, "### Fixed\n- Carts")
	for _, e := range []*changelog.Entry{&first, &second} {
		e.Told, e.URL, e.Title, e.Published = changelog.InChangelog, acme.FileURL("v1.5.0", "CHANGELOG.md"), "", time.Time{}
	}
	return one(api, "v1.4.0", "v1.5.0", version.Minor).tell(byVersions(acme, "v1.4.0", "v1.5.0", first, second))
}

func backwards() situation {
	c := Changelog{Notes: changelog.Notes{Outcome: changelog.ByLink, Repository: acme, Link: acme.CompareURL("v1.5.0", "v1.4.0"), Why: []changelog.Why{changelog.IsOlder}}}
	return one(api, "v1.5.0", "v1.4.0", version.Rollback).tell(c)
}

func diverged() situation {
	c := told(acme, sha(20), sha(0), 3)
	c.Behind = 2
	return one(api, "feature-"+sha(20)[:7], "main-"+sha(0)[:7], version.Tag).tell(byCommits(acme, c, changelog.Diverged))
}

func otherHost() situation {
	repo := changelog.Repository{Host: "gitlab.com", Path: "acme/tools/api"}
	c := Changelog{Notes: changelog.Notes{Outcome: changelog.ByLink, Repository: repo, Link: repo.CompareURL(sha(2), sha(1)), Why: []changelog.Why{changelog.NotGitHub}}, From: sha(2), To: sha(1)}
	return one("registry.gitlab.com/acme/tools/api", "v1.4.0", "v1.5.0", version.Minor).tell(c)
}

func pending() situation {
	return one(api, "v1.4.0", "v1.5.0", version.Minor).tell(Changelog{Notes: changelog.Notes{
		Outcome: changelog.ByLink, Repository: acme, Link: acme.URL(), Why: []changelog.Why{changelog.NotYet}, Pending: true,
	}})
}

func packaging() situation {
	repo := changelog.Repository{Host: "github.com", Path: "docker-library/postgres", Forge: changelog.GitHub}
	c := told(repo, sha(60), sha(50), 4)
	c.Changes, c.Bots = nil, []changelog.BotCommits{{Name: "docker-library-bot", Count: 4}}
	return one("docker.io/library/postgres", "16.4-r1", "16.4-r2", version.Build).tell(byCommits(repo, c, changelog.OnlyPackaged))
}

func enterprise() situation {
	repo := changelog.Repository{Host: "github.acme.example", Path: "shop/api", Forge: changelog.GitHub}
	c := told(repo, sha(40), sha(0), 3)
	s := one("registry.acme.example/shop/api", "main-"+sha(40)[:7], "main-"+sha(0)[:7], version.Tag).tell(byCommits(repo, c))
	s.RepositoryURL = "https://github.acme.example/shop/deploy"
	return s
}

func releases() situation {
	names := []string{"v1.7.2", "v1.7.1", "v1.7.0", "v1.6.0", "v1.5.1"}
	var entries []changelog.Entry
	for i, name := range names {
		entries = append(entries, release(acme, name, 18-3*i, fmt.Sprintf(releaseText, 300-i)))
	}
	entries[1].Text, entries[1].Told = "", ""
	return one(api, "v1.5.0", "v1.7.2", version.Minor).tell(byVersions(acme, "v1.5.0", "v1.7.2", entries...))
}

// two are few enough to be read without a click.
func two() situation {
	other := firstParty()
	s := releases()
	s.Changes = append(s.Changes, step("envs/dev/values.yaml", 30, "ghcr.io/acme/web", "main-1a2b3c4", "main-5d6e7f8", version.Tag))
	s.Group = "shop"
	key := StepKey(api, value("v1.5.0"), value("v1.7.2"))
	c := s.Changelogs[key]
	c.Entries = slices.Clone(c.Entries[3:])
	s.Changelogs[key] = c
	for _, commits := range other.Changelogs {
		commits.Commits.Changes = commits.Commits.Changes[:4]
		commits.Commits.Total = 14
		s.Changelogs[StepKey("ghcr.io/acme/web", value("main-1a2b3c4"), value("main-5d6e7f8"))] = commits
	}
	return s
}

func sameRevision() situation {
	c := Changelog{Notes: changelog.Notes{Outcome: changelog.ByLink, Repository: acme, Link: acme.URL(), Why: []changelog.Why{changelog.SameRevision}}, From: sha(1), To: sha(1)}
	return one(api, "v1.4.0@"+oldDigest, "v1.4.0@"+newDigest, version.Digest).tell(c)
}

// tagsOnly has versions of which nobody wrote anything.
func tagsOnly() situation {
	c := byCommits(acme, told(acme, "v1.4.0", "v1.5.0", 9), changelog.NoNotes)
	c.Entries = []changelog.Entry{release(acme, "v1.5.0", 12, ""), release(acme, "v1.4.1", 3, "")}
	return one(api, "v1.4.0", "v1.5.0", version.Minor).tell(c)
}

// manyCommits are more than are read.
func manyCommits() situation {
	c := told(acme, sha(49), sha(0), 50)
	c.Left, c.Total, c.Merges = 120, 184, 14
	return one(api, "sha-"+sha(49)[:7], "sha-"+sha(0)[:7], version.Tag).tell(byCommits(acme, c))
}

// digestsAlike are newer digests of one tag, built from the same commits.
func digestsAlike() situation {
	first := step("envs/dev/values.yaml", 12, api, "main@"+oldDigest, "main@"+newDigest, version.Digest)
	second := step("envs/dev/values.yaml", 20, "ghcr.io/acme/worker", "main@"+newDigest, "main@"+oldDigest, version.Digest)
	s := situated("main", first, second).tell(byCommits(acme, told(acme, sha(3), sha(0), 2)))
	before, after := Facts{Platforms: []string{"linux/amd64", "linux/arm/v7"}}, Facts{Platforms: []string{"linux/amd64", "linux/arm64"}}
	s.Facts[FactsKey(api, first.From)], s.Facts[FactsKey(api, first.To)] = before, after
	return s
}
