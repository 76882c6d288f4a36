package deploy_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/config"
)

// object is what we look at of what Kustomize builds.
type object struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Data     map[string]string
	Spec     struct {
		Replicas       int
		Strategy       struct{ Type string }
		MaxUnavailable int `yaml:"maxUnavailable"`
		Ports          []struct {
			TargetPort string `yaml:"targetPort"`
		}
		Selector map[string]any
		Template struct{ Spec pod }
	}
}

type pod struct {
	Grace      int  `yaml:"terminationGracePeriodSeconds"`
	Token      bool `yaml:"automountServiceAccountToken"`
	Security   any  `yaml:"securityContext"`
	Containers []container
	Volumes    []struct {
		Name      string
		ConfigMap struct{ Name string } `yaml:"configMap"`
		Secret    struct {
			Name string `yaml:"secretName"`
		}
		Claim struct {
			Name string `yaml:"claimName"`
		} `yaml:"persistentVolumeClaim"`
	}
}

type container struct {
	Image     string
	Ports     []struct{ Name string }
	Startup   probe `yaml:"startupProbe"`
	Liveness  probe `yaml:"livenessProbe"`
	Readiness probe `yaml:"readinessProbe"`
	Security  any   `yaml:"securityContext"`
	Resources struct{ Requests, Limits map[string]string }
	Mounts    []struct {
		Name string
		Path string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
	Lifecycle struct {
		PreStop struct{ Sleep struct{ Seconds int } } `yaml:"preStop"`
	}
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

// built is what Kustomize makes of a folder of deploy/kustomize, by kind.
func built(t *testing.T, dir string) map[string]object {
	t.Helper()
	need(t, "kustomize")
	cmd := exec.CommandContext(t.Context(), "kustomize", "build", dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr(err))
	}
	found := map[string]object{}
	for d := yaml.NewDecoder(strings.NewReader(string(out))); ; {
		var o object
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		if _, twice := found[o.Kind]; twice {
			t.Errorf("two of kind %s", o.Kind)
		}
		found[o.Kind] = o
	}
}

func kustomization(name string) string { return filepath.Join(root, "deploy", "kustomize", name) }

func TestKustomizeBase(t *testing.T) {
	t.Parallel()
	found := built(t, kustomization("base"))
	c, spec := checkServer(t, found), found["Deployment"].Spec
	if len(found) != 4 || spec.Replicas != 1 || spec.Strategy.Type != "Recreate" {
		t.Errorf("%d objects, %d replicas, %s: a SQLite file is for one", len(found), spec.Replicas, spec.Strategy.Type)
	}
	if found["ConfigMap"].Data["server.yaml"] != read(t, "deploy/server.example.yaml") {
		t.Error("base/server.yaml is not deploy/server.example.yaml: copy it")
	}
	claim := mounted(t, found, path.Dir(c.Database.File))
	if claim == "" || claim != found["PersistentVolumeClaim"].Metadata.Name {
		t.Errorf("the database is on %q", claim)
	}
}

func TestKustomizePostgres(t *testing.T) {
	t.Parallel()
	found := built(t, kustomization("postgres"))
	c, spec := checkServer(t, found), found["Deployment"].Spec
	if len(found) != 4 || spec.Replicas != 2 || spec.Strategy.Type != "RollingUpdate" {
		t.Errorf("%d objects, %d replicas, %s", len(found), spec.Replicas, spec.Strategy.Type)
	}
	if mounted(t, found, path.Dir(c.Database.URL.File)) != secretName {
		t.Errorf("the URL of the database is in %q", c.Database.URL.File)
	}
	budget := found["PodDisruptionBudget"].Spec
	if diff := cmp.Diff(map[string]any{"matchLabels": spec.Selector["matchLabels"]}, budget.Selector); diff != "" || budget.MaxUnavailable != 1 {
		t.Errorf("the budget allows %d of\n%s", budget.MaxUnavailable, diff)
	}
}

// With the secrets beside it the example's Deployment mounts the Secret that it makes; without them it does not build.
func TestKustomizeExample(t *testing.T) {
	t.Parallel()
	need(t, "kustomize")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "deploy", "kustomize"))); err != nil {
		t.Fatal(err)
	}
	example := filepath.Join(dir, "example")
	for _, name := range []string{"app.pem", "webhook"} {
		if err := exec.CommandContext(t.Context(), "kustomize", "build", example).Run(); err == nil {
			t.Errorf("it builds without %s", name)
		}
		if err := os.WriteFile(filepath.Join(example, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found := built(t, example)
	secret, d := found["Secret"], found["Deployment"]
	got := mounted(t, found, "/run/secrets/imageupdater")
	if got != secret.Metadata.Name || !strings.HasPrefix(got, secretName+"-") || d.Metadata.Namespace != "imageupdater" {
		t.Errorf("the Deployment in %s mounts %s, there is %s", d.Metadata.Namespace, got, secret.Metadata.Name)
	}
	if len(secret.Data) != 2 || secret.Data["app.pem"] == "" || secret.Data["webhook"] == "" {
		t.Errorf("the secret has %d keys", len(secret.Data))
	}
}

const secretName = "imageupdater"

// checkServer checks what holds of every Deployment of ours, and reads its configuration.
func checkServer(t *testing.T, found map[string]object) *config.Server {
	t.Helper()
	c := loads(t, found["ConfigMap"].Data["server.yaml"])
	spec := found["Deployment"].Spec.Template.Spec
	if len(spec.Containers) != 1 {
		t.Fatalf("%d containers", len(spec.Containers))
	}
	one := spec.Containers[0]
	if name, _, _ := strings.Cut(one.Image, ":"); name != product {
		t.Errorf("it runs %s", one.Image)
	}
	// Requests, then work, each get the time for draining.
	grace := time.Duration(spec.Grace-one.Lifecycle.PreStop.Sleep.Seconds) * time.Second
	if grace <= 2*c.Work.Drain {
		t.Errorf("it is killed after %s, and may need twice %s", grace, c.Work.Drain)
	}
	checkProbes(t, one, found["Service"])
	checkRestricted(t, spec, one)
	if mounted(t, found, path.Dir(configured)) != found["ConfigMap"].Metadata.Name {
		t.Errorf("%s is not from the ConfigMap", configured)
	}
	for _, file := range []string{c.GitHub.PrivateKey.File, c.GitHub.WebhookSecret.File} {
		if mounted(t, found, path.Dir(file)) != secretName {
			t.Errorf("%s is not from the Secret", file)
		}
	}
	return c
}

func checkProbes(t *testing.T, c container, service object) {
	t.Helper()
	var got []string
	for _, p := range []probe{c.Startup, c.Liveness, c.Readiness} {
		got = append(got, p.HTTPGet.Port+p.HTTPGet.Path)
	}
	if diff := cmp.Diff([]string{"http/healthz", "http/healthz", "http/readyz"}, got); diff != "" {
		t.Errorf("probes:\n%s", diff)
	}
	if len(c.Ports) != 1 || c.Ports[0].Name != "http" || len(service.Spec.Ports) != 1 || service.Spec.Ports[0].TargetPort != "http" {
		t.Errorf("the Service's ports are %v, the container's %v", service.Spec.Ports, c.Ports)
	}
}

// checkRestricted holds a Pod to Kubernetes' profile "restricted", and to more.
func checkRestricted(t *testing.T, p pod, c container) {
	t.Helper()
	ofPod := map[string]any{
		"runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532, "fsGroupChangePolicy": "OnRootMismatch",
		"seccompProfile": map[string]any{"type": "RuntimeDefault"},
	}
	ofContainer := map[string]any{
		"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
	}
	if diff := cmp.Diff(ofPod, p.Security); diff != "" {
		t.Errorf("the Pod's security:\n%s", diff)
	}
	if diff := cmp.Diff(ofContainer, c.Security); diff != "" {
		t.Errorf("the container's security:\n%s", diff)
	}
	if p.Token {
		t.Error("it gets a token of Kubernetes' API, which it never asks")
	}
	if c.Resources.Requests["cpu"] == "" || c.Resources.Requests["memory"] == "" || c.Resources.Limits["memory"] == "" {
		t.Errorf("resources: %v", c.Resources)
	}
}

// mounted is the name of what is mounted at a folder: of a ConfigMap, a Secret or a claim.
func mounted(t *testing.T, found map[string]object, folder string) string {
	t.Helper()
	spec := found["Deployment"].Spec.Template.Spec
	for _, m := range spec.Containers[0].Mounts {
		for _, v := range spec.Volumes {
			if m.Path == folder && v.Name == m.Name {
				return v.ConfigMap.Name + v.Secret.Name + v.Claim.Name
			}
		}
	}
	return ""
}

// need skips a test on a machine without the tool; CI must have it.
func need(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err == nil {
		return
	}
	if os.Getenv("IMAGEUPDATER_REQUIRE_TOOLS") != "" {
		t.Fatalf("%s is not on the PATH", tool)
	}
	t.Skipf("%s is not on the PATH", tool)
}

func stderr(err error) []byte {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Stderr
	}
	return nil
}
