package githubtest

import (
	"fmt"
	"maps"
	"slices"
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
	merges map[*issue]mergeability // asked once for each: all fields say the same
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

// graphResolvers is all fields that REST does not show as they are.
func graphResolvers() map[string]resolver {
	all := map[string]resolver{}
	for _, part := range []map[string]resolver{
		rootFields(), repositoryFields(), pullFields(), gitFields(), rollupFields(), actorFields(), queueFields(), mutations(),
	} {
		maps.Copy(all, part)
	}
	return all
}
