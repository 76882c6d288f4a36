package githubtest

import (
	"fmt"
	"net/url"
)

// annotation is what a check run says of lines of a file.
type annotation struct {
	Path        string  `json:"path"`
	StartLine   int     `json:"start_line"`
	EndLine     int     `json:"end_line"`
	StartColumn *int    `json:"start_column"`
	EndColumn   *int    `json:"end_column"`
	Level       string  `json:"annotation_level"`
	Message     string  `json:"message"`
	Title       *string `json:"title"`
	Details     *string `json:"raw_details"`
}

func (c *call) showAnnotation(k *checkRun, a annotation) object {
	return object{
		"path": a.Path, "start_line": a.StartLine, "end_line": a.EndLine, "start_column": a.StartColumn, "end_column": a.EndColumn,
		"annotation_level": a.Level, "message": a.Message, "title": a.Title, "raw_details": a.Details,
		"blob_href": c.repo.html("/blob/" + k.head + "/" + (&url.URL{Path: a.Path}).EscapedPath()),
	}
}

func listAnnotations(c *call) reply {
	k := c.check()
	if k == nil {
		return notFound()
	}
	path := fmt.Sprintf("/repos/%s/check-runs/%d/annotations", c.repo.FullName(), k.id)
	return paged(c, path, k.annotations, func(a annotation) object { return c.showAnnotation(k, a) })
}
