package githubtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

type label struct {
	id                       int64
	name, color, description string
}

func (c *call) showLabel(l *label) object {
	return object{
		"id": l.id, "node_id": node("LA", l.id), "url": c.repo.api("/labels/" + url.PathEscape(l.name)), "name": l.name,
		"color": l.color, "default": false, "description": l.description,
	}
}

func (c *call) showLabels(i *issue) []object {
	shown := []object{}
	for _, name := range i.labels {
		shown = append(shown, c.showLabel(c.repo.labels[strings.ToLower(name)]))
	}
	return shown
}

// label puts labels onto an issue; one that the repository has not is made.
func (c *call) label(i *issue, names []string) {
	for _, name := range names {
		key := strings.ToLower(name)
		if c.repo.labels[key] == nil {
			c.repo.labels[key] = &label{id: c.id(), name: name, color: "ededed"}
		}
		if have := c.repo.labels[key].name; !slices.Contains(i.labels, have) {
			i.labels, i.updated = append(i.labels, have), c.Now()
			c.about(i, "labeled", object{"label": c.showLabel(c.repo.labels[key])})
		}
	}
}

// unlabel takes the labels off that are not to be kept.
func (c *call) unlabel(i *issue, keep func(name string) bool) {
	for _, name := range slices.Clone(i.labels) {
		if keep(name) {
			continue
		}
		i.labels, i.updated = slices.DeleteFunc(i.labels, func(have string) bool { return have == name }), c.Now()
		c.about(i, "unlabeled", object{"label": c.showLabel(c.repo.labels[strings.ToLower(name)])})
	}
}

// relabel leaves an issue with these labels alone.
func (c *call) relabel(i *issue, names []string) {
	c.unlabel(i, func(have string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, have) })
	})
	c.label(i, names)
}

// names is the labels of a call: a list under "labels", or a bare one.
func (c *call) names() ([]string, bool) {
	var bare []string
	if json.Unmarshal(c.body, &bare) == nil {
		return bare, true
	}
	var in struct {
		Labels []string `json:"labels"`
	}
	return in.Labels, c.decode(&in) && in.Labels != nil
}

func addLabels(c *call) reply { return c.putLabels(false) }
func setLabels(c *call) reply { return c.putLabels(true) }

func (c *call) putLabels(afresh bool) reply {
	i := c.issue()
	names, good := c.names()
	switch {
	case i == nil:
		return notFound()
	case !good:
		return failure(http.StatusUnprocessableEntity, "Invalid request.\n\n\"labels\" wasn't supplied.")
	case afresh:
		c.relabel(i, names)
	default:
		c.label(i, names)
	}
	return ok(c.showLabels(i))
}

func listIssueLabels(c *call) reply {
	i := c.issue()
	if i == nil {
		return notFound()
	}
	path := fmt.Sprintf("/repos/%s/issues/%d/labels", c.repo.FullName(), i.number)
	return paged(c, path, i.labels, func(name string) object { return c.showLabel(c.repo.labels[strings.ToLower(name)]) })
}

func removeLabel(c *call) reply {
	i := c.issue()
	if i == nil {
		return notFound()
	}
	before := len(i.labels)
	c.unlabel(i, func(have string) bool { return !strings.EqualFold(have, c.params["name"]) })
	if len(i.labels) == before {
		return failure(http.StatusNotFound, "Label does not exist")
	}
	return ok(c.showLabels(i))
}

func listLabels(c *call) reply {
	names := slices.Sorted(maps.Keys(c.repo.labels))
	return paged(c, "/repos/"+c.repo.FullName()+"/labels", names, func(key string) object { return c.showLabel(c.repo.labels[key]) })
}

func getLabel(c *call) reply {
	l := c.repo.labels[strings.ToLower(c.params["name"])]
	if l == nil {
		return notFound()
	}
	return ok(c.showLabel(l))
}

func createLabel(c *call) reply {
	var in struct {
		Name        string `json:"name"`
		Color       string `json:"color"`
		Description string `json:"description"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	key := strings.ToLower(in.Name)
	if c.repo.labels[key] != nil {
		return invalid("Label", "name", "already_exists", "")
	}
	if in.Color == "" {
		in.Color = "ededed"
	}
	c.repo.labels[key] = &label{c.id(), in.Name, strings.TrimPrefix(in.Color, "#"), in.Description}
	return created(c.showLabel(c.repo.labels[key]))
}
