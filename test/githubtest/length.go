package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"
)

// length is how many characters a field of a call's body may have.
type length struct {
	field    string
	most     int
	resource string
}

// lengths are the limits that GitHub's description does not tell.
func lengths(operation string) []length {
	title, body := length{"title", 256, "Issue"}, length{"body", maxBody, "Issue"}
	name := []length{{"name", 50, "Label"}, {"description", 100, "Label"}}
	return map[string][]length{
		"pulls/create":                {title, body},
		"pulls/update":                {title, body},
		"pulls/create-review":         {{"body", maxBody, "PullRequestReview"}},
		"pulls/update-review":         {{"body", maxBody, "PullRequestReview"}},
		"issues/create":               {title, body},
		"issues/update":               {title, body},
		"issues/create-label":         name,
		"issues/update-label":         append([]length{{"new_name", 50, "Label"}}, name...),
		"repos/create-commit-status":  {{"description", 140, "Status"}},
		"repos/create-release":        {{"body", 125_000, "Release"}},
		"repos/update-release":        {{"body", 125_000, "Release"}},
		"issues/create-comment":       {body},
		"issues/update-comment":       {body},
		"repos/create-commit-comment": {body},
	}[operation]
}

// tooLongIn refuses a call for the first field that is too long.
func tooLongIn(operation string, body []byte) *reply {
	limits := lengths(operation)
	var in map[string]any
	if limits == nil || json.Unmarshal(body, &in) != nil {
		return nil
	}
	for _, l := range limits {
		text, isText := in[l.field].(string)
		if isText && utf8.RuneCountInString(text) > l.most {
			r := invalid(l.resource, l.field, "custom", fmt.Sprintf("%s is too long (maximum is %d characters)", l.field, l.most))
			return &r
		}
	}
	return nil
}

// supplied refuses more than there may be, as GitHub's checks do.
func supplied(what string, most, have int) *reply {
	if have <= most {
		return nil
	}
	return refuse(http.StatusUnprocessableEntity, fmt.Sprintf("Invalid request.\n\n"+what, most, have))
}
