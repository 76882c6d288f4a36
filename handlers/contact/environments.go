package contact

import (
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/format"
)

// mostEnvironments is how many rules are proposed: nobody reads more.
const mostEnvironments = 30

// parents are folders that hold one folder for each environment.
func parents() []string {
	return []string{"cluster", "clusters", "env", "environment", "environments", "envs", "overlay", "overlays", "stages"}
}

// environments are folders that are one by their name.
func environments() []string {
	return []string{
		"canary", "demo", "dev", "development", "int", "integration", "live", "prd", "pre-prod", "preprod", "preproduction", "prod",
		"production", "qa", "sandbox", "stage", "staging", "stg", "test", "testing", "uat",
	}
}

// environment is one that a repository has folders for.
type environment struct {
	name string
	// folders are those that hold its files, tails how their paths end.
	folders, tails []string
}

// environmentRules group the updates of each environment.
func environmentRules(fields []format.Field) string {
	all := found(fields)
	if len(all) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("  # All updates of an environment share one pull request.\n")
	for i, e := range all {
		if i == mostEnvironments {
			text.WriteString("  # There are more environments: they can be written the same way.\n")
			break
		}
		text.WriteString("  - match: {path: " + list(e.globs()) + "}\n    group: " + quoted(e.name) + "\n")
	}
	return text.String()
}

// found are the environments, by their names.
func found(fields []format.Field) []*environment {
	byName := map[string]*environment{}
	var all []*environment
	for i := range fields {
		folder, tail, name := place(fields[i].File)
		if name == "" {
			continue
		}
		e := byName[name]
		if e == nil {
			e = &environment{name: name}
			byName[name], all = e, append(all, e)
		}
		if !slices.Contains(e.folders, folder) {
			e.folders, e.tails = append(e.folders, folder), append(e.tails, tail)
		}
	}
	slices.SortFunc(all, func(a, b *environment) int { return strings.Compare(a.name, b.name) })
	return all
}

// place is the folder of an environment that a file is in, and how its path ends;
// name is "" where it is in none.
func place(file string) (folder, tail, name string) {
	segments := strings.Split(file, "/")
	folders := segments[:len(segments)-1]
	for i, segment := range folders {
		lowered := strings.ToLower(segment)
		switch {
		case slices.Contains(environments(), lowered) && plain(segment):
			return strings.Join(folders[:i+1], "/"), segment, segment
		case slices.Contains(parents(), lowered) && i+1 < len(folders) && plain(folders[i+1]):
			return strings.Join(folders[:i+2], "/"), segment + "/" + folders[i+1], folders[i+1]
		}
	}
	return "", "", ""
}

// plain tells whether a text means nothing but itself in YAML's quotes, in globs and in
// templates.
func plain(text string) bool {
	for _, r := range text {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./", r) {
			return false
		}
	}
	return text != ""
}

// globs fit the files of an environment: those of its folder, or where it has many
// those of all that are called so.
func (e *environment) globs() []string {
	var globs []string
	for i, folder := range e.folders {
		if many := slices.Index(e.tails, e.tails[i]) != i || slices.Contains(e.tails[i+1:], e.tails[i]); many || !plain(folder) {
			folder = "**/" + e.tails[i]
		}
		globs = append(globs, quoted(folder+"/**"))
	}
	return globs
}
