package githubtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

const (
	armorHead = "-----BEGIN PGP SIGNATURE-----\n\n"
	armorFoot = "\n-----END PGP SIGNATURE-----\n"
)

// sign stands for GitHub's key: as the signature lies in the commit it stays
// with it through clones, forks and pushes, and nobody else can make one.
func (g *gitRepo) sign(text string) string {
	mac := hmac.New(sha256.New, g.key)
	mac.Write([]byte(text))
	return armorHead + base64.StdEncoding.EncodeToString(mac.Sum(nil)) + armorFoot
}

// cutSignature takes the signature out of a commit's head.
func cutSignature(head string) (rest, signed string) {
	before, after, has := strings.Cut(head, "\ngpgsig ")
	if !has {
		return head, ""
	}
	var lines, others []string
	for line := range strings.SplitSeq(after, "\n") {
		if text, continues := strings.CutPrefix(line, " "); continues || len(lines) == 0 {
			lines = append(lines, text)
			continue
		}
		others = append(others, "\n"+line)
	}
	return before + strings.Join(others, ""), strings.Join(lines, "\n")
}

// verification is GitHub's verdict: whose signature it is tells, not whom the
// commit names.
func (g *gitRepo) verification(t commitText) object {
	shown := object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
	if t.signed == "" {
		return shown
	}
	shown["reason"], shown["signature"], shown["payload"] = "unknown_key", t.signed, t.unsigned()
	if hmac.Equal([]byte(t.signed), []byte(g.sign(t.unsigned()))) {
		shown["verified"], shown["reason"], shown["verified_at"] = true, "valid", stamp(t.committer.at)
	}
	return shown
}
