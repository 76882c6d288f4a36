package foreign

import (
	"strings"

	"golang.org/x/net/html"
)

// html takes what HTML says, and the addresses of its links and pictures; not the
// HTML, nor what it does not show.
func (l *inlines) html(source string) {
	tokens := html.NewTokenizer(strings.NewReader(source))
	hidden := ""
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if hidden == "" {
				l.lines(tokens.Token().Data)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := tokens.Token()
			if tag.Data == "script" || tag.Data == "style" {
				hidden = tag.Data
			}
			l.tag(tag)
		case html.EndTagToken:
			tag := tokens.Token()
			if tag.Data == hidden {
				hidden = ""
			}
			l.endTag(tag.Data)
		default: // comments and the like
		}
	}
}

func (l *inlines) lines(text string) {
	for line := range strings.Lines(text) {
		l.add(words, strings.TrimSuffix(line, "\n"))
		if strings.HasSuffix(line, "\n") {
			l.add(newline, "")
		}
	}
}

func (l *inlines) tag(tag html.Token) {
	switch {
	case tag.Data == "img":
		l.image(attribute(tag, "src"), func() { l.add(words, attribute(tag, "alt")) })
	case tag.Data == "a":
		l.href = attribute(tag, "href")
	case breaking(tag.Data):
		l.add(newline, "")
	}
}

// endTag writes the address of a link behind what the link says: there it is one
// whatever was in between.
func (l *inlines) endTag(name string) {
	if breaking(name) {
		l.add(newline, "")
	}
	if name != "a" || l.href == "" {
		return
	}
	if u, ok := webURL(l.href); ok && !l.inLink {
		l.add(words, " (")
		l.address(u.String())
		l.add(words, ")")
	}
	l.href = ""
}

func attribute(tag html.Token, name string) string {
	for _, a := range tag.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// breaking tells whether what is in a tag, or after it, stands on a line of its own.
func breaking(tag string) bool {
	switch tag {
	case "br", "hr", "p", "div", "li", "ul", "ol", "dl", "dt", "dd", "tr", "table", "pre", "blockquote",
		"details", "summary", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "center":
		return true
	}
	return false
}
