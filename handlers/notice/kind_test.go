package notice_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/notice"
)

// TestLay puts a text into bodies, around which everything stays.
func TestLay(t *testing.T) {
	t.Parallel()
	list := notice.Kind{Name: "list", Title: "A list"}
	const begin, end = "<!-- imageupdater:list -->", "<!-- /imageupdater:list -->"
	for name, tt := range map[string]struct{ body, was, want string }{
		"empty":          {"", "", begin + "\nnew\n" + end},
		"notes alone":    {"notes", "", "notes\n\n" + begin + "\nnew\n" + end},
		"ours alone":     {begin + "\nold\n" + end, "old", begin + "\nnew\n" + end},
		"around":         {"a\n" + begin + "\nold\n" + end + "\nb", "old", "a\n" + begin + "\nnew\n" + end + "\nb"},
		"other line end": {"a\r\n" + begin + "\r\nold\r\nlines\r\n" + end + "\r\nb\r\n", "old\nlines", "a\r\n" + begin + "\nnew\n" + end + "\r\nb\r\n"},
		"spaces":         {" " + begin + "\t\nold\n  " + end + " \n", "old", " " + begin + "\nnew\n" + end + " \n"},
		"no end":         {begin + "\nmine", "", begin + "\nmine\n\n" + begin + "\nnew\n" + end},
		"no beginning":   {"mine\n" + end + "\nmine", "", "mine\n" + end + "\nmine\n\n" + begin + "\nnew\n" + end},
		"a mark is left": {begin + "\nmine\n" + begin + "\nold\n" + end, "old", begin + "\nmine\n" + begin + "\nnew\n" + end},
		"an end is left": {end + "\n" + begin + "\nold\n" + end + "\n" + end, "old", end + "\n" + begin + "\nnew\n" + end + "\n" + end},
		"twice":          {begin + "\nold\n" + end + "\n" + begin + "\ncopy\n" + end, "old", begin + "\nnew\n" + end + "\n" + begin + "\ncopy\n" + end},
		"a mark in code": {begin + "\n`" + end + "`\nold\n" + end, "`" + end + "`\nold", begin + "\nnew\n" + end},
		"another kind's": {"<!-- imageupdater:other -->\nx\n<!-- /imageupdater:other -->", "", "<!-- imageupdater:other -->\nx\n<!-- /imageupdater:other -->\n\n" + begin + "\nnew\n" + end},
	} {
		if got := list.Text(tt.body); got != tt.was {
			t.Errorf("%s: the text is %q, not %q", name, got, tt.was)
		}
		got := list.Lay(tt.body, "new")
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
		if again := list.Lay(got, "new"); again != got {
			t.Errorf("%s: the second time gives %q", name, again)
		}
	}
	if room := list.Room(strings.Repeat("é", 60_000), 59_000); room > 65_536-60_000-50 || room < 5_000 {
		t.Errorf("beside a long note there is room for %d", room)
	}
}

// FuzzLay keeps all that people write, whatever that is.
func FuzzLay(f *testing.F) {
	for _, seed := range []string{"", "a", "<!-- imageupdater:list -->\nx\n<!-- /imageupdater:list -->", "a\r\n<!-- imageupdater:list -->\r\n", "<!-- /imageupdater:list -->\n"} {
		f.Add(seed, "text")
	}
	list := notice.Kind{Name: "list"}
	f.Fuzz(func(t *testing.T, body, text string) {
		if strings.Contains(text, "imageupdater:list") || strings.ContainsAny(text, "\r\u0085\u2028") {
			t.Skip()
		}
		got := list.Lay(body, text)
		if want := strings.Trim(text, "\n"); list.Text(got) != want {
			t.Fatalf("%q is read as %q", got, list.Text(got))
		}
		if list.Text(body) == "" && !strings.HasPrefix(got, body) && !strings.Contains(body, "imageupdater:list") {
			t.Fatalf("%q is gone from %q", body, got)
		}
		if again := list.Lay(got, text); again != got {
			t.Fatalf("%q becomes %q", got, again)
		}
	})
}
