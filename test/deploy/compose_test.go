package deploy_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// compose is what we say in a Compose file. What is not here is not known.
type compose struct {
	Name     string
	Services map[string]service
	Volumes  map[string]struct{}
	Secrets  map[string]struct{ File string }
}

type service struct {
	Image       string
	Build       struct{ Context string }
	Restart     string
	StopGrace   string   `yaml:"stop_grace_period"`
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	MemLimit    string   `yaml:"mem_limit"`
	Environment map[string]string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Ports       []string
	Volumes     []string
	Tmpfs       []string
	Secrets     []struct{ Source, Target string }
	Healthcheck struct {
		Test     []string
		Interval string
	}
}

// composeFiles are the file as it is, and as it is for PostgreSQL.
func composeFiles(t *testing.T) (asIs, postgres compose) {
	t.Helper()
	text := read(t, "deploy/compose.yaml")
	decode(t, text, &asIs, true)
	decode(t, regexp.MustCompile(`(?m)^#(  )`).ReplaceAllString(text, "$1"), &postgres, true)
	return asIs, postgres
}

func composeImages(t *testing.T) []string {
	t.Helper()
	var images []string
	asIs, _ := composeFiles(t)
	for _, s := range asIs.Services {
		images = append(images, s.Image)
	}
	return images
}

func TestCompose(t *testing.T) {
	t.Parallel()
	file, _ := composeFiles(t)
	s, found := file.Services["imageupdater"]
	if !found || len(file.Services) != 1 {
		t.Fatalf("the services are %v", file.Services)
	}
	if s.Build.Context != ".." || s.Restart != "unless-stopped" || !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) ||
		!slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("%+v", s)
	}
	c := loads(t, read(t, "deploy/server.example.yaml"))
	if grace, err := time.ParseDuration(s.StopGrace); err != nil || grace <= 2*c.Work.Drain {
		t.Errorf("it is killed after %s (%v), and may need twice %s", s.StopGrace, err, c.Work.Drain)
	}
	if _, there := file.Volumes["state"]; !there || !slices.Contains(s.Volumes, "state:"+stateFolder) || !strings.HasPrefix(c.Database.File, stateFolder+"/") {
		t.Errorf("the database %s is on none of %v", c.Database.File, s.Volumes)
	}
	if !slices.Contains(s.Volumes, "./server.yaml:"+configured+":ro") {
		t.Errorf("%s is none of %v", configured, s.Volumes)
	}
	targets := map[string]string{}
	for _, secret := range s.Secrets {
		targets[secret.Target] = file.Secrets[secret.Source].File
	}
	want := map[string]string{c.GitHub.PrivateKey.File: "./app.pem", c.GitHub.WebhookSecret.File: "./webhook"}
	if diff := cmp.Diff(want, targets); diff != "" {
		t.Errorf("secrets (-named in the configuration +there):\n%s", diff)
	}
}

// The lines that are comments make the variant with PostgreSQL.
func TestComposeWithPostgreSQL(t *testing.T) {
	t.Parallel()
	_, file := composeFiles(t)
	s := file.Services["imageupdater"]
	if len(file.Services) != 2 || s.DependsOn["postgres"].Condition != "service_healthy" || len(file.Services["postgres"].Healthcheck.Test) == 0 {
		t.Errorf("%+v", file)
	}
	if _, there := file.Volumes["postgres"]; !there || !strings.HasPrefix(s.Environment["DATABASE_URL"], "postgres://") {
		t.Errorf("%+v", file)
	}
	text := strings.Replace(read(t, "deploy/server.example.yaml"), "  file: /var/lib/imageupdater/state.db", "  url: {env: DATABASE_URL}", 1)
	if c := loads(t, text); c.Database.File != "" || c.Database.URL.Env != "DATABASE_URL" {
		t.Errorf("the database is %+v", c.Database)
	}
}
