package command

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

var (
	// htmlTag is a tag, with the slash of a closing one, and its name.
	htmlTag = regexp.MustCompile(`<(/?)([A-Za-z][A-Za-z0-9]*)[^<>]*>`)
	// htmlComment reaches the end where nothing closes it.
	htmlComment = regexp.MustCompile(`(?s)<!--.*?(?:-->|$)`)
)

// htmlBlock is html for a block, whose last line is apart.
func (v *view) htmlBlock(n *ast.HTMLBlock) {
	piece := n.Lines().Value(v.source)
	if n.HasClosure() {
		piece = slices.Concat(piece, n.ClosureLine.Value(v.source))
	}
	v.html(piece)
}

// html notes which tags are open after a piece of HTML. Like a browser it forgets
// about one that closes what is not open.
func (v *view) html(piece []byte) {
	for _, tag := range htmlTag.FindAllSubmatch(htmlComment.ReplaceAll(piece, nil), -1) {
		name := string(bytes.ToLower(tag[2]))
		switch {
		case !hides(name):
		case len(tag[1]) == 0:
			v.open[name]++
		case v.open[name] > 0:
			v.open[name]--
		}
	}
}

// hides tells whether HTML shows what is in such a tag as code, as somebody else's
// words, as taken back, or not at once.
func hides(tag string) bool {
	switch tag {
	case "blockquote", "q", "cite", "code", "pre", "samp", "kbd", "tt", "var", "del", "s", "strike", "details", "table":
		return true
	}
	return false
}

func (v *view) hidden() bool {
	for _, open := range v.open {
		if open > 0 {
			return true
		}
	}
	return false
}

// introductions are the lines that mail programs write above what they quote,
// without a sign that Markdown would know. GitHub writes ***@***.*** for addresses.
//
//nolint:gochecknoglobals // a table, never written
var introductions = []*regexp.Regexp{
	regexp.MustCompile(`^On\s.*\swrote:$`),
	regexp.MustCompile(`(?:<\S+@\S+>|\*\*\*@\*\*\*\.\*\*\*>?).{0,60}:$`),
	regexp.MustCompile(`^-{3,}\s*\pL[\pL' ]*-{3,}$`), // -----Original Message-----
	regexp.MustCompile(`^[*_]{0,2}(?:From|Von|De|Da|Van|Från|Fra)\s?:.*\n` +
		`[*_]{0,2}(?:Sent|Date|To|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Fecha|Para|Asunto|Assunto|Inviato|Data|A|Oggetto|Verzonden|Aan|Onderwerp|Skickat|Till|Ämne|Sendt|Til|Emne)\s?:`),
}

// introduces tells whether a line, alone or with the next, introduces the e-mail
// to which somebody replied.
func introduces(line, next string) bool {
	line, next = strings.TrimSpace(line), strings.TrimSpace(next)
	if introduction(line) {
		return true
	}
	// A long line is broken once.
	return !introduction(next) && !begins(line) && (introduction(line+"\n"+next) || introduction(line+" "+next))
}

func introduction(text string) bool {
	for _, i := range introductions {
		if i.MatchString(text) {
			return true
		}
	}
	return false
}
