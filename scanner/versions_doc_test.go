package scanner_test

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/version"
)

const versionsPage = "../docs/versions.md"

// example is a fenced block of the page: what is configured, which tags there
// are, and what becomes of images.
//
//	config: {minAge: 3d}
//	tags: 1.25.0 1.25.3 (seen 9 days ago) 1.26.0 (seen 1 day ago)
//	1.25.0 → 1.25.3 (patch)
//	  1.26.0: too young
type example struct {
	line     int
	config   string
	tags     []exampleTag
	outcomes []exampleOutcome
}

// exampleTag is a tag and what is known of it.
type exampleTag struct {
	name                string
	digest              string
	platforms           string
	gone                bool
	pushed, built, seen time.Time
}

// exampleOutcome is a line of an image, and those below it of tags refused.
type exampleOutcome struct {
	line          int
	current, want string
	refused       map[string]string
}

const exampleImage = "ghcr.io/acme/app"

// The examples of the page are what happens.
func TestVersionsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(versionsPage)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```example\n(.*?)^```$").FindAllSubmatchIndex(page, -1)
	if fences := strings.Count(string(page), "```example"); len(blocks) < 25 || len(blocks) != fences {
		t.Errorf("%d examples are read, of %d: look after the regular expression", len(blocks), fences)
	}
	for _, m := range blocks {
		line := strings.Count(string(page[:m[2]]), "\n") + 1
		t.Run(fmt.Sprintf("line %d", line), func(t *testing.T) {
			t.Parallel()
			e, err := readExample(string(page[m[2]:m[3]]), line)
			if err != nil {
				t.Fatal(err)
			}
			e.check(t)
		})
	}
}

// Mistakes in examples are found.
func TestVersionsPageIsStrict(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a word too many":       "tags: 1.0\nwhat: is this\n1.0 up to date\n",
		"no outcome":            "tags: 1.0\n",
		"no arrow":              "tags: 1.0 1.1\n1.0 -> 1.1 (minor)\n",
		"a fact that is none":   "tags: 1.0 (tomorrow)\n1.0 up to date\n",
		"a parenthesis is open": "tags: 1.0 (seen 1 day ago\n1.0 up to date\n",
		"a refusal of nothing":  "tags: 1.0\n  1.1: too young\n",
		"a digest too short":    "tags: 1.0 (sha256:22)\n1.0 up to date\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e, err := readExample(text, 1); err == nil {
				t.Errorf("it is read as %+v", e)
			}
		})
	}
}

var (
	exampleSetting = regexp.MustCompile(`^(config|rules|ignore): (.+)$`)
	exampleTags    = regexp.MustCompile(`^tags: (.+)$`)
	exampleLine    = regexp.MustCompile(`^([\w@][\w.:@…-]*) +(→ .+|up to date|skipped: .+|problem: .+)$`)
	exampleRefusal = regexp.MustCompile(`^  ([\w][\w.@:…-]*): (.+)$`)
	exampleWord    = regexp.MustCompile(`^([\w.-]+)(?: \(([^()]+)\))?(?: |$)`)
	exampleTime    = regexp.MustCompile(`^(pushed|built|seen) (\d+) days? ago$`)
	exampleDigest  = regexp.MustCompile(`sha256:([0-9a-f])…`)
	examplePlaces  = regexp.MustCompile(`^linux/\w+( linux/\w+)*$`)
)

// exampleKeys are where the settings of an example stand in a file.
var exampleKeys = map[string]string{"config": "defaults", "rules": "rules", "ignore": "ignore"}

type exampleError struct {
	line int
	text string
}

func (e exampleError) Error() string {
	return fmt.Sprintf("line %d makes no sense: %q", e.line, e.text)
}

func readExample(text string, line int) (*example, error) {
	e := &example{line: line}
	for i, text := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if !e.read(text, line+i) {
			return nil, exampleError{line + i, text}
		}
	}
	if len(e.outcomes) == 0 {
		return nil, exampleError{line, "no outcome"}
	}
	return e, nil
}

func (e *example) read(text string, line int) bool {
	if m := exampleSetting.FindStringSubmatch(text); m != nil {
		e.config += exampleKeys[m[1]] + ": " + m[2] + "\n"
		return true
	}
	if m := exampleTags.FindStringSubmatch(text); m != nil {
		return e.readTags(m[1])
	}
	if m := exampleRefusal.FindStringSubmatch(text); m != nil && len(e.outcomes) > 0 {
		e.outcomes[len(e.outcomes)-1].refused[m[1]] = m[2]
		return true
	}
	m := exampleLine.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	e.outcomes = append(e.outcomes, exampleOutcome{line: line, current: m[1], want: m[2], refused: map[string]string{}})
	return true
}

func (e *example) readTags(list string) bool {
	for list != "" {
		m := exampleWord.FindStringSubmatch(list)
		if m == nil {
			return false
		}
		list = list[len(m[0]):]
		tag := exampleTag{name: m[1]}
		for fact := range strings.SplitSeq(m[2], ", ") {
			if fact != "" && !tag.learn(fact) {
				return false
			}
		}
		e.tags = append(e.tags, tag)
	}
	return true
}

func (tag *exampleTag) learn(fact string) bool {
	when := exampleTime.FindStringSubmatch(fact)
	switch {
	case fact == "cannot be pulled":
		tag.gone = true
	case examplePlaces.MatchString(fact):
		tag.platforms = fact
	case exampleDigest.FindString(fact) == fact:
		tag.digest = wholeDigests(fact)
	case when != nil:
		n, _ := strconv.Atoi(when[2])
		*map[string]*time.Time{"pushed": &tag.pushed, "built": &tag.built, "seen": &tag.seen}[when[1]] = daysAgo(n)
	default:
		return false
	}
	return true
}

// wholeDigests writes out sha256:2… as sixty-four twos, shortDigest the reverse.
func wholeDigests(text string) string {
	return exampleDigest.ReplaceAllStringFunc(text, func(short string) string {
		return "sha256:" + strings.Repeat(strings.TrimSuffix(strings.TrimPrefix(short, "sha256:"), "…"), 64)
	})
}

func shortDigest(digest string) string {
	if digest == "" {
		return ""
	}
	return digest[:len("sha256:")+1] + "…"
}

// registry is one that has the tags, and a memory of when they were first seen.
func (e *example) registry() (*memory, since) {
	m, seen := tags(exampleImage, ""), since{}
	for _, tag := range e.tags {
		name := exampleImage + ":" + tag.name
		m.tags[exampleImage] = append(m.tags[exampleImage], tag.name)
		m.unpullable[name], m.indexes[name], m.created[name] = tag.gone, tag.platforms, tag.built
		if tag.digest != "" {
			m.digests[name] = tag.digest
		}
		if !tag.seen.IsZero() {
			seen[name], seen[name+"@"+tag.digest] = tag.seen, tag.seen
		}
	}
	return m, seen
}

func (e *example) check(t *testing.T) {
	t.Helper()
	settings := loaded(t, e.config)
	for i := range e.outcomes {
		outcome := &e.outcomes[i]
		got, choice := e.planned(t, settings, wholeDigests(outcome.current))
		if e.pushTimes() {
			got, choice = e.chosen(settings, outcome.current)
		}
		short, cut := strings.CutSuffix(outcome.want, "…")
		if got != outcome.want && (!cut || !strings.HasPrefix(got, short)) {
			t.Errorf("line %d: %s %s\n in truth %s", outcome.line, outcome.current, outcome.want, got)
		}
		for tag, reason := range outcome.refused {
			if got := refusedFor(choice, wholeDigests(tag)); got != reason {
				t.Errorf("line %d: %s: %s\n in truth %s", outcome.line, tag, reason, cmp.Or(got, "it is not refused"))
			}
		}
	}
}

func refusedFor(choice *version.Choice, tag string) string {
	if choice != nil {
		for _, rejection := range choice.Rejected {
			if rejection.Tag == tag {
				return string(rejection.Reason)
			}
		}
	}
	return ""
}

// planned is what a planner makes of an image.
func (e *example) planned(t *testing.T, settings *config.Config, current string) (string, *version.Choice) {
	t.Helper()
	ref := exampleImage + ":" + current
	if strings.HasPrefix(current, "@") {
		ref = exampleImage + current
	}
	m, history := e.registry()
	planner := scanner.Planner{Registry: m, Config: settings, History: history, Now: today, Explain: true}
	plan, err := planner.Plan(t.Context(), find(t, pods(ref)))
	if err != nil {
		t.Fatal(err)
	}
	result := plan.Results[0]
	if result.Reason != nil {
		return string(result.Status) + ": " + result.Reason.Detail, result.Choice
	}
	var steps []string
	for _, update := range result.Updates {
		to := strings.TrimSuffix(update.Tag+"@"+shortDigest(update.Digest), "@")
		steps = append(steps, fmt.Sprintf("%s (%s)", to, update.Kind))
	}
	return exampleSteps(steps), result.Choice
}

func exampleSteps(steps []string) string {
	if len(steps) == 0 {
		return "up to date"
	}
	return "→ " + strings.Join(steps, ", ")
}

// pushTimes tells whether the example has any. No registry tells a planner yet.
func (e *example) pushTimes() bool {
	for _, tag := range e.tags {
		if !tag.pushed.IsZero() {
			return true
		}
	}
	return false
}

// chosen is planned without a planner.
func (e *example) chosen(settings *config.Config, current string) (string, *version.Choice) {
	facts := map[string]version.Facts{}
	var names []string
	for _, tag := range e.tags {
		names = append(names, tag.name)
		facts[tag.name] = version.Facts{Pushed: tag.pushed, Created: tag.built, FirstSeen: tag.seen, Timed: true}
	}
	policy := settings.Settings(config.Subject{Image: exampleImage}).Policy(today())
	choice := version.NewCandidates(names).Choose(version.Question{Current: current, Policy: policy, Facts: facts, Now: today(), Explain: true})
	var steps []string
	for _, target := range choice.Targets {
		steps = append(steps, fmt.Sprintf("%s (%s)", target.Tag, target.Kind))
	}
	return exampleSteps(steps), &choice
}
