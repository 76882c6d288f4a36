package policy_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	_ "time/tzdata" // zones are the same on every machine

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// TestMatrix holds Decide against the tables in testdata/matrix, which say how they are
// read.
func TestMatrix(t *testing.T) {
	files, err := filepath.Glob("testdata/matrix/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	cells := 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			m := matrix{t: t, file: file, config: config.Default(), policies: map[string][]config.Merge{}}
			m.read()
			cells += m.cells
		})
	}
	const least = 300
	if cells < least {
		t.Errorf("the tables have %d verdicts; there should be %d", cells, least)
	}
}

// matrix reads one file of tables.
type matrix struct {
	t        *testing.T
	file     string
	line     int
	yaml     string // the configuration apart from merge settings
	config   *config.Config
	policies map[string][]config.Merge
	columns  []string
	cells    int
}

func (m *matrix) read() {
	f, err := os.Open(m.file)
	if err != nil {
		m.t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		m.line++
		m.one(strings.TrimSpace(lines.Text()))
	}
}

func (m *matrix) one(line string) {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "" || strings.HasPrefix(line, "#"):
	case word == "config":
		m.yaml += rest + "\n"
		m.config = load(m.t, m.yaml)
	case word == "policy":
		name, settings, _ := strings.Cut(rest, ":")
		m.policies[name] = nil
		for one := range strings.SplitSeq(settings, "+") {
			c := load(m.t, m.yaml+"defaults: {merge: "+strings.TrimSpace(one)+"}\n")
			m.policies[name] = append(m.policies[name], c.Settings(config.Subject{Image: "docker.io/library/nginx"}).For("patch").Merge)
		}
	case word == "grid":
		m.columns = split(rest)[1:]
	default:
		m.row(split(line))
	}
}

func split(line string) []string {
	cells := strings.Split(line, "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// row decides one situation under the policy of each column.
func (m *matrix) row(cells []string) {
	if len(cells) != len(m.columns)+1 {
		m.t.Fatalf("%s:%d: %d columns, not %d", m.file, m.line, len(cells), len(m.columns)+1)
	}
	for i, column := range m.columns {
		settings, ok := m.policies[column]
		if !ok {
			m.t.Fatalf("%s:%d: no policy %q", m.file, m.line, column)
		}
		rule := policy.Strictest(m.config, settings...)
		s := situation(m.t, cells[0])
		v := policy.Decide(&rule, &s.facts, s.now)
		if got := compact(&v); got != cells[i+1] {
			m.t.Errorf("%s:%d: %s\n  under %s: %s\n   wanted: %s", m.file, m.line, cells[0], column, got, cells[i+1])
		}
		m.cells++
	}
}

// compact writes a verdict as the tables have it.
func compact(v *policy.Verdict) string {
	text := string(v.Outcome)
	if v.Outcome == policy.Stopped && v.Conclusion == policy.Failure {
		text = "failure"
	}
	switch {
	case v.Action == policy.Enqueue:
		text = "enqueue"
	case v.Action == policy.Merge && v.Method != config.MethodSquash:
		text += "/" + string(v.Method)
	case v.Action != policy.Nothing && v.Action != policy.Merge:
		text += "+" + string(v.Action)
	}
	texts := []string{text}
	for _, c := range v.Conditions {
		if c.State == policy.Met {
			continue
		}
		mark := map[policy.State]string{policy.Waiting: "~", policy.Failed: "!", policy.Unknown: "?"}[c.State]
		name := map[string]string{policy.AboutRequired: "required", policy.AboutUpToDate: "behind"}[c.About]
		if name == "" {
			name = c.About
		}
		if c.Of != "" {
			name += "(" + c.Of + ")"
		}
		texts = append(texts, name+mark)
	}
	if !v.Next.IsZero() {
		texts = append(texts, "@"+v.Next.UTC().Format("01-02T15:04Z"))
	}
	return strings.Join(texts, " ")
}

func load(tb testing.TB, text string) *config.Config {
	tb.Helper()
	c, _, err := config.Load(tb.Context(), config.FileName, []byte(text), config.Options{})
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return c.Bind(c.Enforce)
}
