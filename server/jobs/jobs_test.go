package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/server/jobs"
	"github.com/imageupdater/imageupdater/server/store"
	"github.com/imageupdater/imageupdater/server/store/storetest"
)

// clock is the server's: River's own is the machine's.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// work is what a test lets jobs do.
type work struct {
	deliver func(context.Context, jobs.Delivery) error
	look    func(context.Context, jobs.Look) (jobs.Seen, error)
}

func (w *work) Deliver(ctx context.Context, d jobs.Delivery) error { return w.deliver(ctx, d) }
func (w *work) Look(ctx context.Context, l jobs.Look) (jobs.Seen, error) {
	return w.look(ctx, l)
}

// replica is a queue on a database.
type replica struct {
	*jobs.Queue
	db    *store.DB
	clock *clock
	stop  func()
}

func open(t *testing.T, place string, w *work, change ...func(*jobs.Options)) *replica {
	t.Helper()
	db, err := store.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{db: db, clock: &clock{at: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}}
	o := jobs.Options{
		Handlers: w, Now: r.clock.now, Deliveries: 8, Looks: 8, Logger: logger(),
		Retry: func(int) time.Duration { return 0 }, LookTimeout: time.Minute, Drain: 10 * time.Second,
	}
	for _, c := range change {
		c(&o)
	}
	if r.Queue, err = jobs.New(db, o); err != nil {
		t.Fatal(err)
	}
	if err := r.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.stop = func() {}
	t.Cleanup(func() {
		r.stop()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func logger() zerolog.Logger {
	if testing.Verbose() {
		return zerolog.New(os.Stderr)
	}
	return zerolog.Nop()
}

// run lets the jobs run until the test ends, or stop is called.
func (r *replica) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	if err := r.Arrive(ctx); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("running: %v", err)
		}
	})
}

// put makes repositories that are known, and due only in a day.
func (r *replica) put(t *testing.T, ids ...int64) {
	t.Helper()
	r.tx(t, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.PutInstallation(ctx, store.Installation{ID: 1, Account: "acme"}); err != nil {
			return err
		}
		for _, id := range ids {
			err := tx.PutRepository(ctx, store.Repository{ID: id, InstallationID: 1, Owner: "acme", Name: fmt.Sprint("repo", id)}, r.clock.now().Add(24*time.Hour))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *replica) tx(t *testing.T, do func(context.Context, *store.Tx) error) {
	t.Helper()
	if err := r.db.InTx(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func (r *replica) want(t *testing.T, ids ...int64) {
	t.Helper()
	if err := r.WantNow(t.Context(), jobs.Wish{Priority: jobs.Event}, ids...); err != nil {
		t.Fatal(err)
	}
}

func (r *replica) repository(t *testing.T, id int64) store.Repository {
	t.Helper()
	found, err := r.db.Reading().Repository(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// until waits for something that jobs do, for which there is nothing to wait on.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited for this in vain: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(2 * time.Minute):
		t.Fatal("waited in vain")
		panic("not reached")
	}
}

func TestDeliveriesAreHandledOnce(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			var mu sync.Mutex
			handled := map[string]int{}
			r := open(t, place, &work{deliver: func(_ context.Context, d jobs.Delivery) error {
				mu.Lock()
				defer mu.Unlock()
				handled[d.ID+" "+d.Event+" "+string(d.Body)]++
				if handled[d.ID+" "+d.Event+" "+string(d.Body)] == 1 && d.ID == "7" {
					return errors.New("the first time it fails")
				}
				return nil
			}})
			r.run(t)
			var fresh int
			var all sync.WaitGroup
			for n := range 200 {
				all.Go(func() {
					is, err := r.Deliver(t.Context(), jobs.Delivery{ID: strconv.Itoa(n % 20), Event: "push", Body: []byte("\x00{}")})
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					}
					if is {
						fresh++
					}
				})
			}
			all.Wait()
			until(t, "20 deliveries are handled", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(handled) == 20 && handled["7 push \x00{}"] == 2
			})
			is, err := r.Deliver(t.Context(), jobs.Delivery{ID: "3", Event: "push"})
			if err != nil || is {
				t.Errorf("what was handled is stored again: %v, %v", is, err)
			}
			r.stop()
			if fresh != 20 {
				t.Errorf("%d deliveries were new, want 20", fresh)
			}
			for name, n := range handled {
				if n != 1 && !strings.HasPrefix(name, "7 ") {
					t.Errorf("%q was handled %d times", name, n)
				}
			}
		})
	}
}

// TestLooksCoalesce asks for a look while one runs, and before it.
func TestLooksCoalesce(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			began, goOn := make(chan int64), make(chan struct{})
			r := open(t, place, &work{look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
				began <- l.Repository.Requested
				<-goOn
				return jobs.Seen{Next: l.Repository.NextAt, Result: fmt.Sprintf(`{"saw":%d}`, l.Repository.Requested)}, nil
			}})
			r.put(t, 5)
			r.want(t, 5, 5, 6) // 6 is nobody's
			r.want(t, 5)
			r.run(t)
			if saw := receive(t, began); saw != 2 {
				t.Errorf("the first look answers %d requests, want 2", saw)
			}
			r.want(t, 5)
			r.want(t, 5)
			goOn <- struct{}{}
			if saw := receive(t, began); saw != 4 {
				t.Errorf("the second look answers %d requests, want 4", saw)
			}
			goOn <- struct{}{}
			until(t, "nothing is to do", func() bool { return r.repository(t, 5).Done == 4 })
			if got := r.repository(t, 5); got.Result != `{"saw":4}` || got.Parked != "" {
				t.Errorf("afterwards: %+v", got)
			}
			r.want(t, 5)
			if saw := receive(t, began); saw != 5 {
				t.Errorf("a look after all is done answers %d requests, want 5", saw)
			}
			goOn <- struct{}{}
		})
	}
}

// TestNoRequestIsLost has two replicas and many who ask at once. Of each
// repository one look runs at a time, and the last one began after the last
// request.
func TestNoRequestIsLost(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			const repositories, requests = 20, 25
			var mu sync.Mutex
			running, saw, looked := map[int64]bool{}, map[int64]int64{}, 0
			w := &work{look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
				id := l.Repository.ID
				mu.Lock()
				if running[id] {
					t.Errorf("two looks at %d at once", id)
				}
				running[id], saw[id] = true, l.Repository.Requested
				looked++
				mu.Unlock()
				time.Sleep(time.Millisecond) // some work
				mu.Lock()
				defer mu.Unlock()
				running[id] = false
				return jobs.Seen{Next: l.Repository.NextAt}, nil
			}}
			r := open(t, place, w)
			replicas := []*replica{r}
			if strings.HasPrefix(place, "postgres") {
				replicas = append(replicas, open(t, place, w))
			}
			var ids []int64
			for id := range int64(repositories) {
				ids = append(ids, id+1)
			}
			r.put(t, ids...)
			for _, r := range replicas {
				r.run(t)
			}
			var all sync.WaitGroup
			for n := range requests {
				all.Go(func() { replicas[n%len(replicas)].want(t, ids...) })
			}
			all.Wait()
			until(t, "all requests are answered", func() bool {
				for _, id := range ids {
					if found := r.repository(t, id); found.Requested != requests || found.Done != requests {
						return false
					}
				}
				return true
			})
			mu.Lock()
			defer mu.Unlock()
			for id, n := range saw {
				if n != requests {
					t.Errorf("the last look at %d saw request %d of %d", id, n, requests)
				}
			}
			t.Logf("%d requests made %d looks", repositories*requests, looked)
		})
	}
}

func TestFailingLooksAreParked(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			var mu sync.Mutex
			failing, attempts := true, 0
			r := open(t, place, &work{look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
				mu.Lock()
				defer mu.Unlock()
				attempts++
				if failing && attempts%2 == 0 {
					panic("it breaks")
				}
				if failing {
					return jobs.Seen{}, errors.New("it fails")
				}
				return jobs.Seen{Next: l.Repository.NextAt}, nil
			}})
			r.put(t, 5)
			r.run(t)
			r.want(t, 5)
			until(t, "it is parked", func() bool { return r.repository(t, 5).Parked != "" })
			got := r.repository(t, 5)
			if !strings.Contains(got.Parked, "it breaks") || !got.NextAt.After(r.clock.now()) || got.Done != got.Requested {
				t.Errorf("parked as %+v", got)
			}
			mu.Lock()
			if attempts != 8 {
				t.Errorf("parked after %d attempts, want 8", attempts)
			}
			failing = false
			mu.Unlock()
			r.want(t, 5)
			until(t, "a request lets it be tried again", func() bool { return r.repository(t, 5).Parked == "" })
		})
	}
}

func TestLooksWait(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			var mu sync.Mutex
			var seen []int
			r := open(t, place, &work{look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, l.Attempt)
				if len(seen) < 3 {
					return jobs.Seen{}, &jobs.LaterError{Err: errors.New("GitHub wants to be left alone")}
				}
				return jobs.Seen{Next: l.Repository.NextAt}, nil
			}})
			r.put(t, 5)
			r.run(t)
			r.want(t, 5)
			until(t, "it is done", func() bool { return r.repository(t, 5).Done == 1 })
			if got := fmt.Sprint(seen); got != "[1 1 1]" {
				t.Errorf("waiting counted as attempts: %s", got)
			}
		})
	}
}

func TestScheduleIsFollowed(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			looked := make(chan int64, 10)
			r := open(t, place, &work{look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
				looked <- l.Repository.ID
				return jobs.Seen{Next: l.Repository.NextAt.Add(time.Hour)}, nil
			}})
			r.put(t, 5, 6)
			r.tx(t, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.PutInstallation(ctx, store.Installation{ID: 2, Account: "asleep", Suspended: true}); err != nil {
					return err
				}
				return tx.PutRepository(ctx, store.Repository{ID: 7, InstallationID: 2, Owner: "asleep", Name: "x"}, r.clock.now())
			})
			r.run(t)
			tick := func() {
				t.Helper()
				if err := r.Tick(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			tick()
			if len(looked) > 0 {
				t.Error("looked before it was due")
			}
			r.clock.advance(24 * time.Hour)
			tick()
			tick() // what was found due is not found again
			if a, b := receive(t, looked), receive(t, looked); a+b != 11 {
				t.Errorf("looked at %d and %d, want 5 and 6", a, b)
			}
			until(t, "both are done", func() bool { return r.repository(t, 5).Done == 1 && r.repository(t, 6).Done == 1 })
			r.stop()
			if len(looked) > 0 {
				t.Errorf("looked once more, at %d", <-looked)
			}
			if next := r.repository(t, 5).NextAt; !next.After(r.clock.now()) {
				t.Errorf("the next look is at %s, now it is %s", next, r.clock.now())
			}
		})
	}
}

// TestStopping lets what runs end, leaves what waits, and goes on at the next
// start.
func TestStopping(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			began, goOn := make(chan int64, 10), make(chan struct{})
			w := &work{look: func(ctx context.Context, l jobs.Look) (jobs.Seen, error) {
				began <- l.Repository.ID
				select {
				case <-goOn:
					return jobs.Seen{Next: l.Repository.NextAt}, nil
				case <-ctx.Done():
					return jobs.Seen{}, context.Cause(ctx)
				}
			}}
			r := open(t, place, w, func(o *jobs.Options) { o.Looks, o.Drain = 1, 300*time.Millisecond })
			r.put(t, 5, 6)
			r.want(t, 5)
			r.run(t)
			receive(t, began)
			r.want(t, 6)
			r.stop() // the look at 5 is cut short
			if five, six := r.repository(t, 5), r.repository(t, 6); five.Done != 0 || six.Done != 0 {
				t.Errorf("done: %d, %d", five.Done, six.Done)
			}
			close(goOn)
			if err := r.db.Close(); err != nil {
				t.Fatal(err)
			}
			again := open(t, place, w)
			again.run(t)
			until(t, "both are done after a new start", func() bool {
				return again.repository(t, 5).Done == 1 && again.repository(t, 6).Done == 1
			})
		})
	}
}

// TestDeadReplicas takes over what a replica was doing that is no more.
func TestDeadReplicas(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			began := make(chan string, 10)
			hang := make(chan struct{})
			defer close(hang)
			look := func(name string, wait <-chan struct{}) *work {
				return &work{look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
					began <- name + strconv.Itoa(l.Attempt)
					<-wait
					return jobs.Seen{Next: l.Repository.NextAt}, nil
				}}
			}
			now := make(chan struct{})
			close(now)
			if !strings.HasPrefix(place, "postgres") {
				// The process that is no more left its jobs running in the file.
				r := open(t, place, look("second", now))
				r.put(t, 5)
				r.want(t, 5)
				if _, err := r.db.File.ExecContext(t.Context(),
					`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = datetime('now'), attempted_by = jsonb_array('gone')`); err != nil {
					t.Fatal(err)
				}
				r.run(t)
				if got := receive(t, began); got != "second1" {
					t.Errorf("taken over as %s", got)
				}
				return
			}
			first := open(t, place, look("first", hang), func(o *jobs.Options) {
				o.Replica, o.Drain = "first", 10*time.Millisecond
				o.Looks = 1 // it hangs, and takes nothing that is freed
			})
			first.put(t, 5)
			first.want(t, 5)
			first.run(t)
			receive(t, began)
			second := open(t, place, look("second", now), func(o *jobs.Options) { o.Replica = "second" })
			second.run(t)
			if err := second.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(began) > 0 {
				t.Error("a living replica's job was taken")
			}
			second.clock.advance(2 * time.Minute)
			if err := second.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, began); got != "second1" {
				t.Errorf("taken over as %s", got)
			}
		})
	}
}

// TestJobsWithoutATrace does again what seems to run here and does not, since the
// database was away when it ended.
func TestJobsWithoutATrace(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began, goOn := make(chan int, 10), make(chan struct{})
			r := open(t, at(t), &work{look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
				began <- l.Attempt
				<-goOn
				return jobs.Seen{Next: l.Repository.NextAt}, nil
			}})
			r.put(t, 5, 6)
			r.run(t)
			r.want(t, 5)
			receive(t, began)
			r.want(t, 6)
			receive(t, began)
			goOn <- struct{}{}
			goOn <- struct{}{}
			until(t, "both are done", func() bool { return r.repository(t, 5).Done == 1 && r.repository(t, 6).Done == 1 })
			r.want(t, 6) // which runs, and goes on
			receive(t, began)
			r.tx(t, func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Want(ctx, 5, time.Time{}); err != nil {
					return err
				}
				const ran = "UPDATE river_job SET state = 'running', finalized_at = NULL WHERE kind = 'look' AND state = 'completed'"
				if tx.SQLite != nil {
					_, err := tx.SQLite.ExecContext(ctx, ran+" AND json_extract(args, '$.repository_id') = 5")
					return err
				}
				_, err := tx.Postgres.Exec(ctx, ran+" AND args->>'repository_id' = '5'")
				return err
			})
			for range 2 {
				if err := r.Tick(t.Context()); err != nil {
					t.Fatal(err)
				}
				r.clock.advance(30 * time.Second)
			}
			if err := r.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			if attempt := receive(t, began); attempt != 1 {
				t.Errorf("done again as attempt %d", attempt)
			}
			goOn <- struct{}{}
			goOn <- struct{}{}
			until(t, "it is done again", func() bool { return r.repository(t, 5).Done == 2 && r.repository(t, 6).Done == 2 })
			r.stop()
			if len(began) > 0 {
				t.Error("what ran was done again, too")
			}
		})
	}
}

// TestTableStaysSmall forgets what webhooks brought and looks that ended, but not
// which webhooks there were.
func TestTableStaysSmall(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t, at(t), &work{
				deliver: func(context.Context, jobs.Delivery) error { return nil },
				look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
					return jobs.Seen{Next: l.Repository.NextAt}, nil
				},
			})
			r.put(t, 5)
			r.run(t)
			deliver := func(id string) (fresh bool) {
				fresh, err := r.Deliver(t.Context(), jobs.Delivery{ID: id, Event: "push", Body: make([]byte, 1000)})
				if err != nil {
					t.Fatal(err)
				}
				return fresh
			}
			deliver("old")
			r.want(t, 5)
			completed := func(kind string) (n int64) {
				counts, err := r.db.Reading().Jobs(t.Context(), r.clock.now())
				if err != nil {
					t.Fatal(err)
				}
				for _, j := range counts {
					if j.Kind == kind && j.State == "completed" {
						n = j.Count
					}
				}
				return n
			}
			until(t, "both are done", func() bool { return completed("delivery") == 1 && completed("look") == 1 })
			r.tx(t, func(ctx context.Context, tx *store.Tx) error {
				if tx.SQLite != nil {
					_, err := tx.SQLite.ExecContext(ctx, "UPDATE river_job SET finalized_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 hour')")
					return err
				}
				_, err := tx.Postgres.Exec(ctx, "UPDATE river_job SET finalized_at = finalized_at - interval '1 hour'")
				return err
			})
			deliver("new")
			until(t, "the new one is handled", func() bool { return completed("delivery") == 2 })
			if err := r.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			var bytes int
			r.tx(t, func(ctx context.Context, tx *store.Tx) error {
				if tx.SQLite != nil {
					return tx.SQLite.QueryRowContext(ctx, "SELECT sum(length(json(args))) FROM river_job").Scan(&bytes)
				}
				return tx.Postgres.QueryRow(ctx, "SELECT sum(length(args::text)) FROM river_job").Scan(&bytes)
			})
			if completed("look") != 0 || bytes < 1000 || bytes > 1500 {
				t.Errorf("%d looks and %d bytes are left", completed("look"), bytes)
			}
			if deliver("old") || deliver("new") {
				t.Error("what was handled is taken again")
			}
		})
	}
}

func TestPeopleGoFirst(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			var order []int64
			done := make(chan struct{}, 10)
			r := open(t, place, &work{look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
				order = append(order, l.Repository.ID)
				done <- struct{}{}
				return jobs.Seen{Next: l.Repository.NextAt}, nil
			}}, func(o *jobs.Options) { o.Looks = 1 })
			r.put(t, 1, 2, 3)
			r.want(t, 1, 2)
			for _, id := range []int64{3, 2} {
				if err := r.WantNow(t.Context(), jobs.Wish{Priority: jobs.Person, Forced: true}, id); err != nil {
					t.Fatal(err)
				}
			}
			r.run(t)
			for range 3 {
				receive(t, done)
			}
			r.stop()
			if got := fmt.Sprint(order); got != "[2 3 1]" && got != "[3 2 1]" {
				t.Errorf("looked at %s", got)
			}
		})
	}
}

// TestForcedOnce has a look for each force, and the one after it is as others are.
func TestForcedOnce(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forced, goOn := make(chan time.Time), make(chan error)
			r := open(t, at(t), &work{look: func(_ context.Context, l jobs.Look) (jobs.Seen, error) {
				forced <- l.Repository.ForcedAt
				return jobs.Seen{Next: l.Repository.NextAt}, <-goOn
			}})
			r.put(t, 5)
			r.run(t)
			force := func() time.Time {
				t.Helper()
				r.clock.advance(time.Second)
				if err := r.WantNow(t.Context(), jobs.Wish{Priority: jobs.Person, Forced: true}, 5); err != nil {
					t.Fatal(err)
				}
				return r.clock.now()
			}
			step := func(what string, want time.Time, end error) {
				t.Helper()
				if got := receive(t, forced); !got.Equal(want) {
					t.Errorf("%s was forced at %v, want %v", what, got, want)
				}
				goOn <- end
			}
			first := force()
			step("a look that fails", first, errors.New("it fails"))
			if got := receive(t, forced); !got.Equal(first) {
				t.Errorf("the next attempt was forced at %v, want %v", got, first)
			}
			second := force()
			goOn <- nil
			step("the look after one in which a force came", second, nil)
			until(t, "nothing is to do", func() bool { found := r.repository(t, 5); return found.Done == found.Requested })
			r.want(t, 5)
			step("a look that nobody forced", time.Time{}, nil)
		})
	}
}

// TestEndlessLooksAreParked has looks whose time is over each time.
func TestEndlessLooksAreParked(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t, at(t), &work{look: func(ctx context.Context, _ jobs.Look) (jobs.Seen, error) {
				<-ctx.Done()
				return jobs.Seen{}, context.Cause(ctx)
			}}, func(o *jobs.Options) { o.LookTimeout = 10 * time.Millisecond })
			r.put(t, 5)
			r.run(t)
			r.want(t, 5)
			until(t, "it is parked", func() bool { return r.repository(t, 5).Parked != "" })
			if got := r.repository(t, 5); got.Done != got.Requested || !got.NextAt.After(r.clock.now()) {
				t.Errorf("parked as %+v", got)
			}
		})
	}
}

// counter is a log of which the lines are counted.
type counter struct{ lines atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.lines.Add(1)
	return len(p), nil
}

// TestUnreadableRepository keeps a look for as long as the database does not answer,
// however often that is.
func TestUnreadableRepository(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log counter
			r := open(t, at(t), &work{}, func(o *jobs.Options) {
				o.LookTimeout = time.Nanosecond // no question is answered in it
				o.Snooze = func(time.Duration) time.Duration { return time.Millisecond }
				o.Logger = zerolog.New(&log).Level(zerolog.ErrorLevel)
			})
			r.put(t, 5)
			r.run(t)
			r.want(t, 5)
			until(t, "it was tried more often than a look that fails", func() bool { return log.lines.Load() > 10 })
			counts, err := r.db.Reading().Jobs(t.Context(), r.clock.now())
			if err != nil || len(counts) != 1 || counts[0].Kind != "look" || counts[0].State == "discarded" {
				t.Errorf("%+v, %v", counts, err)
			}
		})
	}
}

// TestEndMeetsEnd ends a job twice, as happens when the connection is lost between
// a commit and its answer: the second end waits for the first, and finds a job that
// was running when it began and is no more.
func TestEndMeetsEnd(t *testing.T) {
	t.Parallel()
	var r *replica
	done := make(chan error, 1)
	r = open(t, storetest.Postgres(t), &work{look: func(ctx context.Context, _ jobs.Look) (jobs.Seen, error) {
		ctx = context.WithoutCancel(ctx)
		tx, err := r.db.Pool.Begin(ctx)
		if err != nil {
			return jobs.Seen{}, err
		}
		if _, err := tx.Exec(ctx, "UPDATE river_job SET state = 'completed', finalized_at = now() WHERE kind = 'look'"); err != nil {
			return jobs.Seen{}, errors.Join(err, tx.Rollback(ctx))
		}
		go func() {
			until(t, "the second end waits", func() bool {
				var waits int
				err := r.db.Pool.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waits)
				return err == nil && waits > 0
			})
			done <- tx.Commit(ctx)
		}()
		return jobs.Seen{}, errors.New("the connection was lost")
	}})
	r.put(t, 5)
	r.want(t, 5)
	r.run(t)
	if err := receive(t, done); err != nil {
		t.Fatal(err)
	}
	r.stop() // after River wrote down all that ended
	counts, err := r.db.Reading().Jobs(t.Context(), r.clock.now())
	if err != nil || len(counts) != 1 || counts[0].State != "completed" {
		t.Errorf("%+v, %v", counts, err)
	}
}

func TestRemovedWhileLookedAt(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			var r *replica
			looked := make(chan struct{}, 10)
			r = open(t, place, &work{look: func(ctx context.Context, _ jobs.Look) (jobs.Seen, error) {
				err := r.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.RemoveInstallation(ctx, 1) })
				looked <- struct{}{}
				return jobs.Seen{Result: "{}", Images: []store.Image{{Registry: "docker.io", Path: "library/nginx"}}}, err
			}})
			r.put(t, 5)
			r.want(t, 5)
			r.run(t)
			receive(t, looked)
			until(t, "the job ended", func() bool {
				counts, err := r.db.Reading().Jobs(t.Context(), r.clock.now())
				return err == nil && len(counts) == 1 && counts[0].State == "completed"
			})
			if users, err := r.db.Reading().UsersOf(t.Context(), store.Image{Registry: "docker.io", Path: "library/nginx"}); err != nil || len(users) > 0 {
				t.Errorf("a repository that left uses an image: %v, %v", users, err)
			}
		})
	}
}

func TestMigrateTogether(t *testing.T) {
	place := storetest.Postgres(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { open(t, place, &work{}) })
	}
	all.Wait()
}
