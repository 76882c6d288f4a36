package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	tests := map[string]struct {
		events   string
		expected []string
		want     string
		wantErr  string
	}{
		"passing output is dropped": {
			events: `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.01s\n"}
{"Action":"pass","Package":"p"}`,
			want: "ok  \tp\t0.01s\n1 passed, 0 failed, 0 skipped\n",
		},
		"failing output is printed": {
			events: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: wrong\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.01s\n"}
{"Action":"fail","Package":"p"}`,
			want:    "    a_test.go:1: wrong\n--- FAIL: TestA (0.00s)\nFAIL\tp\t0.01s\n0 passed, 1 failed, 0 skipped\n",
			wantErr: "tests failed",
		},
		"a build failure counts as a failure": {
			events: `
{"ImportPath":"p","Action":"build-output","Output":"p/a.go:1: syntax error\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}`,
			want:    "p/a.go:1: syntax error\nFAIL\tp [build failed]\n0 passed, 1 failed, 0 skipped\n",
			wantErr: "tests failed",
		},
		"a test that never ended is printed": {
			events: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.01s\n"}
{"Action":"fail","Package":"p"}`,
			want:    "panic: boom\nFAIL\tp\t0.01s\n0 passed, 1 failed, 0 skipped\n",
			wantErr: "tests failed",
		},
		"an unexpected skip fails": {
			events: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    a_test.go:9: no helm\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}`,
			want:    "SKIP p TestB: a_test.go:9: no helm [not in the expected skips]\n1 passed, 0 failed, 1 skipped\n",
			wantErr: "1 tests were skipped that must not be",
		},
		"an expected skip passes": {
			events: `
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}`,
			expected: []string{"p TestB"},
			want:     "SKIP p TestB: no reason given\n1 passed, 0 failed, 1 skipped\n",
		},
		"no test at all fails": {
			events:  `go: warning: "./..." matched no packages`,
			want:    "go: warning: \"./...\" matched no packages\n0 passed, 0 failed, 0 skipped\n",
			wantErr: "no test ran",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(tt.events)); err != nil {
				t.Fatal(err)
			}
			var got string
			if err := r.finish(tt.expected); err != nil {
				got = err.Error()
			}
			if got != tt.wantErr {
				t.Errorf("finish() error = %q, want %q", got, tt.wantErr)
			}
			if out.String() != tt.want {
				t.Errorf("printed %q, want %q", out.String(), tt.want)
			}
		})
	}
}

func TestParseSkips(t *testing.T) {
	got := parseSkips("# why it is\n\nexample.com/p TestA/case\n# TestB\nonlyone\n")
	if len(got) != 1 || got[0] != "example.com/p TestA/case" {
		t.Errorf("parseSkips() = %q, want the one name", got)
	}
}
