package githubtest

import (
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
)

// forgiveHeads lets a pull request's head be without label and repository: the
// description does not know that a fork can be deleted, which GitHub does.
func forgiveHeads(doc *openapi3.T) {
	for _, name := range []string{"pull-request", "pull-request-simple"} {
		head := doc.Components.Schemas[name].Value.Properties["head"].Value.Properties
		for _, of := range []string{"label", "repo"} {
			schema := *head[of].Value
			schema.Nullable = true
			head[of] = &openapi3.SchemaRef{Value: &schema}
		}
	}
}

// forgiveAutoMerge lets an order to merge be without words of its own: GitHub's
// webhooks know null there, its description of the API does not.
func forgiveAutoMerge(doc *openapi3.T) {
	words := doc.Components.Schemas["auto-merge"].Value.Properties
	for _, name := range []string{"commit_title", "commit_message"} {
		schema := *words[name].Value
		schema.Nullable = true
		words[name] = &openapi3.SchemaRef{Value: &schema}
	}
}

// forgiveConclusions lets a check run end in the ways that are GitHub's alone to
// set: the description knows them of suites, and webhooks of runs.
func forgiveConclusions(doc *openapi3.T) {
	conclusion := doc.Components.Schemas["check-run"].Value.Properties["conclusion"].Value
	conclusion.Enum = append(conclusion.Enum, "stale", "startup_failure")
}

// forgiveRefusals lets a 409 or a 422 be of several kinds at once: the
// description wants exactly one of two that most refusals are both of.
func forgiveRefusals(doc *openapi3.T) {
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, status := range []int{http.StatusConflict, http.StatusUnprocessableEntity} {
				forgiveRefusal(op.Responses.Status(status))
			}
		}
	}
}

func forgiveRefusal(refusal *openapi3.ResponseRef) {
	if refusal == nil {
		return
	}
	if media := refusal.Value.Content.Get("application/json"); media != nil && media.Schema != nil {
		media.Schema.Value.AnyOf, media.Schema.Value.OneOf = append(media.Schema.Value.AnyOf, media.Schema.Value.OneOf...), nil
	}
}
