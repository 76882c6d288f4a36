package policy_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
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

// described is a situation in the making.
type described struct {
	t        *testing.T
	facts    policy.Facts
	now      time.Time
	pull     policy.Pull
	runs     []policy.Run
	statuses []policy.Status
	reviews  []policy.Review
	native   policy.Native
	merge    policy.Mergeability
	repo     policy.Repository
	rules    policy.Protection
	classic  policy.Protection
	unknown  []string
}

const (
	head    = "1111111111111111111111111111111111111111"
	oldHead = "2222222222222222222222222222222222222222"
	ownApp  = 7
)

// pushed is a Tuesday.
var pushed = time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)

// good is a situation in which nothing is in the way.
func good() policy.Facts {
	ok := policy.Read(policy.Sign{OK: true})
	return policy.Facts{
		App:        ownApp,
		Pull:       policy.Read(policy.Pull{State: "open", Head: head, Base: "main", Author: "updater[bot]"}),
		Pushed:     policy.Read(pushed),
		Ownership:  policy.Ownership{Head: ok, Commits: ok, Tree: ok, Base: ok, Branch: ok, Record: ok},
		Owner:      policy.Read(""),
		Paused:     policy.Read(false),
		Restricted: policy.Read[[]string](nil),
		RolledBack: policy.Read[[]string](nil),
		Newer:      policy.Read[[]string](nil),
		Order:      policy.Read[*policy.Order](nil),
		Merge:      policy.Read(policy.Mergeability{State: "clean"}),
		Runs:       policy.Read([]policy.Run{{ID: 1, Suite: 1, Name: "build", App: 1, Head: head, Status: "completed", Conclusion: "success"}}),
		Statuses:   policy.Read[[]policy.Status](nil),
		Rules:      policy.Read(policy.Protection{}),
		Classic:    policy.Read(policy.Protection{}),
		Reviews:    policy.Read[[]policy.Review](nil),
		Decision:   policy.Read(""),
		Unresolved: policy.Read(0),
		Repository: policy.Read(policy.Repository{Methods: []config.Method{"merge", "squash", "rebase"}, AutoMerge: true}),
		Native:     policy.Read(policy.Native{}),
	}
}

// situation reads the first column of a table.
func situation(t *testing.T, text string) *described {
	t.Helper()
	d := &described{t: t, facts: good(), now: pushed.Add(time.Hour)}
	d.pull, _ = d.facts.Pull.Get()
	d.merge, _ = d.facts.Merge.Get()
	d.repo, _ = d.facts.Repository.Get()
	for token := range strings.FieldsSeq(text) {
		d.token(token)
	}
	f := &d.facts
	f.Pull, f.Merge, f.Repository, f.Native = policy.Read(d.pull), policy.Read(d.merge), policy.Read(d.repo), policy.Read(d.native)
	f.Rules, f.Classic, f.Reviews = policy.Read(d.rules), policy.Read(d.classic), policy.Read(d.reviews)
	if d.runs != nil || d.statuses != nil {
		f.Runs, f.Statuses = policy.Read(d.runs), policy.Read(d.statuses)
	}
	for _, name := range d.unknown {
		forget(t, f, name)
	}
	return d
}

func (d *described) token(token string) {
	name, value, _ := strings.Cut(token, ":")
	switch {
	case token[0] == '+':
		since, err := time.ParseDuration(token[1:])
		if err != nil {
			d.t.Fatal(err)
		}
		d.now = pushed.Add(since)
	case token[0] == '?':
		d.unknown = append(d.unknown, token[1:])
	case name == "at":
		d.now = d.time(value)
	case name == "pushed":
		d.facts.Pushed = policy.Read(d.time(value))
	case name == "rule":
		d.protect(&d.rules, value)
	case name == "classic":
		d.protect(&d.classic, value)
	case d.check(name, value), d.person(name, value), d.state(name, value):
	default:
		d.t.Fatalf("what is %q?", token)
	}
}

func (d *described) time(value string) time.Time {
	at, err := time.Parse("2006-01-02T15:04Z", value)
	if err != nil {
		d.t.Fatal(err)
	}
	return at
}

// protect reads what a branch wants.
func (d *described) protect(p *policy.Protection, token string) {
	name, value, _ := strings.Cut(token, ":")
	switch name {
	case "need":
		name, app, _ := strings.Cut(value, "@")
		p.Checks = append(p.Checks, policy.Required{Name: name, App: int64(number(d.t, app))})
	case "reviews":
		p.Approvals = number(d.t, value)
	case "owners":
		p.CodeOwners = true
	case "lastpush":
		p.LastPush = true
	case "dismissstale":
		p.DismissStale = true
	case "conversations":
		p.Conversations = true
	case "uptodate":
		p.UpToDate = true
	case "linear":
		p.Linear = true
	case "signatures":
		p.Signatures = true
	case "deploy":
		p.Deployments = append(p.Deployments, value)
	case "queue":
		p.Queue = true
	case "methods":
		p.Methods = methods(value)
	default:
		d.t.Fatalf("what is %q?", token)
	}
}

func methods(value string) []config.Method {
	all := []config.Method{}
	for m := range strings.SplitSeq(value, ",") {
		all = append(all, config.Method(m))
	}
	return all
}

func number(t *testing.T, text string) int {
	t.Helper()
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// check reads a check run or a status: NAME=WORD@APP^SUITE, of which the latter may be
// left out.
func (d *described) check(name, value string) bool {
	of := head
	if strings.HasPrefix(name, "old") {
		name, of = name[3:], oldHead
	}
	value, suite, _ := strings.Cut(value, "^")
	value, app, _ := strings.Cut(value, "@")
	check, word, _ := strings.Cut(value, "=")
	id := int64(len(d.runs) + len(d.statuses) + 1)
	switch name {
	case "nochecks":
		d.runs = []policy.Run{}
	case "run":
		r := policy.Run{ID: id, Suite: 1, Name: check, App: 1, Head: of, Status: "completed", Conclusion: word}
		if word == "queued" || word == "in_progress" {
			r.Status, r.Conclusion = word, ""
		}
		if suite != "" {
			r.Suite = int64(number(d.t, suite))
		}
		if app != "" {
			r.App = int64(number(d.t, app))
		}
		d.runs = append(d.runs, r)
	case "status":
		d.statuses = append(d.statuses, policy.Status{ID: id, Context: check, State: word, App: int64(number(d.t, app)), Head: of})
	default:
		return false
	}
	return true
}

// person reads what people did.
func (d *described) person(name, value string) bool {
	switch name {
	case "review":
		r := policy.Review{Commit: head, Writer: true, At: pushed.Add(time.Duration(len(d.reviews)) * time.Minute)}
		for i, part := range strings.Split(value, "~") {
			switch {
			case i == 0:
				r.User, r.State, _ = strings.Cut(part, "=")
			case part == "old":
				r.Commit = oldHead
			case part == "bot":
				r.Bot = true
			case part == "reader":
				r.Writer = false
			}
		}
		d.reviews = append(d.reviews, r)
	case "decision":
		d.facts.Decision = policy.Read(value)
	case "unresolved":
		d.facts.Unresolved = policy.Read(number(d.t, value))
	case "order":
		o := &policy.Order{By: "ann", Head: head, Writer: value != "reader"}
		if value == "old" {
			o.Head = oldHead
		}
		d.facts.Order = policy.Read(o)
	case "paused":
		d.facts.Paused = policy.Read(true)
	case "label":
		d.facts.Restricted = policy.Read([]string{value})
	case "rolledback":
		d.facts.RolledBack = policy.Read([]string{"docker.io/library/nginx"})
	case "newer":
		d.facts.Newer = policy.Read([]string{"1.27.1"})
	default:
		return false
	}
	return true
}

// state reads what GitHub says.
func (d *described) state(name, value string) bool {
	switch name {
	case "draft":
		d.pull.Draft = true
	case "pusher":
		d.pull.Pusher = value
	case "closed", "merged":
		d.pull.State = name
	case "foreign":
		*field[policy.Sign](d.t, &d.facts.Ownership, value) = policy.Read(policy.Sign{Why: "somebody pushed"})
	case "state":
		d.merge.State = value
	case "behind":
		d.merge.Behind = true
	case "methods":
		d.repo.Methods = methods(value)
	case "noauto":
		d.repo.AutoMerge = false
	case "armed":
		d.native.Armed = &policy.Armed{By: "updater[bot]", App: value != "person", Method: "squash"}
		if value == "rebase" {
			d.native.Armed.Method = "rebase"
		}
	case "queued":
		d.native.Queued = &policy.Queued{By: "updater[bot]", App: value != "person"}
	default:
		return false
	}
	return true
}

// field finds a fact by its key.
func field[T any](t *testing.T, of any, key string) *policy.Known[T] {
	t.Helper()
	v := reflect.ValueOf(of).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == key {
			if found, ok := reflect.TypeAssert[*policy.Known[T]](v.Field(i).Addr()); ok {
				return found
			}
		}
	}
	t.Fatalf("no fact %q", key)
	return nil
}

// forget makes a fact unknown, which is named by its key.
func forget(t *testing.T, f *policy.Facts, key string) {
	t.Helper()
	for _, of := range []any{f, &f.Ownership} {
		v := reflect.ValueOf(of).Elem()
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") == key {
				v.Field(i).SetZero()
				return
			}
		}
	}
	t.Fatal(fmt.Errorf("no fact %q", key))
}
