package scanner_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
)

// noDefaults is an organisation whose shared file is empty.
type noDefaults struct{}

func (noDefaults) Read(context.Context, config.Base) ([]byte, error) { return nil, nil }

// sampleRepository has a place for each rule of the documented example.
func sampleRepository() map[string]string {
	helm := func(image, tag string) string {
		return fmt.Sprintf("image:\n  repository: %s\n  tag: %s\n", image, tag)
	}
	deployment := func(image string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: \"" + image + "\"}]}}}\n"
	}
	return map[string]string{
		"envs/dev/api/values.yaml":  helm("ghcr.io/acme/api", "main-1a2b3c4-1716"),
		"envs/dev/web/values.yaml":  helm("ghcr.io/acme/web", "v1.2.0"),
		"envs/prod/api/values.yaml": helm("ghcr.io/acme/api", "v1.2.0"),
		"db/postgres.yaml":          deployment("postgres:16.1"),
		"db/redis.yaml":             deployment("redis:7.2.0"),
		"web/nginx.yaml":            deployment("nginx:1.25.0"),
		"web/kustomization.yaml":    "images:\n- name: quay.io/prometheus/node-exporter\n  newTag: v1.7.0\n",
		"clusters/eu/kafka.yaml":    "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: k}\nspec: {kafka: {version: 3.6.0}}\n",
		"charts/testdata/pod.yaml":  deployment("nginx:1.25.0"),
	}
}

// TestExampleOnASampleRepository asserts what each rule of the documented example
// chooses, and what it says of the proposal.
func TestExampleOnASampleRepository(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("../config/testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, warnings, err := config.Load(t.Context(), config.FileName, src, config.Options{Repository: "acme/shop", Files: noDefaults{}, Now: today()})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v %v", err, warnings)
	}
	asked := &memory{tags: map[string][]string{
		"ghcr.io/acme/api":                 {"main-1a2b3c4-1716", "main-0badc0d-1731", "main-ffffff0-902", "v1.2.0", "v1.3.0", "v2.0.0"},
		"ghcr.io/acme/web":                 {"main-1a2b3c4-1716", "v1.2.0", "v1.3.0"},
		"docker.io/library/postgres":       {"16.1", "16.4", "16.4.1", "17.0"},
		"docker.io/library/redis":          {"7.2.0", "7.2.1", "7.2.2", "8.0.0"},
		"docker.io/library/nginx":          {"1.25.0", "1.26.1", "1.27.0", "2.0.0"},
		"quay.io/prometheus/node-exporter": {"v1.7.0", "v1.8.1"},
		"quay.io/strimzi/kafka":            {"3.6.0", "3.6.1", "3.7.0"},
	}}
	history := since{"docker.io/library/redis:7.2.2": daysAgo(2)}
	for repository, tags := range asked.tags {
		for _, tag := range tags {
			if name := repository + ":" + tag; history[name].IsZero() {
				history[name] = daysAgo(4)
			}
		}
	}
	delete(history, "ghcr.io/acme/api:main-0badc0d-1731") // seen now for the first time
	inventory, err := scanner.Find(t.Context(), tree(sampleRepository()), scanner.Selected(c, ""))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := (&scanner.Planner{Registry: asked, Config: c, History: history, Now: today}).Plan(t.Context(), inventory)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, result := range plan.Results {
		got = append(got, result.Field.File+": "+decided(result))
	}
	want := []string{
		"charts/testdata/pod.yaml: skipped excluded",
		"clusters/eu/kafka.yaml: update | minor 3.7.0 in strimzi/kafka",
		"db/postgres.yaml: update | minor 16.4 in postgres",
		"db/redis.yaml: update | patch 7.2.1 in redis, merges by itself after 1d within mon-fri 09:00-17:00 | major 8.0.0 in redis-major",
		"envs/dev/api/values.yaml: update | tag main-0badc0d-1731 in dev, merges by itself after 0",
		"envs/dev/web/values.yaml: skipped incomparable",
		"envs/prod/api/values.yaml: update | minor v1.3.0 in acme/api | major v2.0.0 in acme/api-major, labels needs-care, reviewers @acme/platform",
		"web/kustomization.yaml: update | minor v1.8.1 in prometheus/node-exporter",
		"web/nginx.yaml: update | minor 1.26.1 in nginx",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if len(plan.Warnings)+len(c.Unmatched(subjects(inventory))) > 0 {
		t.Errorf("warnings %v %v", plan.Warnings, c.Unmatched(subjects(inventory)))
	}
}

func subjects(inventory *scanner.Inventory) []config.Subject {
	var all []config.Subject
	for _, field := range inventory.Fields {
		all = append(all, scanner.Subject(field, ""))
	}
	return all
}

// decided is a result with what the rules say of its proposals.
func decided(result scanner.Result) string {
	var text strings.Builder
	text.WriteString(string(result.Status))
	if result.Reason != nil {
		text.WriteString(" " + string(result.Reason.Code))
	}
	for _, update := range result.Updates {
		fmt.Fprintf(&text, " | %s %s in %s%s", update.Kind, update.Tag, update.Group, proposed(result.Settings.For(update.Kind)))
	}
	return text.String()
}

func proposed(p config.Proposed) string {
	var text strings.Builder
	if p.Merge.Auto.Value {
		text.WriteString(", merges by itself after " + p.Merge.After.Value.String())
	}
	for _, window := range p.Window.Value {
		text.WriteString(" within " + window.String())
	}
	for _, label := range p.Labels.Value {
		text.WriteString(", labels " + string(label))
	}
	for _, reviewer := range p.Reviewers.Value {
		text.WriteString(", reviewers " + reviewer.String())
	}
	return text.String()
}
