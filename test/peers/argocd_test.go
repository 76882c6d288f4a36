package peers_test

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

var argocd = peer{
	name: "Argo CD Image Updater",
	differences: []difference{
		{
			"The tag in use is not looked at: an image at `latest` moves to the newest version.",
			"A tag that is no version has no newer one. Set a version by hand once, or follow the digest.",
			[]string{"select-004"},
		},
		{
			"Of equal versions the longer tag wins: 1.20 becomes 1.20.0.",
			"The number of parts of the current tag is kept: 1.20 moves to 1.21.",
			[]string{"select-031", "select-037"},
		},
		{
			"1.2.3 may become v1.2.3, and 1.9.0 may become v2.0.0-rc1.",
			"The prefix of the current tag is kept.",
			[]string{"select-020", "select-032"},
		},
		{
			"A date is a major version: 1.2.3 may become 20240101.",
			"Dates and years never follow other numbers; no range is needed to keep them out.",
			[]string{"select-036"},
		},
		{
			"A suffix is a pre-release: 6.2.5-alpine fits no range, unless it ends in `-0`.",
			"A suffix is a flavour, and is kept: 6.2.5-alpine moves to 6.2.6-alpine in the range 6.2.x.",
			[]string{"select-043"},
		},
		{
			"Any build time counts, 1970 too.",
			"Reproducible builds say 1970: a time before 2000 is none, and a tag without a time cannot be the newest.",
			[]string{"select-010"},
		},
		{
			"`digest` without a tag in the constraint is an error.",
			"Without `track` the current tag is followed.",
			[]string{"select-084"},
		},
		{
			"`allow-tags` may forbid the very tag that `digest` follows.",
			"Patterns choose among tags; the tag that is followed is named, and new content of it is taken. To stop that write `enabled: false`.",
			[]string{"select-087"},
		},
		{
			"A running image without a tag is replaced by the chosen tag.",
			"A digest without a tag is left alone, unless `strategy: digest` has a `track`.",
			[]string{"needs_update-010"},
		},
		{
			"A digest without a tag is written as `latest@sha256:…`.",
			"No tag is made up: the digest stays alone.",
			[]string{"parse-011", "parse-033"},
		},
		{
			"`registry-1.docker.io` is another registry than Docker Hub.",
			"All spellings of Docker Hub are one, and stay as they are written.",
			[]string{"parse-020"},
		},
		{
			"A bad digest, an empty name and the like are taken as they are.",
			"What is no reference is skipped, and said to be `invalid`.",
			[]string{"parse-034", "parse-038", "parse-039"},
		},
		{
			"A pattern that does not compile, or that uses look-ahead, matches nothing.",
			"It is an error in the file, with what to write instead.",
			[]string{"match-007", "match-015"},
		},
		{
			"An empty pattern in `ignore-tags` ignores nothing, and a platform that cannot be read matches nothing.",
			"Both are errors in the file.",
			[]string{"ignore-014", "platform-012"},
		},
		{
			"An image for `linux/arm` without a variant does not serve `linux/arm/v7`.",
			"It is taken for `v7`, as container runtimes take it, and runs on what is newer.",
			[]string{"platform-005"},
		},
		{
			"The name of a strategy may be in capitals, and one that is unknown or empty means `semver`.",
			"Both are errors in the file, with a suggestion.",
			[]string{"strategy-008", "strategy-009"},
		},
		{
			"Another name of the image in use is an update though the tag is the same.",
			"Names are never changed. What counts is the file, not what runs.",
			[]string{"needs_update-011"},
		},
		{
			"Kustomize overrides belong to the name on their left.",
			"The registry is asked about the name on the right: two overrides that lead to one image go by its tags.",
			[]string{"kustomize_match-001"},
		},
		{
			"A tag such as `=1.0` is written where somebody asks for it.",
			"Only what can be a tag or a digest is written.",
			[]string{"plain_scalar-033"},
		},
	},
	notOurs: []difference{
		{
			"Images are listed, as `app=registry/app:>=1.2`, with an alias and a range.",
			"Images are found in the files, and a range stands in `constraint`.",
			[]string{"parse-028", "parse-037"},
		},
		{
			"1.2.3+build2 is newer than 1.2.3+build1.",
			"No tag has a plus sign: registries refuse it.",
			[]string{"select-033"},
		},
	},
}

type argocdCase struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	Input  json.RawMessage `json:"input"`
	Expect json.RawMessage `json:"expect"`
}

// argocdKinds are the kinds of cases, and what they compare. Those that are not
// here are of registry webhooks, which only the server knows.
var argocdKinds = map[string]func(*argocdCase, *testing.T) (theirs, ours string){
	"select":          (*argocdCase).selection,
	"match":           (*argocdCase).match,
	"ignore":          (*argocdCase).ignore,
	"platform":        (*argocdCase).platform,
	"tag_equals":      (*argocdCase).tagEquals,
	"strategy":        (*argocdCase).strategy,
	"needs_update":    (*argocdCase).needsUpdate,
	"plain_scalar":    (*argocdCase).plainScalar,
	"parse":           (*argocdCase).parse,
	"kustomize_match": (*argocdCase).kustomizeMatch,
}

func TestArgoCDImageUpdater(t *testing.T) {
	t.Parallel()
	var cases struct {
		Cases []argocdCase `json:"cases"`
	}
	load(t, "argocd-image-updater.json", &cases)
	tr := argocd.trial(t)
	for _, c := range cases.Cases {
		hold, known := argocdKinds[c.Kind]
		switch {
		case c.Kind == "webhook":
		case !known:
			t.Errorf("%s: no test for %s", c.ID, c.Kind)
		case !tr.skip(c.ID):
			theirs, ours := hold(&c, t)
			tr.hold(c.ID, theirs, ours)
		}
	}
	tr.end()
}

// read gives the input and the answer of a case.
func (c *argocdCase) read(t *testing.T, input, expect any) {
	t.Helper()
	if err := json.Unmarshal(c.Input, input); err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	if err := json.Unmarshal(c.Expect, expect); err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
}

type argocdSelection struct {
	Strategy   string      `json:"strategy"`
	Constraint string      `json:"constraint"`
	Tags       []argocdAge `json:"tags"`
	AllowTags  string      `json:"allow_tags"`
	IgnoreTags []string    `json:"ignore_tags"`
	Current    string      `json:"current"`
}

type argocdAge struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

func (in *argocdSelection) settings() settings {
	s := together()
	s["strategy"] = in.Strategy
	switch {
	case in.Constraint == "":
	case in.Strategy == "digest":
		s["track"] = in.Constraint
	default:
		s["constraint"] = in.Constraint
	}
	s["tags"] = filters(in.AllowTags, in.IgnoreTags)
	return file(s)
}

// filters are the patterns of tags; the peer's globs are written as patterns.
func filters(allow string, ignore []string) settings {
	tags := settings{}
	if allow != "" {
		tags["allow"] = []string{allow}
	}
	var patterns []string
	for _, glob := range ignore {
		patterns = append(patterns, globAsPattern(glob))
	}
	if patterns != nil {
		tags["ignore"] = patterns
	}
	return tags
}

func globAsPattern(glob string) string {
	if glob == "" {
		return ""
	}
	return "^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(glob)) + "$"
}

func (in *argocdSelection) world() *world {
	w := &world{}
	for _, tag := range in.Tags {
		w.tags = append(w.tags, tagged{name: tag.Name, created: tag.Created})
	}
	return w
}

// start is the tag that we start from: under semver one of the shape of the
// answer, under newest the oldest, under digest the one that is tracked.
func (in *argocdSelection) start(answer string) string {
	switch in.Strategy {
	case "semver":
		return start(in.names(), answer)
	case "digest":
		return in.Tags[0].Name + "@" + digest("an old one")
	case "newest-build":
		slices.SortStableFunc(in.Tags, func(a, b argocdAge) int { return a.Created.Compare(b.Created) })
		return in.allowed()[0]
	}
	return startOfAny(in.allowed())
}

func (in *argocdSelection) names() []string {
	var names []string
	for _, tag := range in.Tags {
		names = append(names, tag.Name)
	}
	return names
}

func (in *argocdSelection) allowed() []string {
	return fit(in.names(), strings.TrimPrefix(in.AllowTags, "regexp:"))
}

// selection compares the chosen tag.
func (c *argocdCase) selection(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in argocdSelection
	var expect any
	c.read(t, &in, &expect)
	switch expect := expect.(type) {
	case string:
		theirs = expect
	case nil:
		theirs = nothing
	default:
		theirs = broken
	}
	from := in.Current
	if from == "" {
		from = in.start(theirs)
	}
	return answer(theirs, from), in.world().move(t, in.settings(), from)
}

// match compares whether a pattern lets a tag through.
func (c *argocdCase) match(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in struct {
		AllowTags string `json:"allow_tags"`
		Tag       string `json:"tag"`
	}
	var expect bool
	c.read(t, &in, &expect)
	return strconv.FormatBool(expect), filtered(t, filters(in.AllowTags, nil), in.Tag, "")
}

// ignore compares whether a pattern keeps a tag out.
func (c *argocdCase) ignore(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in struct {
		Patterns []string `json:"patterns"`
		Tag      string   `json:"tag"`
	}
	var expect bool
	c.read(t, &in, &expect)
	return strconv.FormatBool(expect), filtered(t, filters("", in.Patterns), in.Tag, version.TagIgnored)
}

// filtered tells whether a tag is refused for a reason.
func filtered(t *testing.T, tags settings, tag string, reason version.Reason) string {
	t.Helper()
	conf, err := file(settings{"strategy": "alphabetical", "tags": tags}).load(t)
	if err != nil {
		return broken
	}
	policy := conf.Settings(config.Subject{Image: repository}).Policy(now())
	found := version.Reason("")
	if rejection := version.NewCandidates(nil).Refuse(version.Question{Current: "-", Policy: policy}, version.Target{Tag: tag, Kind: version.Tag}); rejection != nil {
		found = rejection.Reason
	}
	return strconv.FormatBool(found == reason)
}

// platform compares whether an image of one platform is enough.
func (c *argocdCase) platform(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in struct {
		Requested         []string `json:"requested"`
		OS, Arch, Variant string
	}
	var expect bool
	c.read(t, &in, &expect)
	theirs = strconv.FormatBool(expect)
	conf, err := file(settings{"platforms": in.Requested}).load(t)
	if err != nil {
		return theirs, broken
	}
	wanted := conf.Settings(config.Subject{Image: repository}).Policy(now()).Platforms
	there := []version.Platform{{OS: in.OS, Architecture: in.Arch, Variant: in.Variant}}
	return theirs, strconv.FormatBool(len(version.Lacking(there, wanted)) == 0)
}

// argocdTag is a tag, with a word in place of its digest.
type argocdTag struct {
	Tag    string `json:"tag"`
	Digest string `json:"digest"`
}

func (a argocdTag) String() string {
	if a.Digest == "" {
		return a.Tag
	}
	return a.Tag + "@" + digest(a.Digest)
}

// tagEquals compares whether there is nothing to do where one tag stands and
// the other is what is there. A digest that is to be added is asked for.
func (c *argocdCase) tagEquals(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in struct{ A, B argocdTag }
	var expect bool
	c.read(t, &in, &expect)
	s := settings{}
	if in.A.Digest == "" && in.B.Digest != "" {
		s["pin"] = "digest"
	}
	w := &world{tags: []tagged{{name: in.A.Tag, digest: fullDigest(in.A.Digest)}, {name: in.B.Tag, digest: fullDigest(in.B.Digest)}}}
	return strconv.FormatBool(expect), strconv.FormatBool(w.move(t, file(s), in.A.String()) == nothing)
}

// strategyNames are the peer's names for our strategies, where they differ.
var strategyNames = map[version.Strategy]string{version.StrategyNewest: "newest-build"}

// strategy compares what the name of a strategy means.
func (c *argocdCase) strategy(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in struct{ Text string }
	c.read(t, &in, &theirs)
	conf, err := file(settings{"strategy": in.Text}).load(t)
	if err != nil {
		return theirs, broken
	}
	name := conf.Defaults.Strategy.Value
	if other, differs := strategyNames[name]; differs {
		return theirs, other
	}
	return theirs, string(name)
}

// needsUpdate compares whether anything is to be done.
func (c *argocdCase) needsUpdate(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in struct {
		Strategy string
		Live     string
		Latest   argocdTag
	}
	var expect bool
	c.read(t, &in, &expect)
	live, err := image.Parse(in.Live)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{tags: []tagged{{name: in.Latest.Tag, digest: in.Latest.Digest}}}
	if live.Tag != "" && live.Tag != in.Latest.Tag {
		w.tags = append(w.tags, tagged{name: live.Tag, digest: live.Digest})
	}
	results, err := w.plan(t, file(settings{"strategy": in.Strategy}), in.Live)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.FormatBool(expect), strconv.FormatBool(len(results[0].Updates) > 0)
}

// plainScalar compares whether a value is written without quotes.
func (c *argocdCase) plainScalar(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in struct{ Value string }
	var expect bool
	c.read(t, &in, &expect)
	src := []byte("tag: v1\n")
	text, err := edit.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	node := text.Docs[0].Content[0].Content[1]
	slot, err := text.Slot(node, 0, len(node.Value))
	if err != nil {
		t.Fatal(err)
	}
	out, err := edit.Apply(src, []edit.Edit{{Slot: slot, New: in.Value}})
	return strconv.FormatBool(expect), strconv.FormatBool(err == nil && string(out) == "tag: "+in.Value+"\n")
}

// parse compares the parts of a reference, and what is written for tag and
// digest.
func (c *argocdCase) parse(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in struct{ Text string }
	var expect struct {
		Registry, Name, Tag string
		Written             string `json:"tag_with_digest"`
	}
	c.read(t, &in, &expect)
	if expect.Registry == "" {
		expect.Registry = image.DockerHub
		if !strings.Contains(expect.Name, "/") {
			expect.Name = "library/" + expect.Name
		}
	}
	theirs = fmt.Sprintf("%s %s %s", expect.Registry, expect.Name, expect.Written)
	ref, err := image.Parse(in.Text)
	if err != nil {
		return theirs, broken
	}
	name := ref.Repository()
	written := strings.TrimPrefix(strings.TrimPrefix(ref.String(), ref.Name()), ":")
	return theirs, fmt.Sprintf("%s %s %s", name.Registry, name.Path, strings.TrimPrefix(written, "@"))
}

// kustomizeMatch compares whether two overrides of an Application are of one
// image.
func (c *argocdCase) kustomizeMatch(t *testing.T) (theirs, ours string) {
	t.Helper()
	var in struct{ A, B string }
	var expect bool
	c.read(t, &in, &expect)
	application := "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    path: app\n    kustomize:\n      images: [%q, %q]\n"
	tree := fstest.MapFS{path.Join("apps", "app.yaml"): &fstest.MapFile{Data: fmt.Appendf(nil, application, in.A, in.B)}}
	inventory, err := scanner.Find(t.Context(), tree, scanner.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(inventory.Fields) != 2 {
		return strconv.FormatBool(expect), fmt.Sprintf("%d fields", len(inventory.Fields))
	}
	same := inventory.Fields[0].Ref.Repository() == inventory.Fields[1].Ref.Repository()
	return strconv.FormatBool(expect), strconv.FormatBool(same)
}
