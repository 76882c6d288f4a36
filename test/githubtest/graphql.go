package githubtest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// graphPath is where the GraphQL API lies, as on a GitHub Enterprise Server.
const graphPath = "/api/graphql"

// schemaText is the part of GitHub's schema that a bot needs; see NOTICE.
//
//go:embed schema.graphql
var schemaText string

// theSchema is read once, as theContract is.
//
//nolint:gochecknoglobals // a read-only table
var theSchema = sync.OnceValues(func() (*ast.Schema, error) {
	return gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
})

// asked is a body of the GraphQL API.
type asked struct {
	Query         *string        `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
}

// question is one that the schema allows.
type question struct {
	operation *ast.OperationDefinition
	fragments ast.FragmentDefinitionList
	variables map[string]any
}

// name is that of its first field.
func (q *question) name() string {
	for _, selection := range q.operation.SelectionSet {
		if field, isField := selection.(*ast.Field); isField {
			return field.Name
		}
	}
	return "graphql"
}

func (s *Server) serveGraph(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Server: s, r: r, path: "/graphql", name: "graphql", graph: true}
	if !x.read() {
		return // the client is gone
	}
	q, problems := s.question(x.body)
	if problems != nil {
		s.t.Errorf("githubtest: graphql: %v\n%s", problems, x.body)
	} else if q != nil {
		x.name, x.writes = q.name(), q.operation.Operation == ast.Mutation
	}
	x.work = func(ctx context.Context) reply { return x.charge(encode(x.asked(ctx, q, problems))) }
	x.run(r.Context(), w)
}

// question is what a body asks; nil when the body is none at all.
func (s *Server) question(body []byte) (*question, error) {
	var in asked
	c := call{body: body}
	if !c.decode(&in) || in.Query == nil {
		return nil, nil
	}
	doc, problems := gqlparser.LoadQueryWithRules(s.schema, *in.Query, nil)
	if len(problems) > 0 {
		return nil, problems
	}
	operation := doc.Operations.ForName(in.OperationName)
	if operation == nil {
		return nil, gqlerror.List{{Message: fmt.Sprintf("No operation named %q", in.OperationName)}}
	}
	variables, err := validator.VariableValues(s.schema, operation, in.Variables)
	if err != nil {
		return nil, fmt.Errorf("reading the variables: %w", err)
	}
	return &question{operation, doc.Fragments, variables}, nil
}

// asked is the answer to a question, or why there is none.
func (x *exchange) asked(ctx context.Context, q *question, problems error) reply {
	if refusal := x.refuse(); refusal != nil {
		return *refusal
	}
	switch {
	case x.by.token == nil && x.by.user == nil:
		return failure(http.StatusUnauthorized, "This endpoint requires you to be authenticated.")
	case problems != nil:
		return ok(object{"errors": spoken(problems)})
	case q == nil:
		return failure(http.StatusBadRequest, "A query attribute must be specified and must be a string.")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	c := &call{Server: x.Server, ctx: ctx, params: map[string]string{}, query: x.r.URL.Query(), by: x.by}
	g := &graph{call: c, question: q, merges: map[*issue]mergeability{}}
	answer := encode(ok(g.answer())) // under the lock, since it may show what others change
	return reply{status: answer.status, body: answer.bytes, header: answer.header}
}

// spoken is what is wrong with a question, as GraphQL tells it.
func spoken(problems error) []object {
	var list gqlerror.List
	if !errors.As(problems, &list) {
		return []object{{"message": problems.Error()}}
	}
	var all []object
	for _, problem := range list {
		all = append(all, object{"message": problem.Message, "locations": problem.Locations})
	}
	return all
}
