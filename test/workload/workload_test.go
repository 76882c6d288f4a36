// Package workload_test runs the whole scanner over a generated repository and a
// registry of ten thousand tags, and compares it with what the generator says.
package workload_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner"
	client "github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/scanner/version"
	"github.com/imageupdater/imageupdater/test/registry"
)

const (
	images     = 50
	references = 600
)

// workload is what the generator made.
type workload struct {
	registry *registry.Registry
	dir      string
	expected []reference
	tags     map[string][]string          // "host/image" to its tags
	digests  map[string]map[string]string // image to tag to digest
}

// reference is one entry of OUT.expected.json.
type reference struct {
	File            string `json:"file"`
	Image           string `json:"image"`
	Profile         string `json:"profile"`
	Tag             string `json:"tag"`
	Digest          string `json:"digest"`
	Newest          string `json:"newest"`
	NewestSameMajor string `json:"newest_same_major"`
	Level           string `json:"level"`
}

// found is the key by which a field and a reference meet.
type found struct{ File, Image, Tag string }

func TestWorkload(t *testing.T) {
	t.Parallel()
	w := generate(t)
	if len(w.expected) != references {
		t.Fatalf("the generator wrote %d references, want %d", len(w.expected), references)
	}
	t.Run("choose", w.testChoose)
	t.Run("plan", w.testPlan)
}

// testChoose asks version.Choose directly, without files and registry.
func (w *workload) testChoose(t *testing.T) {
	t.Parallel()
	for _, ref := range w.expected {
		choice := version.NewCandidates(w.tags[ref.Image]).Choose(version.Question{Current: ref.Tag, Policy: version.DefaultPolicy()})
		if diff := gocmp.Diff(ref.targets(), choice.Targets); diff != "" {
			t.Errorf("%s %s:%s (-want +got)\n%s", ref.File, ref.Image, ref.Tag, diff)
		}
		if isVersion := ref.Profile != "ci-sha"; choice.Comparable != isVersion {
			t.Errorf("%s:%s: comparable is %t", ref.Image, ref.Tag, choice.Comparable)
		}
	}
}

// testPlan asks for the plan of the whole repository.
func (w *workload) testPlan(t *testing.T) {
	t.Parallel()
	w.registry.Forget()
	asking := client.New(client.Options{PlainHTTP: []string{w.registry.Host()}})
	inventory, err := scanner.Find(t.Context(), os.DirFS(w.dir), scanner.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := (&scanner.Planner{Registry: asking}).Plan(t.Context(), inventory)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range slices.Concat(inventory.Problems, plan.Problems) {
		t.Errorf("problem: %+v", problem)
	}
	results := byReference(plan.Results)
	if got := len(plan.Results); got != references {
		t.Errorf("%d fields, want %d", got, references)
	}
	for _, ref := range w.expected {
		key := found{ref.File, ref.Image, ref.Tag}
		result, ok := results[key]
		if !ok {
			t.Errorf("not found: %+v", key)
			continue
		}
		w.checkResult(t, ref, result)
	}
	w.checkListings(t)
	checkCounts(t, asking, w.registry)
}

func byReference(results []scanner.Result) map[found]scanner.Result {
	byKey := map[found]scanner.Result{}
	for _, result := range results {
		ref := result.Field.Ref
		byKey[found{result.Field.File, ref.Name(), ref.Tag}] = result
	}
	return byKey
}

// checkResult compares the updates of one field. A tag that is no version may
// end as skipped, and a pinned field may only follow its digest.
func (w *workload) checkResult(t *testing.T, ref reference, result scanner.Result) {
	t.Helper()
	if got := result.Field.Ref.Digest; got != ref.Digest {
		t.Errorf("%s %s:%s: field has the digest %q, want %q", ref.File, ref.Image, ref.Tag, got, ref.Digest)
	}
	if ref.Profile == "ci-sha" {
		if result.Status == scanner.StatusUpdate || result.Status == scanner.StatusProblem {
			t.Errorf("%s %s:%s: %s to %+v, but it is no version", ref.File, ref.Image, ref.Tag, result.Status, result.Updates)
		}
		return
	}
	if got, want := result.Status, ref.status(); got != want {
		t.Errorf("%s %s:%s: status %s, want %s (%+v)", ref.File, ref.Image, ref.Tag, got, want, result.Reason)
	}
	if diff := gocmp.Diff(w.updates(ref), withoutGroups(result.Updates)); diff != "" {
		t.Errorf("%s %s:%s: updates (-want +got)\n%s", ref.File, ref.Image, ref.Tag, diff)
	}
}

// checkListings makes sure that every image was listed once however many fields
// hold it. Each has 200 tags, so one page.
func (w *workload) checkListings(t *testing.T) {
	t.Helper()
	want := map[string]int{}
	for _, ref := range w.expected {
		if ref.Profile != "ci-sha" { // may be left out: the tag is no version
			want[strings.TrimPrefix(ref.Image, w.registry.Host()+"/")] = 1
		}
	}
	got := w.registry.Lists()
	for image, times := range got {
		if strings.Contains(image, "/ci-sha-") && times == 1 {
			delete(got, image)
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("listings (-want +got)\n%s", diff)
	}
}

// checkCounts compares what the client says it sent with what arrived.
func checkCounts(t *testing.T, asking *client.Client, asked *registry.Registry) {
	t.Helper()
	counts := asking.Requests()[asked.Host()]
	if got, want := counts.List+counts.Head+counts.Get+counts.Other, len(asked.Requests()); got != want {
		t.Errorf("the client counts %d requests, %d arrived", got, want)
	}
	// A list, the manifest of each target and the one whose platforms count. See
	// TestRequests for what is asked of several intervals.
	const most = 3.1 * images
	if got := float64(counts.List + counts.Head + counts.Get); got > most {
		t.Errorf("%.0f requests for lists, manifests and blobs, more than %.0f", got, most)
	}
}

// targets are the tags to move to and the kinds of the steps.
func (r reference) targets() []version.Target {
	kind := r.kind()
	switch {
	case r.Level == "none":
		return nil
	case kind != version.Major:
		return []version.Target{{Tag: r.Newest, Kind: kind}}
	case r.NewestSameMajor == r.Tag:
		return []version.Target{{Tag: r.Newest, Kind: version.Major}}
	}
	same := kindWithin(r.Tag, r.NewestSameMajor)
	return []version.Target{{Tag: r.NewestSameMajor, Kind: same}, {Tag: r.Newest, Kind: version.Major}}
}

// kind translates the generator's level. It calls a new year of a calendar
// version major; DESIGN §2 calls it minor, and then there is one target alone.
func (r reference) kind() version.Kind {
	if r.Profile == "calver" && r.Level == "major" {
		return version.Minor
	}
	return version.Kind(r.Level)
}

// kindWithin is the kind of a step that is not major, which the generator does
// not tell: that of the first part that differs. It knows the workload's habits
// alone.
func kindWithin(from, to string) version.Kind {
	kinds := []version.Kind{version.Major, version.Minor, version.Patch}
	number := func(tag string) []string {
		head, _, _ := strings.Cut(strings.TrimPrefix(tag, "v"), "-")
		return strings.Split(head, ".")
	}
	before, after := number(from), number(to)
	for i := range before {
		if before[i] != after[i] {
			return kinds[i]
		}
	}
	return version.Build
}

func (r reference) status() scanner.Status {
	if r.Level == "none" {
		return scanner.StatusCurrent
	}
	return scanner.StatusUpdate
}

// updates are the targets with the digests that a pinned field gets.
func (w *workload) updates(ref reference) []scanner.Update {
	var updates []scanner.Update
	for _, target := range ref.targets() {
		update := scanner.Update{Kind: target.Kind, Tag: target.Tag}
		if ref.Digest != "" {
			image := strings.TrimPrefix(ref.Image, w.registry.Host()+"/")
			update.Digest = w.digests[image][target.Tag]
		}
		updates = append(updates, update)
	}
	return updates
}

func withoutGroups(updates []scanner.Update) []scanner.Update {
	var bare []scanner.Update
	for _, update := range updates {
		update.Group = ""
		bare = append(bare, update)
	}
	return bare
}

// generate runs the generator against a registry of its own.
func generate(t *testing.T) *workload {
	t.Helper()
	script := generator(t)
	r, err := registry.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	w := &workload{registry: r, dir: filepath.Join(t.TempDir(), "repo")}
	run(t, "python3", script, "--registry", "http://"+r.Host(), "--out", w.dir,
		"--images", "50", "--tags", "200", "--files", "200", "--kinds", "values,kustomize,k8s", "--pin-percent", "30")
	read(t, w.dir+".expected.json", &w.expected)
	read(t, w.dir+".tags.json", &w.tags)
	read(t, w.dir+".digests.json", &w.digests)
	if len(w.tags) != images {
		t.Fatalf("the generator made %d images, want %d", len(w.tags), images)
	}
	return w
}

// generator is the path of the generator, which the project shares with others
// and does not hold itself.
func generator(t *testing.T) string {
	t.Helper()
	shared := cmp.Or(os.Getenv("IMAGEUPDATER_SHARED"), filepath.Join("..", "..", "..", "shared"))
	script := filepath.Join(shared, "workload", "gen_workload.py")
	if _, err := os.Stat(script); err != nil {
		t.Skip("shared folder not present: " + script)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 not present")
	}
	return script
}

func run(t *testing.T, command string, arguments ...string) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.CommandContext(t.Context(), command, arguments...)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, output.String())
	}
	t.Log(strings.TrimSpace(output.String()))
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
