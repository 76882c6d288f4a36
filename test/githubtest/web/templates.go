package web

import (
	"cmp"
	"fmt"
	"hash/adler32"
	"html/template"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// templates is one of each page, by its name. now is the stand-in's clock.
func templates(now func() time.Time) (map[string]*template.Template, error) {
	shared := template.New("").Funcs(template.FuncMap{
		"ago":   func(at time.Time) string { return ago(now().Sub(at)) },
		"stamp": func(at time.Time) string { return at.UTC().Format("2 Jan 2006 15:04:05 MST") },
		"path":  join,
		"short": func(sha string) string { return sha[:min(7, len(sha))] },
		"state": func(word string) state { return state{word} },
		"plural": func(n int, word string) string {
			if n == 1 {
				return "1 " + word
			}
			return fmt.Sprintf("%d %ss", n, word)
		},
		"initial": func(login string) string { return strings.ToUpper(cmp.Or(login, "?")[:1]) },
		"hue":     hue,
		"on":      on,
		"cut":     func(text string) string { short, _ := shorten(text, maxTitle); return short },
		"inc":     func(n int) int { return n + 1 },
	})
	shared, err := shared.ParseFS(files, "templates/layout.html", "templates/part-*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	names, err := fs.Glob(files, "templates/page-*.html")
	if err != nil {
		return nil, fmt.Errorf("listing the templates: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		t, err := shared.Clone()
		if err == nil {
			t, err = t.ParseFS(files, name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the templates: %w", err)
		}
		pages[strings.TrimSuffix(strings.TrimPrefix(name, "templates/page-"), ".html")] = t
	}
	return pages, nil
}

// maxTitle is how many bytes of a title or a message's first line are shown.
const maxTitle = 300

// ago is a time as people say it.
func ago(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		switch n := int(d / unit.of); {
		case n == 1:
			return "1 " + unit.name + " ago"
		case n > 1:
			return fmt.Sprintf("%d %ss ago", n, unit.name)
		}
	}
	return "just now"
}

// hue is one of the style's colours, always the same for a login, and the shape of
// a bot.
func hue(login string) string {
	class := "hue" + strconv.Itoa(int(adler32.Checksum([]byte(login))%6))
	if strings.HasSuffix(login, "[bot]") {
		class += " bot"
	}
	return class
}

// state is of a pull request, an issue, a check or a status, with its word.
type state struct{ Word string }

// Sign is a character that says it at a glance.
func (s state) Sign() string {
	sign := map[string]string{
		"open": "○", "closed": "⊘", "merged": "●", "draft": "◌", "success": "✓", "failure": "✕", "error": "✕", "neutral": "■", "skipped": "–",
		"cancelled": "–", "action_required": "!", "timed_out": "✕", "added": "+", "removed": "−", "modified": "•", "renamed": "→",
	}[s.Word]
	return cmp.Or(sign, "…")
}

// part is what a shared template is given: the page, and what it is about.
type part struct {
	*page

	Of any
}

func on(p *page, of any) part { return part{p, of} }
