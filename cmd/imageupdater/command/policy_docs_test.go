package command

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/policy"
)

var update = flag.Bool("update", false, "write what the command prints into docs/merge-policies.md")

const recipesFile = "docs/merge-policies.md"

// Kinds of blocks of the page, by the words behind the fence.
const (
	goodBlock      = "json good"   // the situation that others are laid over
	recipeBlock    = "yaml recipe" // an .imageupdater.yaml
	ownerBlock     = "yaml owner"  // the file in the owner's .imageupdater, beside the recipe above
	situationBlock = "json"        // what differs from the good situation
	verdictBlock   = "text"        // what is printed of the situation above
)

// docBlock is a fenced block of the page.
type docBlock struct {
	line       int
	info, text string
	from, to   int // where the text stands
}

func docBlocks(page string) []docBlock {
	var all []docBlock
	for _, m := range regexp.MustCompile("(?ms)^```([a-z ]+)\n(.*?)^```$").FindAllStringSubmatchIndex(page, -1) {
		all = append(all, docBlock{strings.Count(page[:m[0]], "\n") + 1, page[m[2]:m[3]], page[m[4]:m[5]], m[4], m[5]})
	}
	return all
}

// recipe is a configuration of the page, and what is shown of it.
type recipe struct {
	docBlock
	owner      string
	situations []shownSituation
}

type shownSituation struct{ facts, verdict docBlock }

// recipes puts the blocks of the page together.
func recipes(t *testing.T, page string) (good docBlock, all []*recipe) {
	t.Helper()
	blocks := docBlocks(page)
	for i, b := range blocks {
		if needsRecipe := b.info == ownerBlock || b.info == situationBlock; needsRecipe && len(all) == 0 {
			t.Fatalf("line %d: no recipe stands above", b.line)
		}
		switch b.info {
		case goodBlock:
			good = b
		case recipeBlock:
			all = append(all, &recipe{docBlock: b})
		case ownerBlock:
			all[len(all)-1].owner = b.text
		case situationBlock:
			if i+1 == len(blocks) || blocks[i+1].info != verdictBlock {
				t.Fatalf("line %d: nothing says what becomes of it", b.line)
			}
			last := all[len(all)-1]
			last.situations = append(last.situations, shownSituation{b, blocks[i+1]})
		case verdictBlock:
			if blocks[i-1].info != situationBlock {
				t.Errorf("line %d: no situation stands above", b.line)
			}
		case "sh":
		default:
			t.Errorf("line %d: a block of %q", b.line, b.info)
		}
	}
	return good, all
}

// TestMergePolicyRecipes takes each recipe of the page for the .imageupdater.yaml of a
// repository, and wants the command to print of each situation what stands below it. Of
// conditions that are met the page shows those it likes.
func TestMergePolicyRecipes(t *testing.T) {
	page := read(t, recipesFile)
	good, all := recipes(t, page)
	if len(all) < 12 || good.text == "" {
		t.Fatalf("only %d recipes found: look after the regular expression", len(all))
	}
	written := strings.Builder{}
	done := 0
	for _, r := range all {
		if len(r.situations) == 0 {
			t.Errorf("line %d: a recipe without a situation", r.line)
		}
		for _, s := range r.situations {
			t.Run(fmt.Sprintf("line %d", s.facts.line), func(t *testing.T) {
				got := shown(printed(t, r, laidOver(t, good.text, s.facts.text)), s.verdict.text)
				if diff := cmp.Diff(s.verdict.text, got); diff != "" && !*update {
					t.Errorf("line %d: -on the page +printed\n%s", s.verdict.line, diff)
				}
				written.WriteString(page[done:s.verdict.from] + got)
				done = s.verdict.to
			})
		}
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(filepath.Join("..", "..", "..", recipesFile), []byte(written.String()+page[done:]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// printed is what the command prints of a situation, in a repository with the recipe.
// Warnings of the configuration would be on standard error.
func printed(t *testing.T, r *recipe, situation []byte) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{
		"policy", "test", "--facts", putFile(t, dir, "situation.json", string(situation)),
		"--config", putFile(t, dir, "acme/shop/.imageupdater.yaml", r.text),
	}
	if r.owner != "" {
		file := putFile(t, dir, "acme/.imageupdater/.imageupdater.yaml", r.owner)
		args = append(args, "--repository", "acme/shop", "--extends-dir", dir)
		var p process
		if code := p.run(t, "check", filepath.Dir(file), "--repository", "acme/.imageupdater"); code != 0 || strings.Contains(p.out.String(), "warning") {
			t.Errorf("exit code %d\n%s", code, p.out.String())
		}
	}
	var p process
	if code := p.run(t, args...); code != 0 || p.errs.Len() > 0 {
		t.Fatalf("exit code %d\n%s", code, p.errs.String())
	}
	return p.out.String()
}

func putFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// shown leaves out the conditions that are met, but for those that the page has.
func shown(text, onPage string) string {
	var lines []string
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(line, ": wanted ")
		if !strings.HasPrefix(line, string(policy.Met)+" ") || strings.Contains(onPage, name+": ") {
			lines = append(lines, line)
		}
	}
	if last := len(lines) - 1; lines[last] == "\n" { // nothing is left below it
		lines = lines[:last]
	}
	return strings.Join(lines, "")
}

// laidOver lays what differs over the good situation, key by key.
func laidOver(t *testing.T, good, differs string) []byte {
	t.Helper()
	text, err := json.Marshal(overlay(decoded(t, good), decoded(t, differs)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return value
}

func overlay(under, over any) any {
	below, isBelow := under.(map[string]any)
	above, isAbove := over.(map[string]any)
	if _, unknown := above["unknown"]; !isBelow || !isAbove || unknown {
		return over
	}
	for key, value := range above {
		below[key] = overlay(below[key], value)
	}
	return below
}

// The table of facts has each of them, and the good situation does.
func TestMergePolicyFacts(t *testing.T) {
	t.Parallel()
	page := read(t, recipesFile)
	good, _ := recipes(t, page)
	s, err := policy.DecodeSituation([]byte(good.text))
	if err != nil {
		t.Fatal(err)
	}
	facts := reflect.ValueOf(s.Facts)
	for field, value := range facts.Fields() {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !strings.Contains(page, "| `"+key+"`") && !strings.Contains(page, ", `"+key+"`") {
			t.Errorf("nothing says what %s is", key)
		}
		if key != "app" && value.IsZero() {
			t.Errorf("the good situation has no %s", key)
		}
	}
}

// The page names each flag, and no other.
func TestMergePolicyFlags(t *testing.T) {
	t.Parallel()
	page := read(t, recipesFile)
	cmd, _, err := NewRoot(new(process).environment()).Find([]string{"policy", "test"})
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, m := range regexp.MustCompile("`--([a-z-]+)").FindAllStringSubmatch(page, -1) {
		named = append(named, m[1])
		if cmd.Flags().Lookup(m[1]) == nil {
			t.Errorf("--%s is no flag", m[1])
		}
	}
	for _, flag := range []string{"facts", "at", "output", "exit-code", "config", "repository", "extends-dir"} {
		if !slices.Contains(named, flag) {
			t.Errorf("nothing says what --%s is", flag)
		}
	}
}
