package proposal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

const (
	devFile  = "dev/web.yaml"
	prodFile = "prod/web.yaml"
)

func TestProve(t *testing.T) {
	t.Parallel()
	byAlice := all(3, "alice pushed to it")
	unrecorded := []string{}
	for _, sign := range []string{"base", "branch", "record"} {
		unrecorded = append(unrecorded, sign+": no commit of the App says what it does")
	}
	none := slices.Concat(byAlice, unrecorded)
	amended := slices.Concat(all(3, bot+" pushed to it"), unrecorded)
	readme := map[string]string{"README.md": "new"}
	tests := []struct {
		name string
		live func(c *court)
		// signed and unsigned are what is against it; unsigned is that of signed where it is nil.
		signed, unsigned []string
	}{
		{"as made", func(*court) {}, nil, nil},
		{"a body that says otherwise", func(c *court) { c.claim.Pull.Body = "<!-- imageupdater:v1 YQ.YQ -->" }, nil, nil},
		{"the button", func(c *court) { c.merged(readme) }, nil, nil},
		{"the button, twice", func(c *court) {
			c.merged(readme)
			c.commit("base3", alice(), "", c.with("base2", map[string]string{"LICENSE": "MIT"}), "base2")
			c.updated("merge2", "merge", "base3", c.with("merge", map[string]string{"LICENSE": "MIT"}))
			c.head("merge2", 3)
		}, nil, nil},
		{"the button, and a recorded file grown in the base", func(c *court) {
			grown := pod("ghcr.io/acme/new:1.0.0", "ghcr.io/acme/web:1.0.0")
			c.commit("base2", alice(), "", c.with("base", map[string]string{devFile: "# new\n" + c.trees["base"][devFile], "x.yaml": grown}), "base")
			c.updated("merge", "ours", "base2", c.with("ours", map[string]string{devFile: "# new\n" + c.trees["ours"][devFile], "x.yaml": grown}))
			c.head("merge", 2)
		}, nil, nil},
		{"the button, with one update undone", func(c *court) {
			c.merged(readme)
			c.trees["merge"] = c.with("merge", map[string]string{devFile: c.trees["base"][devFile]})
		}, all(1, devFile+" is not what the record makes of it"), nil},
		{"the button, with a file of their own", func(c *court) {
			c.merged(readme)
			c.trees["merge"] = c.with("merge", map[string]string{"evil.sh": "rm"})
		}, all(1, "evil.sh is new"), nil},
		{"the button, losing what the base has", func(c *court) {
			c.merged(readme)
			c.trees["merge"] = c.trees["ours"]
		}, all(1, "README.md is gone"), nil},
		{"the button, and the base has the value by now", func(c *court) {
			c.merged(map[string]string{devFile: c.trees["ours"][devFile]})
		}, all(1, devFile+" did not have what the record says"), nil},
		{"the button, of another branch", func(c *court) {
			c.commit("feature", alice(), "", c.with("base", readme), "base")
			c.updated("merge", "ours", "feature", c.with("ours", readme))
			c.head("merge", 3)
		}, all(3, "alice merged something into it"), nil},
		{"the button, upon a merge of another branch", func(c *court) {
			c.commit("feature", alice(), "", c.with("base", nil), "base")
			c.updated("between", "ours", "feature", c.with("ours", nil))
			c.commit("base2", alice(), "", c.with("base", readme), "base")
			c.updated("merge", "between", "base2", c.with("ours", readme))
			c.head("merge", 3)
		}, all(2, "alice merged something into it"), nil},
		{"a merge by hand", func(c *court) {
			c.merged(readme)
			c.change("merge", func(is *forge.Commit) { is.Verified, is.Committer = false, alice() })
		}, byAlice, []string{}},
		{"a merge by hand that undoes what else ours did", func(c *court) {
			c.writes("README.md", "evil")
			c.merged(readme)
			c.change("merge", func(is *forge.Commit) { is.Verified, is.Committer = false, alice() })
		}, byAlice, all(1, "README.md is new")},
		{"a commit above", func(c *court) {
			c.commit("theirs", alice(), "", c.with("ours", readme), "ours")
			c.head("theirs", 2)
		}, byAlice, nil},
		{"a commit above that changes nothing", func(c *court) {
			c.commit("theirs", alice(), "", c.trees["ours"], "ours")
			c.head("theirs", 2)
		}, byAlice, nil},
		{"a commit above, and the button", func(c *court) {
			c.commit("theirs", alice(), "", c.with("ours", nil), "ours")
			c.commit("base2", alice(), "", c.with("base", readme), "base")
			c.updated("merge", "theirs", "base2", c.with("ours", readme))
			c.head("merge", 3)
		}, all(2, "alice pushed to it"), nil},
		{"a commit below", func(c *court) {
			c.commit("feature", alice(), "", c.with("base", readme), "base")
			c.writes("README.md", "new")
			c.change("ours", func(is *forge.Commit) { is.Parents = []string{"feature"} })
			c.head("ours", 2)
		}, all(2, "it has 2 commits, and not 1"), nil},
		{"a commit below that GitHub has not counted yet", func(c *court) {
			c.commit("feature", alice(), "", c.with("base", readme), "base")
			c.writes("README.md", "new")
			c.change("ours", func(is *forge.Commit) { is.Parents = []string{"feature"} })
		}, all(2, "what the App built it on is not in main"), nil},
		{"the same tree, pushed by somebody", func(c *court) {
			c.commit("theirs", alice(), c.made.Message, c.trees["ours"], "base")
			c.head("theirs", 1)
		}, none, nil},
		{"opened by somebody", func(c *court) {
			c.commit("theirs", alice(), c.made.Message, c.trees["ours"], "base")
			c.head("theirs", 1)
			c.claim.Pull.Author = alice().Account
		}, append(all(3, "alice opened it"), unrecorded...), nil},
		{"amended", func(c *court) {
			c.change("ours", func(is *forge.Commit) { is.Verified, is.Committer = false, alice() })
		}, amended, nil},
		{"amended and signed", func(c *court) {
			c.change("ours", func(is *forge.Commit) { is.Committer = alice() })
		}, amended, nil},
		{"not verified", func(c *court) {
			c.change("ours", func(is *forge.Commit) { is.Verified = false })
		}, amended, []string{}},
		{"a file more", func(c *court) { c.writes("more.yaml", "a: b") }, all(1, "more.yaml is new"), nil},
		{"a file less", func(c *court) {
			c.trees["base"]["less.yaml"] = "a: b"
		}, all(1, "less.yaml is gone"), nil},
		{"another file changed", func(c *court) {
			c.trees["base"]["README.md"], c.trees["ours"]["README.md"] = "old", "new"
		}, all(1, "README.md is changed"), nil},
		{"a mode", func(c *court) { c.modes["ours"] = map[string]string{devFile: "100755"} }, all(1, devFile+" has another mode"), nil},
		{"a link instead of a file", func(c *court) { c.modes["ours"] = map[string]string{prodFile: "120000"} }, all(1, prodFile+" has another mode"), nil},
		{"executable, before and after", func(c *court) {
			c.modes["base"], c.modes["ours"] = map[string]string{devFile: "100755"}, map[string]string{devFile: "100755"}
		}, nil, nil},
		{"another value", func(c *court) {
			c.writes(devFile, pod("ghcr.io/acme/web:6.6.6"))
		}, all(1, devFile+" is not what the record makes of it"), nil},
		{"another image", func(c *court) {
			c.writes(devFile, pod("ghcr.io/evil/web:1.1.0"))
		}, all(1, devFile+" is not what the record makes of it"), nil},
		{"a comment in a recorded file", func(c *court) {
			c.writes(devFile, c.trees["ours"][devFile]+"# by hand\n")
		}, all(1, devFile+" is not what the record makes of it"), nil},
		{"another field of a recorded file", func(c *court) {
			c.writes(prodFile, strings.Replace(c.trees["ours"][prodFile], "acme/api:2.0.0", "acme/api:2.0.1", 1))
		}, all(1, prodFile+" is not what the record makes of it"), nil},
		{"a record of another value", func(c *court) {
			c.says(func(r *proposal.Record) { r.Updates[0].To = "1.2.0" })
		}, all(1, devFile+" is not what the record makes of it"), nil},
		{"a record of another value before", func(c *court) {
			c.says(func(r *proposal.Record) { r.Updates[0].From = "0.9.0" })
		}, append(all(1, devFile+" did not have what the record says"), "record: dev/web.yaml has ghcr.io/acme/web at 1.0.0 by now, and not at 0.9.0"), nil},
		{"a record of one update more", func(c *court) {
			c.says(func(r *proposal.Record) {
				r.Updates = append(r.Updates, proposal.Recorded{Path: "x.yaml", Key: "image", Image: "ghcr.io/acme/web", From: "1.0.0", To: "1.1.0"})
			})
		}, append(all(1, "a file did not have what the record says"), "record: x.yaml does not have ghcr.io/acme/web any more"), nil},
		{"a record of one update more of a recorded file", func(c *court) {
			c.says(func(r *proposal.Record) {
				r.Updates = append(r.Updates, r.Updates[0])
				r.Updates[len(r.Updates)-1].Key = "spec.initContainers[0].image"
			})
		}, append(all(1, devFile+" did not have what the record says"), "record: dev/web.yaml does not have ghcr.io/acme/web any more"), nil},
		{"a record of what people want to be left alone", func(c *court) {
			for _, sha := range []string{"base", "ours"} {
				c.trees[sha] = c.with(sha, map[string]string{devFile: strings.TrimSuffix(c.trees[sha][devFile], "\n") + " # imageupdater: ignore\n"})
			}
		}, all(1, devFile+" did not have what the record says"), nil},
		{"a record of one update less", func(c *court) {
			c.says(func(r *proposal.Record) { r.Updates = r.Updates[:1] })
		}, all(1, prodFile+" is changed"), nil},
		{"a record of nothing", func(c *court) {
			c.says(func(r *proposal.Record) { r.Updates = nil })
		}, append(all(1, "it is of no update"), "record: it is of no update"), nil},
		{"a record of an edit", func(c *court) {
			c.says(func(r *proposal.Record) { r.Edit = &proposal.Edit{What: proposal.Ignores} })
		}, append(all(1, "it edits the configuration"), "record: it edits the configuration"), nil},
		{"a record of another repository", func(c *court) {
			c.says(func(r *proposal.Record) { r.RepositoryID++ })
		}, append(all(1, "no commit of the App says what it does"), unrecorded...), nil},
		{"a commit without a record", func(c *court) {
			c.change("ours", func(is *forge.Commit) { is.Message += "\nmore" })
		}, append(all(1, "no commit of the App says what it does"), unrecorded...), nil},
		{"a record of another group", func(c *court) {
			c.says(func(r *proposal.Record) { r.Group = "acme/api" })
		}, []string{"base: imageupdater/acme-web-44e16a is not named as one for main", "branch: imageupdater/acme-web-44e16a is not the branch of acme/api"}, nil},
		{"for another base", func(c *court) { c.claim.Pull.Base.Name = "release" }, []string{
			"commits: what the App built it on is not in release", "tree: what the App built it on is not in release", "base: it is for release",
		}, nil},
		{"for another base by the configuration", func(c *court) { c.claim.Base = "release" }, []string{
			"base: it is for main", "branch: imageupdater/acme-web-44e16a is not the branch of acme/web",
		}, nil},
		{"of a fork", func(c *court) { c.claim.Pull.Head.Repository = 8 }, []string{"branch: its branch is in another repository"}, nil},
		{"of a fork that is gone", func(c *court) { c.claim.Pull.Head.Repository = 0 }, []string{"branch: the repository of its branch is gone"}, nil},
		{"with another prefix", func(c *court) { c.claim.Prefix = "updates/" }, []string{
			"branch: imageupdater/acme-web-44e16a does not begin with updates/",
		}, nil},
		{"the base has another value meanwhile", func(c *court) {
			c.claim.Fields = func(path, _, _ string) []string {
				return []string{map[string]string{devFile: "1.0.0", prodFile: "1.0.5"}[path]}
			}
		}, []string{"record: prod/web.yaml has ghcr.io/acme/web at 1.0.5 by now, and not at 1.0.0"}, nil},
		{"the base has the field no more", func(c *court) { c.missing[prodFile] = true }, []string{
			"record: prod/web.yaml does not have ghcr.io/acme/web any more",
		}, nil},
	}
	for _, tt := range tests {
		for _, signed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/signed=%t", tt.name, signed), func(t *testing.T) {
				t.Parallel()
				c := proposed(t, shop(t))
				tt.live(c)
				want := tt.signed
				if !signed && tt.unsigned != nil {
					want = tt.unsigned
				}
				_, against := c.prove(t, signed)
				if diff := cmp.Diff(append([]string{}, want...), against); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}
