package githubtest

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// fields is what a selection means for a type, its fragments laid open and the
// fields of one alias put together.
func (g *graph) fields(kind string, set ast.SelectionSet) []*ast.Field {
	var all []*ast.Field
	add := func(f *ast.Field) {
		at := slices.IndexFunc(all, func(have *ast.Field) bool { return have.Alias == f.Alias })
		if at < 0 {
			all = append(all, f)
			return
		}
		both := *all[at]
		both.SelectionSet = append(slices.Clone(both.SelectionSet), f.SelectionSet...)
		all[at] = &both
	}
	for _, selection := range set {
		for _, f := range g.open(kind, selection) {
			add(f)
		}
	}
	return all
}

func (g *graph) open(kind string, selection ast.Selection) []*ast.Field {
	switch s := selection.(type) {
	case *ast.Field:
		if g.wanted(s.Directives) {
			return []*ast.Field{s}
		}
	case *ast.InlineFragment:
		if g.wanted(s.Directives) && g.is(kind, s.TypeCondition) {
			return g.fields(kind, s.SelectionSet)
		}
	case *ast.FragmentSpread:
		if g.wanted(s.Directives) && g.is(kind, s.Definition.TypeCondition) {
			return g.fields(kind, s.Definition.SelectionSet)
		}
	}
	return nil
}

// wanted is false for what @skip or @include leaves out.
func (g *graph) wanted(all ast.DirectiveList) bool {
	for _, d := range all {
		if on := d.ArgumentMap(g.variables)["if"]; (d.Name == "skip" && on == true) || (d.Name == "include" && on == false) {
			return false
		}
	}
	return true
}

func (g *graph) is(kind, condition string) bool {
	return condition == "" || condition == kind ||
		slices.ContainsFunc(g.schema.PossibleTypes[condition], func(d *ast.Definition) bool { return d.Name == kind })
}
