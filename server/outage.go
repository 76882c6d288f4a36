package server

import (
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/server/jobs"
)

// outage keeps looks from trying one after the other while GitHub is out of
// order. As long as it is, one of them tries now and then, and the others wait;
// none is given up.
type outage struct {
	now func() time.Time

	mu     sync.Mutex
	row    int // failures with no look that ended between them
	until  time.Time
	reason error
}

const (
	// outOfOrder is how many failures in a row are more than one repository's.
	outOfOrder = 3
	// The time between two tries, which doubles.
	firstTry = 30 * time.Second
	lastTry  = 5 * time.Minute
)

// check fails while others try. Who is let through at the end of a pause is the
// one who tries: the others wait for him.
func (o *outage) check() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.row < outOfOrder {
		return nil
	}
	now := o.now()
	if now.Before(o.until) {
		return &jobs.LaterError{Until: o.until, Err: o.reason}
	}
	o.until = now.Add(firstTry)
	return nil
}

// lasts tells whether GitHub is not to be tried now.
func (o *outage) lasts() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.row >= outOfOrder && o.now().Before(o.until)
}

// failed counts an error of GitHub's, and makes a job for later of it when there
// were several.
func (o *outage) failed(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.row++
	if o.row < outOfOrder {
		return err
	}
	wait := min(firstTry<<min(o.row-outOfOrder, 10), lastTry)
	if until := o.now().Add(wait); until.After(o.until) {
		o.until = until
	}
	o.reason = err
	return &jobs.LaterError{Until: o.until, Err: err}
}

// ended is called after whatever GitHub answered.
func (o *outage) ended() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.row, o.until, o.reason = 0, time.Time{}, nil
}
