package command

import (
	"strings"

	"github.com/imageupdater/imageupdater/config"
)

// nearest is the command that somebody may have meant with another word; "" for a
// word that is more likely somebody else's, as another bot's or the beginning of a
// path. One edit is forgiven, and two in the longest word.
func nearest(word string) Name {
	core := word
	if end := strings.IndexFunc(word, func(r rune) bool { return !inWords(r) }); end >= 0 {
		if core = word[:end]; word[end] == '/' {
			return ""
		}
	}
	core = strings.TrimRight(core, "._-")
	if len(core) > 2*len(Recreate) {
		return ""
	}
	var near Name
	least := len(core)
	for _, u := range Usages() {
		edits := config.Edits(core, string(u.Name))
		if edits < least && edits <= max(1, len(u.Name)/4) {
			near, least = u.Name, edits
		}
	}
	return near
}

// inWords tells whether a character may be part of a command's word, or of a word
// that is none because of it: /rescan-all, /help.txt, /merge2.
func inWords(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("._-", r)
}
