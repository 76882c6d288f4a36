package arch

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the top of the tree as seen from this folder, where its tests run.
const root = "../.."

func TestImports(t *testing.T)         { report(t, checkImports(tree(t))) }
func TestPackageNames(t *testing.T)    { report(t, checkNames(tree(t))) }
func TestNoInit(t *testing.T)          { report(t, checkInits(tree(t))) }
func TestPackageComments(t *testing.T) { report(t, checkComments(tree(t))) }
func TestTopLevel(t *testing.T)        { report(t, checkTopLevel(topEntries(t))) }

func TestClosures(t *testing.T) {
	sources := tree(t)
	for _, c := range closures {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"list", "-deps"}
			for _, p := range c.packages {
				if slices.ContainsFunc(sources, func(s source) bool { return !s.test && matches(p, s.dir()) }) {
					args = append(args, "./"+p)
				}
			}
			if len(args) == 2 {
				t.Skipf("none of %s is there yet", strings.Join(c.packages, ", "))
			}
			cmd := exec.CommandContext(t.Context(), "go", args...)
			cmd.Dir = root
			// Without cgo, as the product is built: a package that needs it fails here.
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr(err))
			}
			report(t, checkClosure(c.never, strings.Fields(string(out))))
		})
	}
}

// TestRulesBite shows that each check sees a violation: a checker that finds nothing anywhere would pass all tests above.
func TestRulesBite(t *testing.T) {
	imports := func(file string, imports ...string) []source {
		return []source{{file: file, pkg: "p", imports: imports}}
	}
	tests := map[string]struct {
		found []string
		want  string // a part of the only finding; "" for none
	}{
		"cmd imports server":                 {checkImports(imports("cmd/imageupdater/main.go", module+"/server")), ""},
		"cmd imports test":                   {checkImports(imports("cmd/imageupdater/main.go", module+"/test/fakegithub")), "must not import test/fakegithub"},
		"server imports cmd":                 {checkImports(imports("server/server.go", module+"/cmd/imageupdater")), "must not import cmd/imageupdater"},
		"server imports deep packages":       {checkImports(imports("server/jobs/jobs.go", module+"/handlers/run", module+"/server/store")), ""},
		"handlers imports scanner":           {checkImports(imports("handlers/push.go", module+"/scanner")), "must not import scanner"},
		"a handler's package imports it":     {checkImports(imports("handlers/run/run.go", module+"/scanner")), ""},
		"a handler's package looks up":       {checkImports(imports("handlers/run/run.go", module+"/handlers")), "must not import handlers"},
		"handlers imports server":            {checkImports(imports("handlers/run/run.go", module+"/server/jobs")), "must not import server/jobs"},
		"scanner imports handlers":           {checkImports(imports("scanner/plan.go", module+"/handlers/forge")), "must not import handlers/forge"},
		"image is a leaf":                    {checkImports(imports("scanner/image/reference.go", module+"/scanner/version")), "must not import scanner/version"},
		"edit is a leaf":                     {checkImports(imports("scanner/edit/apply.go", module+"/scanner/image")), "must not import scanner/image"},
		"version is a leaf":                  {checkImports(imports("scanner/version/kind.go", module+"/config")), "must not import config"},
		"registry imports image":             {checkImports(imports("scanner/registry/client.go", module+"/scanner/image")), ""},
		"registry imports version":           {checkImports(imports("scanner/registry/client.go", module+"/scanner/version")), "must not import scanner/version"},
		"format imports image and edit":      {checkImports(imports("scanner/format/helm.go", module+"/scanner/image", module+"/scanner/edit")), ""},
		"format imports scanner":             {checkImports(imports("scanner/format/helm.go", module+"/scanner")), "must not import scanner"},
		"changelog imports registry":         {checkImports(imports("scanner/changelog/source.go", module+"/scanner/registry")), "must not import scanner/registry"},
		"config imports version":             {checkImports(imports("config/config.go", module+"/scanner/version")), ""},
		"config imports scanner":             {checkImports(imports("config/config.go", module+"/scanner")), "must not import scanner"},
		"config imports registry":            {checkImports(imports("config/config.go", module+"/scanner/registry")), "must not import scanner/registry"},
		"config imports grant":               {checkImports(imports("config/server.go", module+"/scanner/credentials/grant")), ""},
		"config imports credentials":         {checkImports(imports("config/server.go", module+"/scanner/credentials")), "must not import scanner/credentials"},
		"grant is a leaf":                    {checkImports(imports("scanner/credentials/grant/grant.go", module+"/scanner/image")), "must not import scanner/image"},
		"registry knows no credentials":      {checkImports(imports("scanner/registry/client.go", module+"/scanner/credentials")), "must not import scanner/credentials"},
		"registry imports Amazon's SDK":      {checkImports(imports("scanner/registry/client.go", "github.com/aws/aws-sdk-go-v2/service/ecr")), "only scanner/credentials"},
		"a test imports test":                {checkImports(imports("config/config_test.go", module+"/test/corpus")), "must not import test/corpus"},
		"test imports all":                   {checkImports(imports("test/e2e/e2e.go", module+"/server", module+"/test/fakegithub")), ""},
		"an external test imports its own":   {checkImports(imports("scanner/image/image_test.go", module+"/scanner/image")), ""},
		"a neighbour's name is no prefix":    {checkImports(imports("config/config.go", module+"/scanner/imagery")), "must not import scanner/imagery"},
		"a new package needs a row":          {checkImports(imports("scanner/magic/magic.go", "fmt")), "has no row"},
		"a package at the top":               {checkImports(imports("main.go", "fmt")), "has no row"},
		"importing the module's root":        {checkImports(imports("config/config.go", module)), "holds no package"},
		"scanner imports go-github":          {checkImports(imports("scanner/changelog/source.go", "github.com/google/go-github/v60/github")), "know nothing of GitHub"},
		"config imports go-githubapp":        {checkImports(imports("config/config.go", "github.com/palantir/go-githubapp/githubapp")), "know nothing of GitHub"},
		"handlers import go-github":          {checkImports(imports("handlers/push.go", "github.com/google/go-github/v60/github")), ""},
		"scanner imports remote":             {checkImports(imports("scanner/plan.go", "github.com/google/go-containerregistry/pkg/v1/remote")), "only scanner/registry"},
		"scanner imports remote's transport": {checkImports(imports("scanner/plan.go", "github.com/google/go-containerregistry/pkg/v1/remote/transport")), "only scanner/registry"},
		"registry imports remote":            {checkImports(imports("scanner/registry/client.go", "github.com/google/go-containerregistry/pkg/v1/remote")), ""},
		"cgo":                                {checkImports(imports("server/store/sqlite.go", "C")), "static binary"},

		"a package named util":        {checkNames([]source{{file: "config/util/a.go", pkg: "util"}}), "says nothing"},
		"a folder named types":        {checkNames([]source{{file: "config/types/a.go", pkg: "kinds"}}), "says nothing"},
		"a package named by its work": {checkNames([]source{{file: "scanner/edit/a.go", pkg: "edit"}}), ""},

		"init":           {checkInits(mustParse(t, "config/a.go", "package config\nfunc init() {}")), "config/a.go:2"},
		"init in a test": {checkInits(mustParse(t, "config/a_test.go", "package config\nfunc init() {}")), ""},
		"a method init":  {checkInits(mustParse(t, "config/a.go", "package config\ntype T int\nfunc (T) init() {}")), ""},

		"no package comment":           {checkComments(mustParse(t, "config/a.go", "package config")), "no package comment"},
		"a build tag is no comment":    {checkComments(mustParse(t, "config/a.go", "//go:build linux\npackage config")), "no package comment"},
		"a package comment":            {checkComments(mustParse(t, "config/a.go", "// Package config reads.\npackage config")), ""},
		"a comment in a test only":     {checkComments(append(mustParse(t, "config/a.go", "package config"), mustParse(t, "config/a_test.go", "// Package config reads.\npackage config")...)), "no package comment"},
		"a comment in a test package":  {checkComments(mustParse(t, "test/e2e/a_test.go", "// Package e2e runs.\npackage e2e_test")), ""},
		"a second package in a folder": {checkComments(append(mustParse(t, "config/a.go", "// Package config reads.\npackage config"), mustParse(t, "config/gen.go", "//go:build ignore\n\npackage main")...)), "package main has no"},

		"an extra folder":  {checkTopLevel([]string{"cmd", ".ci", "pkg"}), "pkg: the top level"},
		"the known layout": {checkTopLevel(append([]string{".github"}, topLevel...)), ""},

		"test code in the product":    {checkClosure([]string{module + "/test/..."}, []string{"fmt", module + "/test/fakegithub"}), "test/fakegithub is linked in"},
		"no test code in the product": {checkClosure([]string{module + "/test/..."}, []string{"testing", module + "/testing"}), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			switch {
			case tt.want == "" && len(tt.found) > 0:
				t.Errorf("found %q, want nothing", tt.found)
			case tt.want != "" && len(tt.found) != 1:
				t.Errorf("found %q, want one finding", tt.found)
			case tt.want != "" && !strings.Contains(tt.found[0], tt.want):
				t.Errorf("found %q, want it to say %q", tt.found[0], tt.want)
			}
		})
	}
}

func report(t *testing.T, found []string) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

func mustParse(t *testing.T, file, text string) []source {
	t.Helper()
	s, err := parse(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return []source{s}
}

// tree returns all Go files of this module, those for other systems and build tags too.
func tree(t *testing.T) []source {
	t.Helper()
	var sources []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && (ignored(d.Name()) || exists(filepath.Join(name, "go.mod"))) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" || ignored(d.Name()) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(rel), text)
		if err != nil {
			return err
		}
		sources = append(sources, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) == 0 {
		t.Fatal("no Go file found")
	}
	return sources
}

// ignored names are those that the go command leaves out of ./... too.
func ignored(name string) bool {
	return name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// topEntries returns the names at the top of the tree that git knows, so that a build's leavings do not count;
// without git, as in a container build, all that lie there.
func topEntries(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z").Output()
	if err == nil && len(out) > 0 {
		var names []string
		for file := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
			name, _, _ := strings.Cut(file, "/")
			names = append(names, name)
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func stderr(err error) []byte {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Stderr
	}
	return nil
}
