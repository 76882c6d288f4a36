// Command testreport reads the events of `go test -json` from its standard input and prints what `go test` itself would have
// printed, then every skipped test with its reason and one line that counts the tests.
//
// It exits with 1 when a test failed, when none ran, or when a test was skipped that the file of expected skips does not name.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	skips := flag.String("expected-skips", "", "`file` with one `package TestName` a line: the tests that may be skipped")
	totals := flag.String("totals", "", "`file` to add a line \"passed failed skipped\" to")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *skips, *totals); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, skipsFile, totalsFile string) error {
	var expected []string
	if skipsFile != "" {
		data, err := os.ReadFile(skipsFile)
		if err != nil {
			return fmt.Errorf("reading the expected skips: %w", err)
		}
		expected = parseSkips(string(data))
	}
	r := newReport(out)
	if err := r.read(in); err != nil {
		return fmt.Errorf("reading the events: %w", err)
	}
	verdict := r.finish(expected)
	if totalsFile != "" {
		if err := appendLine(totalsFile, fmt.Sprintf("%d %d %d\n", r.passed, r.failed, len(r.skipped))); err != nil {
			return fmt.Errorf("writing the totals: %w", err)
		}
	}
	return verdict
}

// parseSkips returns the names in a file of expected skips; lines that begin with # are comments.
func parseSkips(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] != "#" {
			names = append(names, fields[0]+" "+fields[1])
		}
	}
	return names
}

func appendLine(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// event is one line of `go test -json`; see `go doc test2json` and, for builds, `go help buildjson`.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// skip is one skipped test: its name as in the file of expected skips, and what it said.
type skip struct {
	name   string
	reason string
}

// report gathers events. A test's output is kept until its end, because only a failure's is printed.
type report struct {
	out            io.Writer
	output         map[[2]string]*strings.Builder // by package and test
	order          map[string][]string            // a package's tests that have not ended, oldest first
	failedTests    map[string]bool                // packages in which a test failed
	passed, failed int
	skipped        []skip
}

func newReport(out io.Writer) *report {
	return &report{
		out:         out,
		output:      map[[2]string]*strings.Builder{},
		order:       map[string][]string{},
		failedTests: map[string]bool{},
	}
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				r.add(e)
			} else {
				// Not an event: the go command's own words.
				fmt.Fprintln(r.out, string(line))
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) add(e event) {
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "run":
		r.order[e.Package] = append(r.order[e.Package], e.Test)
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") {
			r.buffer(e.Package, e.Test).WriteString(e.Output)
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(e)
		}
	}
}

func (r *report) buffer(pkg, test string) *strings.Builder {
	key := [2]string{pkg, test}
	if r.output[key] == nil {
		r.output[key] = &strings.Builder{}
	}
	return r.output[key]
}

// take returns the output kept for a test and forgets it.
func (r *report) take(pkg, test string) string {
	text := r.buffer(pkg, test).String()
	delete(r.output, [2]string{pkg, test})
	return text
}

func (r *report) endTest(e event) {
	text := r.take(e.Package, e.Test)
	r.order[e.Package] = slices.DeleteFunc(r.order[e.Package], func(t string) bool { return t == e.Test })
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		r.failedTests[e.Package] = true
		fmt.Fprint(r.out, text)
	case "skip":
		r.skipped = append(r.skipped, skip{name: e.Package + " " + e.Test, reason: reason(text)})
	}
}

func (r *report) endPackage(e event) {
	text := r.take(e.Package, "")
	if e.Action == "fail" {
		// Tests that never ended: a panic, an exit or a time-out stopped the package.
		for _, test := range r.order[e.Package] {
			fmt.Fprint(r.out, r.take(e.Package, test))
		}
		if !r.failedTests[e.Package] {
			r.failed++ // the package itself failed: a build, a TestMain, a panic
		}
		fmt.Fprint(r.out, text)
		return
	}
	// Of a package that passed, go test prints one line.
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "? ") || strings.HasPrefix(line, "\t") {
			fmt.Fprint(r.out, line)
		}
	}
}

// reason is what a skipped test said, on one line, without the closing `--- SKIP` line.
func reason(output string) string {
	var said []string
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--- SKIP") {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, "; ")
}

// finish prints the skips and the counts, and tells whether the run is a success.
func (r *report) finish(expected []string) error {
	var unexpected int
	for _, s := range r.skipped {
		note := ""
		if !slices.Contains(expected, s.name) {
			note = " [not in the expected skips]"
			unexpected++
		}
		fmt.Fprintf(r.out, "SKIP %s: %s%s\n", s.name, s.reason, note)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	switch {
	case r.failed > 0:
		return errors.New("tests failed")
	case unexpected > 0:
		return fmt.Errorf("%d tests were skipped that must not be", unexpected)
	case r.passed == 0:
		return errors.New("no test ran")
	}
	return nil
}
