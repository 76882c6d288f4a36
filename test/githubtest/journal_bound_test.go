package githubtest

import (
	"bytes"
	"testing"
)

func TestBoundOfJournal(t *testing.T) {
	var j journal
	body := bytes.Repeat([]byte("x"), maxKept)
	for n := range 3 * maxCalls {
		e := Exchange{Operation: "repos/get", Status: 200}
		if n%10 == 0 {
			e.Answer = body
		}
		j.add(e)
		if len(j.exchanges) > maxCalls || j.bodies > maxBodies || j.bare < 0 {
			t.Fatalf("%d calls with %d bytes, %d bare", len(j.exchanges), j.bodies, j.bare)
		}
	}
	sum := 0
	for _, e := range j.exchanges {
		sum += len(e.Answer)
	}
	if sum != j.bodies || j.dropped+len(j.exchanges) != 3*maxCalls || j.counts["repos/get"].Calls != 3*maxCalls {
		t.Errorf("%d of %d bytes, %d + %d calls, %v", sum, j.bodies, j.dropped, len(j.exchanges), j.counts)
	}
}
