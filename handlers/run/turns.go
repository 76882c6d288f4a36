package run

import "slices"

// turn goes through many in several looks, so many in each, and remembers how far it
// came. It goes on from there all around.
type turn struct {
	Last string `json:"last,omitempty"`
	// Left are how many it has not come to since it began.
	Left int `json:"left,omitempty"`
}

// take gives those whose turn it is, and says whether others are left for the next look.
// anew wants all of them once more.
func (t *turn) take(all []string, most int, anew bool) (now []string, left bool) {
	slices.Sort(all)
	if anew || t.Left == 0 {
		t.Left = len(all)
	}
	at, there := slices.BinarySearch(all, t.Last)
	if there {
		at++
	}
	n := min(len(all), most, t.Left)
	for i := range n {
		now = append(now, all[(at+i)%len(all)])
	}
	if t.Left -= n; n == len(all) {
		t.Left = 0
	}
	switch {
	case n == len(all):
		t.Last = "" // it is the same where the next one begins
	case n > 0:
		t.Last = now[n-1]
	}
	return now, t.Left > 0
}
