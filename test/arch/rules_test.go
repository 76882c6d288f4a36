// Package arch checks the shape of the house: who may import whom, how packages are named, what lies at the top of the tree.
// The rules are the tables in this file; docs and reviews point here. It looks at the text of every Go file, whatever its
// build tags, and imports nothing of ours.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/imageupdater/imageupdater"

// In all tables "a/b" stands for that package alone, "a/b/..." for it and all below it, "a/b/*" for all below it.

// layer is a row of layers.
type layer struct {
	packages string
	may      []string
}

// layers says what each package may import of ours. The first row that fits a package holds for it, its tests included.
// A package without a row is a violation, so a new one is a decision that is made here.
var layers = []layer{
	{"cmd/...", []string{"cmd/...", "server/...", "handlers/...", "scanner/...", "config/..."}},
	{"server/...", []string{"server/...", "handlers/...", "scanner/...", "config/..."}},
	{"handlers", []string{"handlers/*", "config/..."}},
	{"handlers/*", []string{"handlers/*", "scanner/...", "config/..."}},
	{"scanner", []string{"scanner/*", "config/..."}},
	{"scanner/image/...", []string{"scanner/image/..."}},
	{"scanner/edit/...", []string{"scanner/edit/..."}},
	{"scanner/version/...", []string{"scanner/version/..."}},
	{"scanner/registry/...", []string{"scanner/registry/...", "scanner/image"}},
	{"scanner/credentials/grant", nil},
	{"scanner/credentials", []string{"scanner/credentials/grant", "scanner/image", "scanner/registry"}},
	{"scanner/format/...", []string{"scanner/format/...", "scanner/image", "scanner/edit"}},
	{"scanner/changelog/...", []string{"scanner/changelog/...", "scanner/image"}},
	{"config/...", []string{"config/...", "scanner/image", "scanner/version", "scanner/credentials/grant"}},
	{"test/...", []string{"cmd/...", "server/...", "handlers/...", "scanner/...", "config/...", "test/..."}},
}

// outsiders says which of our packages may import what is not ours; what is not listed is free.
var outsiders = []struct {
	imports string
	only    []string
	why     string
}{
	{"github.com/google/go-github/...", []string{"cmd/...", "server/...", "handlers/...", "test/..."}, "scanner and config know nothing of GitHub"},
	{"github.com/palantir/go-githubapp/...", []string{"cmd/...", "server/...", "handlers/...", "test/..."}, "scanner and config know nothing of GitHub"},
	{"github.com/google/go-containerregistry/pkg/v1/remote/...", []string{"scanner/registry/...", "test/..."}, "only scanner/registry talks to registries"},
	{"github.com/aws/...", []string{"scanner/credentials", "test/..."}, "only scanner/credentials asks clouds for secrets"},
	{"golang.org/x/oauth2/google/...", []string{"scanner/credentials", "test/..."}, "only scanner/credentials asks clouds for secrets"},
	{"C", nil, "the product is one static binary"},
}

// closures says what must not be linked into a program or a library, by whatever way.
var closures = []struct {
	name     string
	packages []string // those that don't exist yet are passed over
	never    []string
}{
	{
		"the product carries no test code",
		[]string{"cmd/imageupdater"},
		[]string{module + "/test/..."},
	},
	{
		"scanner and config compile without GitHub",
		[]string{"scanner/...", "config/..."},
		[]string{"github.com/google/go-github/...", "github.com/palantir/go-githubapp/..."},
	},
}

// forbiddenNames tell nothing about what a package is for.
var forbiddenNames = []string{"utils", "util", "common", "models", "types", "helpers", "misc"}

// topLevel is all that may lie at the top of the tree, dot-files aside.
var topLevel = []string{
	"cmd", "server", "handlers", "scanner", "config", "deploy", "test", "docs", "tools",
	"go.mod", "go.sum", "Dockerfile", "README.md", "CONTRIBUTING.md", "LICENSE", "NOTICE",
}

// source is what the rules look at in one Go file.
type source struct {
	file    string // slash-separated, from the top of the tree
	pkg     string // the name in its package clause, without an external test's suffix
	test    bool
	doc     bool // carries a package comment
	imports []string
	inits   []int // lines of its init functions
}

// dir is the package's path from the top of the tree; the module's root is ".".
func (s source) dir() string { return path.Dir(s.file) }

func parse(file string, text []byte) (source, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, fmt.Errorf("parsing: %w", err)
	}
	s := source{
		file: file,
		pkg:  f.Name.Name,
		test: strings.HasSuffix(file, "_test.go"),
		doc:  strings.TrimSpace(f.Doc.Text()) != "",
	}
	if s.test {
		s.pkg = strings.TrimSuffix(s.pkg, "_test")
	}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, fmt.Errorf("%s: import %s: %w", file, spec.Path.Value, err)
		}
		s.imports = append(s.imports, imported)
	}
	for _, decl := range f.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			s.inits = append(s.inits, fset.Position(fn.Pos()).Line)
		}
	}
	return s, nil
}

func matches(pattern, pkg string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	if base, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(pkg, base+"/")
	}
	return pkg == pattern
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

// checkImports holds the files against layers and outsiders.
func checkImports(sources []source) []string {
	var found []string
	for _, s := range sources {
		from := s.dir()
		row := slices.IndexFunc(layers, func(l layer) bool { return matches(l.packages, from) })
		if row < 0 {
			found = append(found, fmt.Sprintf("%s: package %s has no row in the table of layers", s.file, from))
			continue
		}
		for _, imported := range s.imports {
			to, ours := strings.CutPrefix(imported, module+"/")
			switch {
			case imported == module:
				found = append(found, fmt.Sprintf("%s: imports the module's root, which holds no package", s.file))
			case ours && to != from && !matchesAny(layers[row].may, to):
				found = append(found, fmt.Sprintf("%s: %s must not import %s; it may import %s",
					s.file, from, to, strings.Join(layers[row].may, ", ")))
			}
			for _, o := range outsiders {
				if matches(o.imports, imported) && !matchesAny(o.only, from) {
					found = append(found, fmt.Sprintf("%s: %s must not import %s: %s", s.file, from, imported, o.why))
				}
			}
		}
	}
	return found
}

// checkNames refuses package and folder names that say nothing.
func checkNames(sources []source) []string {
	var found []string
	for _, s := range sources {
		for _, name := range []string{s.pkg, path.Base(s.dir())} {
			if slices.Contains(forbiddenNames, name) {
				found = append(found, fmt.Sprintf("%s: %q says nothing about what the package is for", s.file, name))
				break
			}
		}
	}
	return found
}

// checkInits refuses init functions outside tests: a program's start is to be read in its main.
func checkInits(sources []source) []string {
	var found []string
	for _, s := range sources {
		for _, line := range s.inits {
			if !s.test {
				found = append(found, fmt.Sprintf("%s:%d: func init: call it from where it is needed", s.file, line))
			}
		}
	}
	return found
}

// checkComments wants a package comment of every package, and not in a test file unless the package has nothing else.
func checkComments(sources []source) []string {
	type key struct{ dir, pkg string }
	type state struct{ code, codeDoc, testDoc bool }
	packages := map[key]state{}
	for _, s := range sources {
		k := key{s.dir(), s.pkg}
		p := packages[k]
		p.code = p.code || !s.test
		p.codeDoc = p.codeDoc || (!s.test && s.doc)
		p.testDoc = p.testDoc || (s.test && s.doc)
		packages[k] = p
	}
	var found []string
	for k, p := range packages {
		if !p.codeDoc && (p.code || !p.testDoc) {
			found = append(found, fmt.Sprintf("%s: package %s has no package comment", k.dir, k.pkg))
		}
	}
	slices.Sort(found)
	return found
}

// checkTopLevel refuses what the layout does not name.
func checkTopLevel(entries []string) []string {
	var found []string
	for _, e := range entries {
		if !strings.HasPrefix(e, ".") && !slices.Contains(topLevel, e) {
			found = append(found, fmt.Sprintf("%s: the top level of the tree is fixed", e))
		}
	}
	return found
}

// checkClosure refuses packages in a list of dependencies.
func checkClosure(never, deps []string) []string {
	var found []string
	for _, dep := range deps {
		if matchesAny(never, dep) {
			found = append(found, dep+" is linked in")
		}
	}
	return found
}
