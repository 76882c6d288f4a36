package foreign

import (
	"html"
	"regexp"
	"strings"
)

var (
	// entity is what stands for a character.
	entity = regexp.MustCompile(`^&(?:#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});`)
	// bareURL begins where GitHub, or a reader of its mails, would see an address.
	bareURL = regexp.MustCompile(`(?i)(?:[a-z][a-z0-9+.-]*://|www\.)[^<>"` + "`" + `\[\]{}|\\^]*`)
	// live is what GitHub makes a link of, or somebody's notification: @user and
	// @org/team (and with them addresses of mail and owner/repository@commit), #12 and
	// owner/repository#12, GH-12, commits, and the $ of formulas. The first group
	// stays text, the second is written as code: together they would be live.
	live = regexp.MustCompile(`(@)([A-Za-z0-9_][A-Za-z0-9_-]*(?:/[A-Za-z0-9_.-]*[A-Za-z0-9_-])?)` +
		`|(#)([0-9]+)` +
		`|((?i:gh-))([0-9]+)` +
		`|\b()([0-9a-fA-F]{7,40})\b` +
		`|()(\$[\w{(](?:[\w.,:/{}()-]*[\w})])?)`)
)

// unescape makes characters of what Markdown writes for them.
func unescape(text string) string {
	if !strings.ContainsAny(text, `\&`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && punctuation(text[i+1]):
			i++
			b.WriteByte(text[i])
			continue
		case text[i] == '&':
			if found := entity.FindString(text[i:]); found != "" {
				b.WriteString(html.UnescapeString(found))
				i += len(found) - 1
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func punctuation(b byte) bool {
	return b >= '!' && b <= '/' || b >= ':' && b <= '@' || b >= '[' && b <= '`' || b >= '{' && b <= '~'
}

// word writes a word of text, of which nothing is live afterwards.
func (w *writer) word(word string) {
	if head, ends := endsInWeb(word); ends {
		w.word(head)
		w.code(word[len(head):])
		return
	}
	if quiet(word) {
		w.escaped(word)
		return
	}
	at := bareURL.FindStringIndex(word)
	if at == nil {
		w.plain(word)
		return
	}
	address := untrailed(word[at[0]:at[1]])
	w.plain(word[:at[0]])
	w.url(address)
	w.word(word[at[0]+len(address):])
}

// endsInWeb says whether the full stop of a sentence would make an address of a word,
// and what is before that.
func endsInWeb(word string) (string, bool) {
	n := len(word) - len("www")
	if n < 0 || !strings.EqualFold(word[n:], "www") {
		return "", false
	}
	return word[:n], true
}

// quiet tells, of most words, that nothing in them is live.
func quiet(word string) bool {
	digits, before := 0, byte(0)
	for i := range len(word) {
		b := word[i]
		if loud(before, b) {
			return false
		}
		if before = b; !hexadecimal(b) {
			digits = 0
		} else if digits++; digits >= shortestCommit {
			return false
		}
	}
	return true
}

// loud tells of characters without which no word is live but a commit.
func loud(before, b byte) bool {
	switch b {
	case '@', '#', '$':
		return true
	case '.':
		return before|' ' == 'w'
	case '-':
		return before|' ' == 'h'
	case '/':
		return before == ':'
	}
	return false
}

func hexadecimal(b byte) bool {
	return b >= '0' && b <= '9' || b|' ' >= 'a' && b|' ' <= 'f'
}

// shortestCommit is how much GitHub needs of a commit to find it.
const shortestCommit = 7

// untrailed is an address without what rather belongs to the sentence around it.
func untrailed(address string) string {
	for {
		last := address[len(address)-1]
		closes := last == ')' && strings.Count(address, ")") <= strings.Count(address, "(")
		if closes || strings.IndexByte(`?!.,:;*_~'")/`, last) < 0 {
			return address
		}
		address = address[:len(address)-1]
	}
}

// url writes an address: as a link, or as code if it cannot be one.
func (w *writer) url(address string) {
	full := address
	if len(full) > 4 && strings.EqualFold(full[:4], "www.") {
		full = "https://" + full
	}
	u, ok := webURL(full)
	to := ""
	if ok {
		to = w.page.destination(u)
	}
	if to == "" || w.inLink {
		w.code(address)
		return
	}
	w.show("[")
	w.inLink = true
	w.word(w.page.display(u))
	w.endLink(to)
}

// plain writes text in which there is no address.
func (w *writer) plain(text string) {
	for {
		at := live.FindStringSubmatchIndex(text)
		if at == nil {
			break
		}
		before := text[:at[0]]
		w.escaped(before)
		for group := 2; group < len(at); group += 4 {
			if at[group] >= 0 {
				w.split(before, text[at[group]:at[group+1]], text[at[group+2]:at[group+3]])
			}
		}
		text = text[at[1]:]
	}
	w.escaped(text)
}

// split writes what would be live as text and code. The number of an issue leads to
// it, where it is known of which repository it is.
func (w *writer) split(before, sign, rest string) {
	to := ""
	if sign == "#" && !w.inLink {
		to = w.page.issue(before, rest)
	}
	if to == "" {
		w.escaped(sign)
		w.code(rest)
		return
	}
	w.show("[")
	w.escaped(sign)
	w.code(rest)
	w.ends("](" + to + ")")
}

// escaped writes text as it is, for Markdown's readers.
func (w *writer) escaped(text string) {
	if text == "" {
		return
	}
	w.show("")
	start := w.atStart()
	for i := range len(text) {
		if w.means(text, i, start) {
			w.out = append(w.out, '\\')
		}
		if text[i] == '$' {
			w.out = append(w.out, "＄"...)
			continue
		}
		w.out = append(w.out, text[i])
	}
}

// means tells whether Markdown might mean something by a character.
func (w *writer) means(text string, i int, start bool) bool {
	switch text[i] {
	case '\\', '`', '*', '_', '[', ']', '<', '~', '|', '&', '#', '^':
		return true
	case '!': // before a link it makes an image, after < a comment
		return i+1 == len(text) || text[i+1] == '-'
	case '-', '+', '=', '>', ':', '/':
		return start && i == 0
	case '.', ')':
		return start && i > 0 && strings.Trim(text[:i], "0123456789") == ""
	}
	return false
}
