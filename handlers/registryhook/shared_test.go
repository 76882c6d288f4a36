package registryhook_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRealPayloads reads payloads as they were documented and seen in the field.
// They are not ours to copy.
func TestRealPayloads(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("IMAGEUPDATER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "registry-webhooks")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("shared folder not present: the payloads of others are not part of this repository")
	}
	const (
		amazon = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
		app    = "X-Github-Event: registry_package"
		nexus  = "X-Nexus-Webhook-Id: rm:repository:component"
	)
	tests := map[string]struct{ kind, host, header, want string }{
		"acr_ping.json":                         {"acr", "acme.azurecr.io", "", `!"ping"`},
		"acr_push.json":                         {"acr", "acme.azurecr.io", "", "acme.azurecr.io/acme/shop"},
		"distribution_events.json":              {"distribution", "127.0.0.1:5056", "", "127.0.0.1:5056/team/app"},
		"dockerhub.json":                        {"dockerhub", "", "", "docker.io/acme/shop"},
		"ecr_cloudevents.json":                  {"ecr", amazon, "", amazon + "/acme/shop"},
		"ecr_eventbridge.json":                  {"ecr", amazon, "", amazon + "/acme/shop"},
		"gar_pubsub_push.json":                  {"gar", "europe-docker.pkg.dev", "", "europe-docker.pkg.dev/acme-prod/apps/shop"},
		"gar_pubsub_push.decoded.json":          {"gar", "europe-docker.pkg.dev", "", "!the message is empty"}, // not as it is sent
		"ghcr_package.json":                     {"ghcr", "", "X-Github-Event: package", "ghcr.io/acme/shop"},
		"ghcr_registry_package.json":            {"ghcr", "", app, "ghcr.io/acme/shop"},
		"ghcr_registry_package_untagged.json":   {"ghcr", "", app, "!nothing was tagged"},
		"gitlab_registry_notification.json":     {"gitlab", "registry.gitlab.example.com", "", "registry.gitlab.example.com/group/project/shop"},
		"harbor_push_artifact.json":             {"harbor", "harbor.example.com", "", "harbor.example.com/acme/shop"},
		"harbor_push_artifact_cloudevents.json": {"harbor", "harbor.example.com", "", "harbor.example.com/acme/shop"},
		"harbor_push_untagged.json":             {"harbor", "harbor.example.com", "", "!nothing was tagged"},
		"jfrog_docker_pushed.json":              {"jfrog", "acme.jfrog.io", "", "acme.jfrog.io/docker-local/acme/shop"},
		"nexus_component_created.json":          {"nexus", "nexus.example.com:8082", nexus, "nexus.example.com:8082/acme/shop nexus.example.com:8082/docker-hosted/acme/shop"},
		"quay_repo_push.json":                   {"quay", "", "", "quay.io/acme/shop"},
		"zot_cloudevents.json":                  {"zot", "zot.example.com", "", "zot.example.com/acme/shop"},
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		test, known := tests[entry.Name()]
		if !known {
			t.Errorf("nothing is said of %s", entry.Name())
			continue
		}
		delete(tests, entry.Name())
		body, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := receiver(t, test.kind, test.host).Read(headers(test.header), body)
		if err != nil {
			t.Errorf("%s: %v", entry.Name(), err)
			continue
		}
		t.Log(entry.Name())
		judge(t, got, test.want)
	}
	for name := range tests {
		t.Errorf("%s is not there", name)
	}
}
