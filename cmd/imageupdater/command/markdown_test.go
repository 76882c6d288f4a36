package command

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

func TestMarkdown(t *testing.T) {
	t.Parallel()
	want := "# Container images\n\n" +
		"5 images in 2 files: 2 updates (2 major), 1 up to date, 1 skipped, 1 problem.\n\n" +
		"## Update ghcr.io/acme/api to v1.3.0\n\n" +
		"A pull request would change 1 image in 1 file (group `acme/api`).\n\n" +
		"| Image | From | To | Kind | Since | Where |\n| --- | --- | --- | --- | --- | --- |\n" +
		"| `ghcr.io/acme/api` | `v1.2.0@aaaaaaa` | `v1.3.0@bbbbbbb` | minor | - | `apps/api.yaml:5` |\n\n" +
		"<details>\n<summary>Digests, platforms and places</summary>\n\n" +
		"- `ghcr.io/acme/api` `v1.2.0@aaaaaaa` → `v1.3.0@bbbbbbb`\n" +
		"  - digest before: `" + digestA + "`\n  - digest after: `" + digestB + "`\n\n</details>\n\n" +
		"## Update ghcr.io/acme/api to v2.0.0\n\n" +
		"A pull request would change 1 image in 1 file (group `acme/api-major`).\n\n" +
		"| Image | From | To | Kind | Since | Where |\n| --- | --- | --- | --- | --- | --- |\n" +
		"| `ghcr.io/acme/api` | `v1.2.0@aaaaaaa` | `v2.0.0@aaaaaaa` | major | - | `apps/api.yaml:5` |\n\n" +
		"<details>\n<summary>Digests, platforms and places</summary>\n\n" +
		"- `ghcr.io/acme/api` `v1.2.0@aaaaaaa` → `v2.0.0@aaaaaaa`\n" +
		"  - digest before: `" + digestA + "`\n  - digest after: `" + digestA + "`\n\n</details>\n\n" +
		"## Update postgres to 17\n\n" +
		"A pull request would change 1 image in 1 file (group `library/postgres-major`).\n\n" +
		"| Image | From | To | Kind | Since | Where |\n| --- | --- | --- | --- | --- | --- |\n" +
		"| `postgres` | `16` | `17` | major | - | `values.yaml:2` |\n\n" +
		"| Where | Problem |\n|---|---|\n" +
		"| `values.yaml:6` | `r.example/log: r.example: 503` |\n" +
		"| `bad.yaml:3:1` | `mapping values are not allowed here` |\n\n" +
		"<details><summary>1 skipped</summary>\n\n" +
		"| Where | Image | Version | Reason |\n|---|---|---|---|\n" +
		"| `values.yaml:4` | `web` | `latest` | `the tag latest is no version` |\n\n" +
		"</details>\n"
	r := sample(false)
	r.changes = []change{{file: "apps/api.yaml", updates: 1, written: true}}
	var b strings.Builder
	writeMarkdown(&b, r)
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}

	r.writes = true
	b.Reset()
	writeMarkdown(&b, r)
	if !strings.Contains(b.String(), "\n\n1 update written to 1 file.\n\n## Update") {
		t.Errorf("what was written is not said:\n%s", b.String())
	}

	r.config = config.Default()
	b.Reset()
	writeMarkdown(&b, r)
	if got := strings.Count(b.String(), "|\n\n**Merging**: Waits for a person to merge it.\n\n"); got != 3 {
		t.Errorf("who merges is said %d times:\n%s", got, b.String())
	}
}

func TestCodeSpan(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"nothing":       {"", ""},
		"usual":         {"ghcr.io/acme/my_app:v1.2.3-alpine+x", "`ghcr.io/acme/my_app:v1.2.3-alpine+x`"},
		"mention, link": {"@acme #12 [x](y) <b>", "`@acme #12 [x](y) <b>`"},
		"pipe":          {"a|b", "<code>a&#124;b</code>"},
		"escaped pipe":  {`a\|b`, "<code>a&#92;&#124;b</code>"},
		"backtick":      {"a`b", "<code>a&#96;b</code>"},
		"markup":        {"`</code><img src=x>@acme", "<code>&#96;&#60;/code&#62;&#60;img src=x&#62;&#64;acme</code>"},
		"control":       {"a\n\x1b", "<code>a&#92;n&#92;x1b</code>"},
		"outer spaces":  {" a ", "<code> a </code>"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := codeSpan(test.text); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestMarkdownTablesKeepTheirShape(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	writeMarkdown(&b, hostile())
	columns := 0
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		if columns == 0 {
			columns = strings.Count(line, "|")
		}
		if got := strings.Count(line, "|"); got != columns {
			t.Errorf("%d pipes, want %d: %s", got, columns, line)
		}
	}
}
