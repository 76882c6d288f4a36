package githubtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/vektah/gqlparser/v2/ast"
)

// thing is an object of the graph.
type thing struct {
	kind  string // its type in the schema
	shown object // as REST shows it; names are those of REST
	of    any    // what the stand-in has of it
}

// resolver finds a field that REST does not show, or shows otherwise.
type resolver func(g *graph, t thing, in map[string]any) (any, error)

// graph is a question being answered.
type graph struct {
	*call
	*question

	errors []object
}

// graphError is one that the caller is told of.
type graphError struct{ kind, message string }

func (e graphError) Error() string { return e.message }

func graphFailure(kind, format string, args ...any) error {
	return graphError{kind, fmt.Sprintf(format, args...)}
}

// answer is the whole one.
func (g *graph) answer() object {
	kind := "Query"
	if g.question.operation.Operation == ast.Mutation {
		kind = "Mutation"
	}
	answer := object{"data": g.object(thing{kind: kind, shown: object{}}, g.question.operation.SelectionSet, nil)}
	if len(g.errors) > 0 {
		answer["errors"] = g.errors
	}
	return answer
}

func (g *graph) object(t thing, set ast.SelectionSet, path []any) object {
	shown := object{}
	for _, f := range g.fields(t.kind, set) {
		shown[f.Alias] = g.field(t, f, append(slices.Clone(path), f.Alias))
	}
	return shown
}

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

func (g *graph) field(t thing, f *ast.Field, path []any) any {
	if f.Name == "__typename" {
		return t.kind
	}
	value, err := g.resolve(t, f)
	if err != nil {
		g.fail(err, f, path)
		return nil
	}
	return g.complete(f.Definition.Type, value, f, path)
}

func (g *graph) fail(err error, f *ast.Field, path []any) {
	problem := object{"message": err.Error(), "path": path}
	if known, isKnown := err.(graphError); isKnown && known.kind != "" { //nolint:errorlint // it comes straight from a resolver
		problem["type"] = known.kind
	}
	if f.Position != nil {
		problem["locations"] = []object{{"line": f.Position.Line, "column": f.Position.Column}}
	}
	g.errors = append(g.errors, problem)
}

func (g *graph) resolve(t thing, f *ast.Field) (any, error) {
	if resolve := g.resolvers[t.kind+"."+f.Name]; resolve != nil {
		return resolve(g, t, f.ArgumentMap(g.variables))
	}
	if value, has := t.shown[inREST(f.Name)]; has {
		return value, nil
	}
	g.t.Errorf("githubtest: graphql: %s.%s is not implemented", t.kind, f.Name)
	return nil, graphFailure("", "%s.%s is not implemented", t.kind, f.Name)
}

// inREST is the name that REST has for a field.
func inREST(name string) string {
	renamed := map[string]string{
		"id": "node_id", "databaseId": "id", "nameWithOwner": "full_name", "url": "html_url", "isPrivate": "private",
		"isArchived": "archived", "isFork": "fork", "isDraft": "draft", "oid": "sha", "autoMergeAllowed": "allow_auto_merge",
		"mergeCommitAllowed": "allow_merge_commit", "squashMergeAllowed": "allow_squash_merge",
		"rebaseMergeAllowed": "allow_rebase_merge", "hasIssuesEnabled": "has_issues", "isDefault": "default",
	}[name]
	if renamed != "" {
		return renamed
	}
	var snake strings.Builder
	for _, letter := range name {
		if unicode.IsUpper(letter) {
			snake.WriteByte('_')
		}
		snake.WriteRune(unicode.ToLower(letter))
	}
	return snake.String()
}

// complete makes of a value what the schema says of its field.
func (g *graph) complete(kind *ast.Type, value any, f *ast.Field, path []any) any {
	value = plain(value)
	if value == nil {
		if kind.NonNull {
			g.t.Errorf("githubtest: graphql: %v must not be null", path)
		}
		return nil
	}
	switch v := value.(type) {
	case []thing:
		list := make([]any, 0, len(v))
		for n, item := range v {
			list = append(list, g.complete(kind.Elem, item, f, append(slices.Clone(path), n)))
		}
		return list
	case thing:
		if !g.is(v.kind, kind.NamedType) {
			g.t.Errorf("githubtest: graphql: %v is a %s, not a %s", path, v.kind, kind)
		}
		return g.object(v, f.SelectionSet, path)
	}
	return g.leaf(kind, value, path)
}

// plain takes values out of pointers and writes times.
func plain(value any) any {
	switch v := value.(type) {
	case *string:
		if v == nil {
			return nil
		}
		return *v
	case *thing:
		if v == nil {
			return nil
		}
		return *v
	case time.Time:
		return stampOrNull(v)
	}
	return value
}

// leaf is a value of a scalar or an enum. REST writes enums small.
func (g *graph) leaf(kind *ast.Type, value any, path []any) any {
	definition := g.schema.Types[kind.NamedType]
	if definition != nil && definition.Kind == ast.Enum {
		value = strings.ToUpper(fmt.Sprint(value))
		if definition.EnumValues.ForName(fmt.Sprint(value)) == nil {
			g.t.Errorf("githubtest: graphql: %v: %s has no %v", path, kind.NamedType, value)
		}
	}
	if !fits(kind.NamedType, value) {
		g.t.Errorf("githubtest: graphql: %v is %T, not %s", path, value, kind)
	}
	return value
}

func fits(kind string, value any) bool {
	switch value.(type) {
	case int, int64:
		return kind == "Int"
	case bool:
		return kind == "Boolean"
	case string:
		return kind != "Int" && kind != "Boolean"
	}
	return false
}

// connection is a list as the graph pages it.
func connection(kind, name string, all []thing, in map[string]any) (any, error) {
	from, to := 0, len(all)
	if after, has := in["after"].(string); has {
		from = min(position(after)+1, len(all))
	}
	if before, has := in["before"].(string); has {
		to = max(min(position(before), len(all)), from)
	}
	first, hasFirst := count(in["first"])
	last, hasLast := count(in["last"])
	switch {
	case !hasFirst && !hasLast:
		return nil, graphFailure("MISSING_PAGINATION_BOUNDARIES",
			"You must provide a `first` or `last` value to properly paginate the `%s` connection.", name)
	case max(first, last) > 100:
		return nil, graphFailure("EXCESSIVE_PAGINATION",
			"Requesting %d records on the `%s` connection exceeds the `first` limit of 100 records.", max(first, last), name)
	case hasFirst:
		to = min(to, from+first)
	default:
		from = max(from, to-last)
	}
	info := object{"has_next_page": to < len(all), "has_previous_page": from > 0, "start_cursor": nil, "end_cursor": nil}
	if from < to {
		info["start_cursor"], info["end_cursor"] = cursor(from), cursor(to-1)
	}
	return thing{kind: kind, shown: object{
		"nodes": all[from:to], "total_count": len(all), "page_info": thing{kind: "PageInfo", shown: info},
	}}, nil
}

func count(in any) (int, bool) {
	switch n := in.(type) {
	case int64:
		return int(n), true
	case float64:
		return int(n), true
	case int:
		return n, true
	}
	if in == nil {
		return 0, false
	}
	n, err := strconv.Atoi(fmt.Sprint(in)) // a json.Number
	return n, err == nil
}

func cursor(n int) string { return "Y3Vyc29yOn" + strconv.Itoa(n) }

func position(cursor string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(cursor, "Y3Vyc29yOn"))
	if err != nil {
		return -1
	}
	return n
}

// graphResolvers is all fields that REST does not show as they are.
func graphResolvers() map[string]resolver {
	all := map[string]resolver{}
	for _, part := range []map[string]resolver{
		rootFields(), repositoryFields(), pullFields(), gitFields(), rollupFields(), actorFields(), mutations(),
	} {
		maps.Copy(all, part)
	}
	return all
}
