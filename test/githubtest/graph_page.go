package githubtest

import (
	"fmt"
	"strconv"
	"strings"
)

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
