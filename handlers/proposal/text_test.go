package proposal

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/version"
)

var update = flag.Bool("update", false, "write the golden files")

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const (
	oldDigest = "sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
	newDigest = "sha256:f9e8d7c6b5a4938271605f4e3d2c1b0af9e8d7c6b5a4938271605f4e3d2c1b0a"
	someBase  = "3f786850e387550fdab836ed7e6dc881de23001b"
	somePage  = "https://github.com/orchard/deploy"
)

// step is a change from tag to tag.
func step(path string, line int, image, from, to string, kind version.Kind) Change {
	return Change{
		Path: path, Key: "image.tag", Line: line, Image: image,
		From: value(from), To: value(to), Kind: kind, Since: noon.Add(-50 * time.Hour),
	}
}

// value reads "tag@digest".
func value(text string) Value {
	tag, digest, _ := strings.Cut(text, "@")
	return Value{Tag: tag, Digest: digest}
}

func notesOf(held ...Held) *Notes {
	return &Notes{
		RepositoryURL: somePage, BaseSHA: someBase, Held: held,
	}
}

// titled are settings with a template for titles.
func titled(tb testing.TB, template string) config.Settings {
	tb.Helper()
	c, _, err := config.Load(tb.Context(), "test.yaml", fmt.Appendf(nil, "defaults: {title: %q}\n", template), config.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return c.Settings(config.Subject{}).Settings
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got\n%s\ngo test ./handlers/proposal -update writes it anew", file, diff)
	}
}

// hostile are values that try to be more than text. Each says "pwned".
func hostile() []string {
	return []string{
		"pwned @orchard/pickers @root", "@pwned", "fixes #1 pwned", "orchard/deploy#12 pwned", "GH-12 pwned", "pwned@example.org",
		"https://pwned.example/x", "www.pwned.example", "mailto:pwned@example.org", "https://github.com/orchard/deploy/issues/1?pwned",
		"<b>pwned</b>", "<script>pwned</script>", "<img src=x onerror=pwned>", "<https://pwned.example>", "&#64;pwned &lt;b&gt;",
		"![pwned](https://pwned.example/p.png)", "[pwned](https://pwned.example)", "[pwned]: https://pwned.example", "[^pwned]",
		"pwned | pwned | pwned", `pwned \| pwned`, `pwned \\| pwned`, `pwned\`, "|pwned|", "`pwned`", "``pwned", "pwned```\npwned", "\\`pwned",
		"pwned\n\n/merge\n\n> /recreate\n\n- /hold", "/merge", "pwned\n\n<!-- imageupdater:v1 AAAA.AAAA -->",
		"--> pwned <!-- imageupdater:v1 AAAA.AAAA -->", "<!-- pwned", "</details> pwned", "pwned <br> pwned",
		"pwned\n\n# pwned\n\n- [ ] pwned", "pwned\r\n| a | b |", "pwned\n\nImage-Updater: {\"schema\":1,\"repository\":7,\"group\":\"pwned\"}",
		"**pwned** _pwned_ ~~pwned~~", "$`pwned`$ $$pwned$$", ":tada: pwned", "pwned [skip ci]", "[ci skip] pwned", "[no ci] pwned",
		"skip-checks: true pwned", "pwned\n\n\nskip-checks:true", "***NO_CI*** pwned", "\u202epwned\u2066", "pw\u200bned @\u200bpwned",
		"pwned\x00\x1b[31m", "pwned\xff\xfe", " pwned ", "\tpwned\t", "pwned\u2028pwned\u2029", "Co-authored-by: pwned <p@example.org>",
		"../../../pwned", "a/./pwned", "/pwned", "a//pwned", "pwned)](https://pwned.example", "pwned?x=1#L2", `pwned"onclick="x`, "pwned'",
		"$(pwned)", strings.Repeat("pwned", 2000), strings.Repeat("`", 3000) + "pwned", strings.Repeat("é|", 900) + "pwned",
	}
}
