package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/policy"
)

const exampleSituation = "../../../handlers/policy/testdata/situation.json"

// merging is the example, with the approval that it lacks.
func merging(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(exampleSituation)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(`"state": "commented"`, `"state": "approved"`, `"state": "blocked"`, `"state": "clean"`).Replace(string(text))
	file := filepath.Join(t.TempDir(), "situation.json")
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPolicyTest(t *testing.T) {
	t.Parallel()
	good := merging(t)
	tests := map[string]struct {
		args []string
		code int
		out  []string
		err  string
	}{
		"waits":          {[]string{"--facts", exampleSituation}, 0, []string{"Needs a person", "The check run says neutral.", "The App arms GitHub's auto-merge now.", "waits    reviews: wanted 1 approval"}, ""},
		"waits, by code": {[]string{"--facts", exampleSituation, "--exit-code"}, 1, []string{"Needs a person"}, ""},
		"merges":         {[]string{"--facts", good, "--exit-code"}, 0, []string{"The check run says success.", "The App merges it now (squash).", "met      after"}, ""},
		"too early":      {[]string{"--facts", good, "--exit-code", "--at", "2026-11-21T07:00:00Z"}, 1, []string{"Time alone changes something at 2026-11-21T10:30:00Z"}, ""},
		"as Markdown":    {[]string{"--facts", exampleSituation, "-o", "markdown"}, 0, []string{"| Condition | Wanted | Now | |"}, ""},
		"no file":        {[]string{}, 2, nil, "--facts is missing"},
		"lost file":      {[]string{"--facts", "nowhere.json"}, 2, nil, `--facts "nowhere.json" does not exist`},
		"a wrong time":   {[]string{"--facts", good, "--at", "noon"}, 2, nil, `--at "noon" is no time`},
		"no JSON":        {[]string{"--facts", "policy_test.go"}, 2, nil, "policy_test.go: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			code := p.run(t, append([]string{"policy", "test"}, tt.args...)...)
			stdout, stderr := p.out.String(), p.errs.String()
			if code != tt.code || !strings.Contains(stderr, tt.err) {
				t.Fatalf("exit code %d, want %d\n%s%s", code, tt.code, stdout, stderr)
			}
			for _, want := range tt.out {
				if !strings.Contains(stdout, want) {
					t.Errorf("%q is not in\n%s", want, stdout)
				}
			}
		})
	}
}

// TestPolicyTestConfigurations tries files that lie somewhere and are odd.
func TestPolicyTestConfigurations(t *testing.T) {
	t.Parallel()
	good, _ := recipes(t, read(t, recipesFile))
	const auto = "defaults: {merge: {auto: true}}"
	tests := map[string]struct {
		file, owner string
		code        int
		out, errs   string
	}{
		"an empty file":           {"", "", 0, "Needs a person: auto\n", ""},
		"as the App names it":     {"rules: [{match: {image: nginx}, merge: {auto: true}}]", "", 0, ": rule 0.\n", ""},
		"without effect":          {auto + "\nrules: [{strategy: newest, constraint: '1.x'}]", "", 0, "May merge", "warning: rules[0].constraint: has no effect"},
		"broken":                  {"defaults: {merge: {aut: true}}", "", 2, "", `did you mean "auto"?`},
		"via GitHub and a window": {"defaults: {merge: {via: github, window: ['mon 09:00-10:00']}}", "", 2, "", "nobody could take the merge back"},
		"the owner's":             {auto, "enforce: {merge: {auto: false}}", 0, "Stopped: auto\n", ""},
		"the owner's, broken":     {auto, "enforce: 5", 0, "unknown  auto: ", "nothing merges by itself"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			args := []string{
				"policy", "test", "--facts", putFile(t, dir, "f.json", good.text), "--config", putFile(t, dir, "c.yaml", tt.file),
				"--repository", "acme/shop", "--extends-dir", dir,
			}
			if tt.owner != "" {
				putFile(t, dir, "acme/.imageupdater/.imageupdater.yaml", tt.owner)
			}
			var p process
			code := p.run(t, args...)
			stdout, stderr := p.out.String(), p.errs.String()
			if code != tt.code || !strings.Contains(stdout, tt.out) || !strings.Contains(stderr, tt.errs) || tt.errs == "" && stderr != "" {
				t.Errorf("exit code %d, want %d\n%s%s", code, tt.code, stdout, stderr)
			}
		})
	}
}

func TestPolicyTestJSON(t *testing.T) {
	t.Parallel()
	var p process
	code := p.run(t, "policy", "test", "--facts", merging(t), "-o", "json")
	stdout, stderr := p.out.String(), p.errs.String()
	var verdict policy.Verdict
	if err := json.Unmarshal([]byte(stdout), &verdict); err != nil || code != 0 {
		t.Fatalf("%d %v\n%s%s", code, err, stdout, stderr)
	}
	if verdict.Outcome != policy.Merges || len(verdict.Conditions) < 10 {
		t.Errorf("%+v", verdict)
	}
}
