package githubtest_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// described is GitHub's description of its answers, by operation and status.
func described(t *testing.T) map[string]*openapi3.SchemaRef {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*openapi3.SchemaRef{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				if media := response.Value.Content.Get("application/json"); media != nil {
					found[op.OperationID+" "+status] = media.Schema
				}
			}
		}
	}
	return found
}

// compare is all that differs between what GitHub answered and an answer of the
// stand-in's.
func compare(r recording, a answer, description map[string]*openapi3.SchemaRef) []string {
	var found []string
	if r.header("Date") != "" { // others have made up those without
		found = compareHeaders(r, a)
	}
	if a.status != r.status {
		return append(found, fmt.Sprintf("status: %d %s, recorded %d", a.status, a.message(), r.status))
	}
	var body any = a.list
	if a.body != nil {
		body = a.body
	}
	if recorded, isObject := r.Response.Body.(map[string]any); isObject && r.status >= 300 {
		return append(found, compareRefusals(recorded, a.body)...)
	}
	if _, isText := r.Response.Body.(string); isText || r.Response.Body == nil {
		return found
	}
	s := shapes{}
	s.compare("", []any{r.Response.Body}, []any{body}, schemas{description[fmt.Sprintf("%s %d", r.operation, r.status)]}.flat())
	return append(found, slices.Sorted(maps.Keys(s))...)
}

func compareRefusals(recorded, body map[string]any) []string {
	var found []string
	for _, name := range []string{"message", "errors"} {
		if was, is := fmt.Sprint(recorded[name]), fmt.Sprint(body[name]); was != is {
			found = append(found, fmt.Sprintf("%s: %q, recorded %q", name, is, was))
		}
	}
	for name := range recorded {
		if _, has := body[name]; !has {
			found = append(found, "missing ."+name)
		}
	}
	return found
}

// shapes is what differs in keys and types.
type shapes map[string]bool

func (s shapes) add(format string, args ...any) { s[fmt.Sprintf(format, args...)] = true }

// compare takes all values that stand at one place: those of a list's items
// together.
func (s shapes) compare(path string, recorded, here []any, described schemas) {
	was, is := kinds(recorded), kinds(here)
	if len(was) > 0 && len(is) > 0 && !slices.Equal(was, is) {
		s.add("type %s: %v, recorded %v", path, is, was)
	}
	if len(is) == 0 && (slices.Contains(was, "object") || slices.Contains(was, "array")) {
		s.add("null %s", path)
	}
	s.compareLists(path, recorded, here, described)
	s.compareObjects(path, recorded, here, described)
	s.compareForms(path, recorded, here)
}

func (s shapes) compareLists(path string, recorded, here []any, described schemas) {
	was, is := items(recorded), items(here)
	switch {
	case len(was) > 0 && len(is) > 0:
		s.compare(path+"[]", was, is, described.items())
	case len(was) > 0 && slices.Contains(kinds(here), "array"):
		s.add("empty %s", path)
	}
}

func (s shapes) compareObjects(path string, recorded, here []any, described schemas) {
	was, is := members(recorded), members(here)
	if len(was) == 0 || len(is) == 0 || described.open() {
		return
	}
	for name, values := range was {
		child := described.property(name)
		switch at := path + "." + name; {
		case is[name] != nil:
			s.compare(at, values, is[name], child)
		case len(child) == 0:
			s.add("older %s", at)
		default:
			s.add("missing %s", at)
		}
	}
	for name := range is {
		switch {
		case was[name] != nil:
		case len(described.property(name)) == 0:
			s.add("unknown %s.%s", path, name)
		default:
			s.add("newer %s.%s", path, name)
		}
	}
}

// compareForms is of texts: the addresses and the times. One of the recorded
// forms has to be one of the stand-in's.
func (s shapes) compareForms(path string, recorded, here []any) {
	was, is := forms(recorded), forms(here)
	if len(was) == 0 || len(is) == 0 {
		return
	}
	for _, form := range is {
		if !slices.Contains(was, form) {
			s.add("form %s: %s, recorded %s", path, form, strings.Join(was, " "))
		}
	}
}

func forms(all []any) []string {
	var found []string
	for _, v := range all {
		text, isText := v.(string)
		if form := formOf(text); isText && form != "" && !slices.Contains(found, form) {
			found = append(found, form)
		}
	}
	slices.Sort(found)
	return found
}

// formOf is an address without what is a name or a number in it, or a time.
func formOf(text string) string {
	if regexp.MustCompile(`^\d{4}-\d\d-\d\dT`).MatchString(text) {
		return regexp.MustCompile(`\d`).ReplaceAllString(text, "0")
	}
	at, err := url.Parse(text)
	if err != nil || at.Host == "" || (at.Scheme != "http" && at.Scheme != "https") {
		return ""
	}
	path := strings.TrimPrefix(at.Path, "/api/v3")
	path = regexp.MustCompile(`^/[^/]+$`).ReplaceAllString(path, "/O")
	path = regexp.MustCompile(`^/(apps|orgs|organizations|users)/[^/{]+(/|$|\{)`).ReplaceAllString(path, "/${1}:O${2}")
	path = regexp.MustCompile(`^/(repos/)?[^/]+/[^/{]+(/|$|\{)`).ReplaceAllString(path, "/${1}O/R${2}")
	path = regexp.MustCompile(`[0-9a-f]{40}`).ReplaceAllString(path, "H")
	path = regexp.MustCompile(`/(labels|contents|raw/H|blob/H|zipball/refs/tags|tarball/refs/tags|releases/tag|runs)/[^{]+$`).ReplaceAllString(path, "/$1/NAME")
	path = regexp.MustCompile(`/branches/[^/{]+`).ReplaceAllString(path, "/branches/NAME")
	path = regexp.MustCompile(`/(zipball|tarball)/[^/]+$`).ReplaceAllString(path, "/$1/NAME")
	path = regexp.MustCompile(`/(blob|raw)/(refs/heads/)?(test/)?[\w-]+/.*$`).ReplaceAllString(path, "/$1/REF/NAME")
	path = regexp.MustCompile(`/compare/.*:.*$`).ReplaceAllString(path, "/compare/O:H...O:H")
	path = regexp.MustCompile(`\d+`).ReplaceAllString(path, "N")
	if at.Fragment != "" {
		path += "#" + regexp.MustCompile(`\d+`).ReplaceAllString(at.Fragment, "N")
	}
	return path
}

// kinds is the types of values but for null.
func kinds(all []any) []string {
	var found []string
	for _, v := range all {
		kind := "number"
		switch v.(type) {
		case nil:
			continue
		case bool:
			kind = "bool"
		case string:
			kind = "string"
		case []any:
			kind = "array"
		case map[string]any:
			kind = "object"
		}
		if !slices.Contains(found, kind) {
			found = append(found, kind)
		}
	}
	slices.Sort(found)
	return found
}

func items(all []any) []any {
	var found []any
	for _, v := range all {
		list, _ := v.([]any)
		found = append(found, list...)
	}
	return found
}

func members(all []any) map[string][]any {
	found := map[string][]any{}
	for _, v := range all {
		object, _ := v.(map[string]any)
		for name, value := range object {
			found[name] = append(found[name], value)
		}
	}
	return found
}

// schemas is what the description says of one place: it may be one of several.
type schemas []*openapi3.SchemaRef

func (all schemas) flat() schemas {
	var found schemas
	for _, one := range all {
		if one == nil || one.Value == nil {
			continue
		}
		found = append(found, one)
		for _, parts := range []openapi3.SchemaRefs{one.Value.AllOf, one.Value.AnyOf, one.Value.OneOf} {
			found = append(found, schemas(parts).flat()...)
		}
	}
	return found
}

func (all schemas) property(name string) schemas {
	var found schemas
	for _, one := range all {
		found = append(found, one.Value.Properties[name])
	}
	return found.flat()
}

func (all schemas) items() schemas {
	var found schemas
	for _, one := range all {
		found = append(found, one.Value.Items)
	}
	return found.flat()
}

// open says whether the keys are names of something.
func (all schemas) open() bool {
	return len(all.property("metadata")) > 0 || slices.ContainsFunc(all, func(one *openapi3.SchemaRef) bool { // permissions
		return one.Value.AdditionalProperties.Schema != nil
	})
}

// compareHeaders is of those that tell something.
func compareHeaders(r recording, a answer) []string {
	var found []string
	for name, form := range map[string]func(string) string{
		"ETag": etagForm, "Link": rels, "Location": formOf, "Cache-Control": plain, "Content-Type": plain,
		"X-RateLimit-Limit": presence, "X-RateLimit-Remaining": presence, "X-RateLimit-Reset": presence, "X-RateLimit-Used": presence,
		"X-RateLimit-Resource": plain, "Retry-After": presence, "Last-Modified": presence, "X-GitHub-Api-Version-Selected": plain,
		"X-GitHub-Media-Type": presence,
	} {
		was, is := form(r.header(name)), form(a.header.Get(name))
		if was != is {
			found = append(found, fmt.Sprintf("header %s: %s, recorded %s", name, cmp.Or(is, "none"), cmp.Or(was, "none")))
		}
	}
	slices.Sort(found)
	return found
}

func plain(text string) string { return text }

func presence(text string) string {
	if text == "" {
		return ""
	}
	if _, err := strconv.Atoi(text); err == nil {
		return "a number"
	}
	return "a text"
}

func etagForm(text string) string {
	switch {
	case text == "":
		return ""
	case strings.HasPrefix(text, "W/"):
		return "weak"
	}
	return "strong"
}

// rels is the relations of a Link header, in order of their names.
func rels(text string) string {
	var found []string
	for _, m := range regexp.MustCompile(`rel="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}
