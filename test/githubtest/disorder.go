package githubtest

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Fate is what becomes of one sending of a webhook.
type Fate struct {
	// After delays it, by the server's clock: Advance lets it go.
	After time.Duration
	// Lost keeps it from arriving: GitHub could not connect, and logs that.
	Lost bool
}

// Disorder makes deliveries as bad as GitHub says that they may be. Shares are
// of all deliveries, from 0 to 1, and the same seed gives the same fates to the
// same number of deliveries. A redelivery has a fate too.
type Disorder struct {
	Seed uint64
	// Duplicate is the share that is sent twice, Lose the share that GitHub
	// tries to send in vain, Vanish the share that it forgets: not even the log
	// has them. Delay is the share that waits, for DelayBy.
	Duplicate, Lose, Vanish, Delay float64
	DelayBy                        time.Duration
	// Shuffle lets so many deliveries come together before they are sent in a
	// random order; Settle sends what has come together. Below 2 there is none.
	Shuffle int
	// Fates decides instead of the shares: one fate for each sending, none for
	// a delivery that vanishes.
	Fates func(Delivery) []Fate
}

// disorder is what the hook has not sent yet, and why.
type disorder struct {
	rules    Disorder
	random   *rand.Rand
	accepted int
	together []sending // until they are shuffled
	later    []delayed // in the order of their times
	holding  bool
	held     []Delivery
}

type delayed struct {
	due time.Time
	sending
}

// Disorder sets what becomes of the webhooks from now on; the zero value is
// good order.
func (s *Server) Disorder(rules Disorder) {
	s.hook.mu.Lock()
	defer s.hook.mu.Unlock()
	s.hook.disorder.rules = rules
	s.hook.disorder.random = rand.New(rand.NewPCG(rules.Seed, 0)) //nolint:gosec // to be repeatable is what it is for
}

// Hold keeps all webhooks back from now on, until Release.
func (s *Server) Hold() {
	s.hook.mu.Lock()
	defer s.hook.mu.Unlock()
	s.hook.disorder.holding = true
}

// Release sends what was held, in the order that arrange makes of it: it may
// repeat deliveries, and those left out vanish. A nil arrange keeps the order.
// What happens from now on is no longer held.
func (s *Server) Release(arrange func([]Delivery) []Delivery) {
	h := s.hook
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.disorder.held
	h.disorder.held, h.disorder.holding = nil, false
	if arrange != nil {
		held = arrange(slices.Clone(held))
	}
	for _, d := range held {
		h.queue = append(h.queue, sending{Delivery: d})
	}
	h.due.Broadcast()
}

// Shuffled is an order for Release: each delivery so many times, all mixed.
func Shuffled(seed uint64, times int) func([]Delivery) []Delivery {
	return func(held []Delivery) []Delivery {
		all := slices.Repeat(held, times)
		random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // to be repeatable is what it is for
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all
	}
}

// dispose decides what becomes of a delivery. It is called with the hook's lock
// held, as all below are.
func (h *hook) dispose(d Delivery) {
	if h.disorder.holding {
		h.disorder.held = append(h.disorder.held, d)
		return
	}
	for _, fate := range h.fates(d) {
		one := sending{Delivery: d, lost: fate.Lost}
		switch {
		case fate.After > 0:
			h.delay(delayed{h.now().Add(fate.After), one})
		case h.disorder.rules.Shuffle > 1:
			h.disorder.together = append(h.disorder.together, one)
		default:
			h.queue = append(h.queue, one)
		}
	}
	if len(h.disorder.together) >= h.disorder.rules.Shuffle {
		h.mix()
	}
}

func (h *hook) fates(d Delivery) []Fate {
	rules, random := h.disorder.rules, h.disorder.random
	switch {
	case rules.Fates != nil:
		return rules.Fates(d)
	case random == nil:
		return []Fate{{}}
	}
	var fate Fate
	// All are drawn each time, so that one share does not change who another hits.
	twice, lost, gone, late := random.Float64(), random.Float64(), random.Float64(), random.Float64()
	fate.Lost = lost < rules.Lose
	if late < rules.Delay {
		fate.After = rules.DelayBy
	}
	switch {
	case gone < rules.Vanish:
		return nil
	case twice < rules.Duplicate:
		return []Fate{fate, fate}
	}
	return []Fate{fate}
}

func (h *hook) delay(d delayed) {
	at, _ := slices.BinarySearchFunc(h.disorder.later, d, func(a, b delayed) int {
		if a.due.After(b.due) {
			return 1
		}
		return -1 // those of the same time keep their order
	})
	h.disorder.later = slices.Insert(h.disorder.later, at, d)
}

// ripen lets go what has waited long enough.
func (h *hook) ripen() {
	later := h.disorder.later
	for len(later) > 0 && !later[0].due.After(h.now()) {
		h.queue = append(h.queue, later[0].sending)
		later = later[1:]
	}
	h.disorder.later = later
}

// mix shuffles what has come together.
func (h *hook) mix() {
	together := h.disorder.together
	if len(together) == 0 {
		return
	}
	h.disorder.random.Shuffle(len(together), func(i, j int) { together[i], together[j] = together[j], together[i] })
	h.queue, h.disorder.together = append(h.queue, together...), nil
}
