package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"

	"github.com/yuin/goldmark/ast"
	extensions "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// boxAt is where in the source a box's [ is, -1 where that cannot be said.
func boxAt(source []byte, n ast.Node) int {
	parent := n.Parent()
	if parent == nil || parent.Type() != ast.TypeBlock || parent.Lines().Len() == 0 {
		return -1
	}
	at := parent.Lines().At(0).Start
	for at < len(source) && (source[at] == ' ' || source[at] == '\t') {
		at++
	}
	if at+2 >= len(source) || source[at] != '[' || source[at+2] != ']' {
		return -1
	}
	return at
}

func isTicked(mark byte) bool { return mark == 'x' || mark == 'X' }

// boxes is where a text's boxes are.
func boxes(body string) map[int]bool {
	source, found := []byte(body), map[int]bool{}
	root := converter("").Parser().Parse(text.NewReader(source))
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function gives no error
		if entering && n.Kind() == extensions.KindTaskCheckBox {
			found[boxAt(source, n)] = true
		}
		return ast.WalkContinue, nil
	})
	return found
}

// version tells one body from another.
func version(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:8])
}

// ticked is a body with one box turned over: a byte of it is another.
func ticked(body, box string) (string, bool) {
	at, err := strconv.Atoi(box)
	if err != nil || at < 0 || !boxes(body)[at] {
		return "", false
	}
	mark := "x"
	if isTicked(body[at+1]) {
		mark = " "
	}
	return body[:at+1] + mark + body[at+2:], true
}

// tick turns over a box of an issue or a pull request, if the body is still the one
// that was looked at.
func tick(v *visit) (string, error) {
	var i issue
	if err := v.ask(&i, "issues/get", v.number(), nil); err != nil {
		return "", err
	}
	body, found := ticked(i.Body, v.r.PostFormValue("box"))
	if !found || v.r.PostFormValue("version") != version(i.Body) {
		return "", &githubtest.RefusalError{Status: http.StatusConflict, Message: "The text has changed meanwhile: look at it again."}
	}
	return v.link("issues", v.r.PathValue("number")), v.act("issues/update", v.number(), map[string]string{"body": body})
}
