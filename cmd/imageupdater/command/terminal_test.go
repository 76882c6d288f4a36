package command

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSafe(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"plain":              {"Ünïcode, 漢字 → ✓", "Ünïcode, 漢字 → ✓"},
		"escape sequence":    {"\x1b[31mred\x1b]0;title\x07", `\x1b[31mred\x1b]0;title\x07`},
		"lines":              {"a\nb\r\tc", `a\nb\r\tc`},
		"delete and C1":      {"\x7f\u009b", `\x7f\u009b`},
		"bidirectional":      {"\u202eabc\u2066", `\u202eabc\u2066`},
		"invisible":          {"a\u200bb\ufeff\u2028", `a\u200bb\ufeff\u2028`},
		"beyond the BMP":     {"\U000e0041", `\U000e0041`},
		"not UTF-8":          {"a\xff\xc3", `a\xff\xc3`},
		"replacement itself": {"\ufffd", "\ufffd"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := safe(test.text); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if got := escape("a\tb\n\x1b", "\t"); got != "a\tb\\n\\x1b" {
		t.Errorf("keeping tabs: %q", got)
	}
}

func TestColor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		terminal bool
		env      map[string]string
		mode     colorMode
		want     bool
	}{
		"terminal":                {true, nil, colorAuto, true},
		"pipe":                    {false, nil, colorAuto, false},
		"NO_COLOR":                {true, map[string]string{"NO_COLOR": "1"}, colorAuto, false},
		"empty NO_COLOR":          {true, map[string]string{"NO_COLOR": ""}, colorAuto, true},
		"dumb terminal":           {true, map[string]string{"TERM": "dumb"}, colorAuto, false},
		"always":                  {false, nil, colorAlways, true},
		"always beats NO_COLOR":   {false, map[string]string{"NO_COLOR": "1"}, colorAlways, true},
		"never beats a terminal":  {true, nil, colorNever, false},
		"CI is not about colours": {true, map[string]string{"CI": "true"}, colorAuto, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := process{terminal: test.terminal, env: test.env}
			if got := newDisplay(p.environment(), test.mode).color; got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := process{terminal: true}
		line := newProgress(p.environment())
		line.reading(1)
		line.reading(2)
		time.Sleep(3 * repaintEvery)
		line.asking(1, 4)
		time.Sleep(repaintEvery + time.Millisecond)
		line.stop()
		line.stop()
		want := clearLine + "Reading files: 2" + clearLine + "Asking registries: 1 of 4 images" + clearLine
		if got := p.errs.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestProgressOfAShortRunShowsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := process{terminal: true}
		line := newProgress(p.environment())
		line.reading(1)
		line.stop()
		if p.errs.Len() > 0 {
			t.Errorf("got %q", p.errs.String())
		}
	})
}

func TestNoProgress(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*process{
		"pipe":          {},
		"CI":            {terminal: true, env: map[string]string{"CI": "true"}},
		"dumb terminal": {terminal: true, env: map[string]string{"TERM": "dumb"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			line := newProgress(p.environment())
			line.reading(1)
			time.Sleep(3 * repaintEvery)
			line.stop()
			if p.errs.Len() > 0 {
				t.Errorf("%s: got %q", name, p.errs.String())
			}
		})
	}
}

func TestDiffOnATerminalIsHarmless(t *testing.T) {
	t.Parallel()
	c := change{file: "a.yaml", old: []byte("a: 1 # \x1b[2J\r\n\tx\n"), new: []byte("a: 2 # \x1b[2J\r\n\tx\n")}
	var raw, shown, colored bytes.Buffer
	writeDiff(&raw, []change{c}, display{})
	writeDiff(&shown, []change{c}, display{terminal: true})
	writeDiff(&colored, []change{c}, display{terminal: true, color: true})
	if !strings.Contains(raw.String(), "+a: 2 # \x1b[2J\r\n \tx\n") {
		t.Errorf("a patch must keep its bytes: %q", raw.String())
	}
	if !strings.Contains(shown.String(), "+a: 2 # \\x1b[2J\\r\n \tx\n") {
		t.Errorf("control characters reach the terminal: %q", shown.String())
	}
	if !strings.Contains(colored.String(), "\x1b[32m+a: 2 # \\x1b[2J\\r\x1b[0m\n") {
		t.Errorf("no colours: %q", colored.String())
	}
}
