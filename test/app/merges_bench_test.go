package app_test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// costLine is a line of cost.log.
var costLine = regexp.MustCompile(`decision/(\S+)/(\d+)/(\w+): (\d+) requests, (\d+) paid`)

// BenchmarkDecision tells what TestCostOfDeciding counted: the calls of a whole look, by how
// many pull requests were decided on. waiting is when only time passes, warm when a check
// arrived, which may be more than one look, and cold when the database was lost.
func BenchmarkDecision(b *testing.B) {
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestCostOfDeciding$", "-test.v", "-test.count=1")
	text, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("TestCostOfDeciding says why: %v", err)
	}
	for _, line := range costLine.FindAllStringSubmatch(string(text), -1) {
		number := func(n int) float64 {
			value, err := strconv.ParseFloat(line[n], 64)
			if err != nil {
				b.Fatal(err)
			}
			return value
		}
		b.Run(line[1]+"/"+line[2]+"/"+line[3], func(b *testing.B) {
			b.ReportMetric(number(4)/number(2), "requests/decision")
			b.ReportMetric(number(5)/number(2), "paid/decision")
			b.ReportMetric(0, "ns/op")
		})
	}
}
