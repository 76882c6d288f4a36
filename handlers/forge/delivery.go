package forge

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-github/v60/github"
)

// Delivery is one try to hand a webhook to the App.
type Delivery struct {
	ID           int64
	GUID         string // the same for all tries of one webhook
	At           time.Time
	OK           bool
	Redelivery   bool
	Event        string
	Action       string
	Installation int64 // 0 when it is of none
	Repository   int64
}

// Deliveries reads the log of webhooks, newest first, back to since. GitHub
// keeps it for three days. A log longer than 100,000 is a *TooLargeError, with
// what was read.
func (g *GitHub) Deliveries(ctx context.Context, since time.Time) ([]Delivery, error) {
	var found []Delivery
	options := github.ListCursorOptions{PerPage: 100}
	for range maxPages {
		part, resp, err := g.api(g.app).Apps.ListHookDeliveries(ctx, &options)
		if err = plain(err); err != nil {
			return nil, fmt.Errorf("reading the log of webhooks: %w", err)
		}
		before := len(found)
		for _, d := range part {
			if !d.GetDeliveredAt().Before(since) {
				found = append(found, deliveryOf(d))
			}
		}
		// The log is in the order of answers, so that one older may stand before one younger.
		if resp.Cursor == "" || len(found) == before {
			return found, nil
		}
		options.Cursor = resp.Cursor
	}
	return found, &TooLargeError{"the log of webhooks", maxPages * int64(options.PerPage)}
}

func deliveryOf(d *github.HookDelivery) Delivery {
	return Delivery{
		ID: d.GetID(), GUID: d.GetGUID(), At: d.GetDeliveredAt().Time, OK: d.GetStatus() == "OK",
		Redelivery: d.GetRedelivery(), Event: d.GetEvent(), Action: d.GetAction(),
		Installation: d.GetInstallationID(), Repository: d.GetRepositoryID(),
	}
}

// Redeliver has a webhook of the log handed to the App again.
func (g *GitHub) Redeliver(ctx context.Context, id int64) error {
	if _, _, err := g.api(g.app).Apps.RedeliverHookDelivery(ctx, id); plain(err) != nil {
		return fmt.Errorf("asking for delivery %d again: %w", id, plain(err))
	}
	return nil
}
