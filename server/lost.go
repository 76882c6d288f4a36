package server

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/handlers"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/server/store"
)

const (
	// logKept is how long GitHub keeps its log of webhooks.
	logKept = 72 * time.Hour
	// settled is how old a delivery is before it counts as lost: it may be on
	// its way.
	settled = 2 * time.Minute
	// lateEntry is how far back the log is read again: it is in the order of
	// answers, and what had not settled the last time is looked at again.
	lateEntry = 10 * time.Minute
	// mostLost is how many webhooks are asked for again at a time.
	mostLost = 500
	// mostTries is how often one is asked for again. Each try is a new entry in
	// the log, so what cannot arrive would be found there for ever.
	mostTries = 5
	// lostNote is where is noted what is known of the log of webhooks.
	lostNote = "webhooks read"
)

// errMoreLost is more lost webhooks than are asked for at a time.
var errMoreLost = errors.New("more webhooks were lost than are asked for at a time")

// hookLog is what is known of GitHub's log of webhooks.
type hookLog struct {
	// Since is from when on it is to be read.
	Since time.Time
	// Asked are the webhooks that were asked for again and did not arrive yet,
	// by their GUIDs.
	Asked map[string]asked
}

// asked is how often a webhook was asked for again, and when last.
type asked struct {
	Times int
	At    time.Time
}

// findLost asks again for the webhooks of which no delivery succeeded. GitHub does
// not do it by itself.
func (s *Server) findLost(ctx context.Context) error {
	now := s.now()
	known, err := s.knownOfHooks(ctx)
	if err != nil {
		return err
	}
	deliveries, err := s.github.Deliveries(ctx, known.Since)
	if _, large := errors.AsType[*forge.TooLargeError](err); large {
		s.log.Warn().Err(err).Msg("the oldest webhooks in GitHub's log are not looked at: those among them that were lost stay lost")
	} else if err != nil {
		return err
	}
	s.outage.ended()
	lost := s.lost(deliveries, &known)
	err = s.askAgain(ctx, lost, known)
	if err == nil && len(lost) == mostLost {
		err = errMoreLost
	}
	if err == nil {
		known.Since = now.Add(-lateEntry)
	}
	return errors.Join(err, s.noteOfHooks(context.WithoutCancel(ctx), known))
}

func (s *Server) knownOfHooks(ctx context.Context) (hookLog, error) {
	note, err := s.db.Reading().Note(ctx, lostNote)
	if err != nil {
		return hookLog{}, err
	}
	var known hookLog
	_ = json.Unmarshal([]byte(note), &known) // without it the whole log is read
	if oldest := s.now().Add(-logKept); known.Since.Before(oldest) {
		known.Since = oldest
	}
	if known.Asked == nil {
		known.Asked = map[string]asked{}
	}
	return known, nil
}

func (s *Server) noteOfHooks(ctx context.Context, known hookLog) error {
	note, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.PutNote(ctx, lostNote, string(note)) })
}

// askAgain asks for webhooks, and counts it.
func (s *Server) askAgain(ctx context.Context, lost []forge.Delivery, known hookLog) error {
	for _, d := range lost {
		s.log.Info().Str("github_delivery_id", d.GUID).Str("github_event_type", d.Event).Msg("asking again for a webhook that was lost")
		err := s.github.Redeliver(ctx, d.ID)
		if _, refused := refused(err); err != nil && !refused {
			return err
		}
		known.Asked[d.GUID] = asked{known.Asked[d.GUID].Times + 1, s.now()}
		s.metrics.redelivered.WithLabelValues().Inc()
	}
	return nil
}

// lost are the newest tries of those webhooks that never arrived, oldest first. It
// forgets of what is known what is done with.
func (s *Server) lost(log []forge.Delivery, known *hookLog) []forge.Delivery {
	now := s.now()
	arrived, newest := map[string]bool{}, map[string]forge.Delivery{}
	for _, d := range log {
		if d.OK || now.Sub(d.At) < settled {
			arrived[d.GUID] = true
		}
		if d.OK {
			delete(known.Asked, d.GUID)
		}
		if known, is := newest[d.GUID]; !is || known.At.Before(d.At) {
			newest[d.GUID] = d
		}
	}
	for guid, a := range known.Asked {
		if now.Sub(a.At) > logKept {
			delete(known.Asked, guid)
		}
	}
	var lost []forge.Delivery
	for _, d := range slices.Backward(log) {
		isLost := !arrived[d.GUID] && newest[d.GUID].ID == d.ID && s.wantsAgain(d)
		if isLost && len(lost) < mostLost && !s.givenUp(d, known) {
			lost = append(lost, d)
			arrived[d.GUID] = true // pages may overlap
		}
	}
	return lost
}

// givenUp says whether a webhook was asked for often enough, and logs when that
// is so for the first time.
func (s *Server) givenUp(d forge.Delivery, known *hookLog) bool {
	a := known.Asked[d.GUID]
	if a.Times == mostTries {
		s.log.Warn().Str("github_delivery_id", d.GUID).Str("github_event_type", d.Event).Int("tries", a.Times).
			Msg("a webhook does not arrive, and is not asked for any more: the App's settings at GitHub show what became of it")
		a.Times++
		known.Asked[d.GUID] = a
	}
	return a.Times > mostTries
}

// wantsAgain says whether an event is worth asking for again.
func (s *Server) wantsAgain(d forge.Delivery) bool {
	return slices.Contains(handlers.Events(), d.Event)
}
