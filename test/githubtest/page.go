package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// page is the part of a list that a call asks for, with the Link header.
func page[T any](c *call, path string, all []T) ([]T, http.Header) {
	size := min(c.positive("per_page", 30), 100)
	number := c.positive("page", 1)
	last := max((len(all)+size-1)/size, 1)
	from := min((number-1)*size, len(all))
	return all[from:min(from+size, len(all))], c.links(path, number, last)
}

func (c *call) positive(name string, otherwise int) int {
	n, err := strconv.Atoi(c.query.Get(name))
	if err != nil || n < 1 {
		return otherwise
	}
	return n
}

func (c *call) links(path string, number, last int) http.Header {
	var links []string
	add := func(rel string, n int) {
		query := c.query
		query.Set("page", strconv.Itoa(n))
		links = append(links, fmt.Sprintf(`<%s?%s>; rel=%q`, c.api("%s", path), query.Encode(), rel))
	}
	if number > 1 {
		add("prev", min(number-1, last))
	}
	if number < last {
		add("next", number+1)
		add("last", last)
	}
	if number > 1 {
		add("first", 1)
	}
	header := http.Header{}
	if len(links) > 0 {
		header.Set("Link", strings.Join(links, ", "))
	}
	return header
}

// paged answers a page of a list, each item shown as GitHub shows it.
func paged[T any](c *call, path string, all []T, show func(T) object) reply {
	part, header := page(c, path, all)
	shown := make([]object, 0, len(part))
	for _, item := range part {
		shown = append(shown, show(item))
	}
	return reply{status: http.StatusOK, body: shown, header: header}
}

// pagedUnder is for those lists that GitHub wraps, with their total count.
func pagedUnder[T any](c *call, path, name string, all []T, show func(T) object) reply {
	r := paged(c, path, all, show)
	r.body = object{"total_count": len(all), name: r.body}
	return r
}
