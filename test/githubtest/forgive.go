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
