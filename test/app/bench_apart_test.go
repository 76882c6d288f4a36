package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/server"
)

// apartKey names in the environment the configuration of a server that runs in a
// process of its own, so that what it takes is told apart from what the stand-ins
// take.
const apartKey = "IMAGEUPDATER_BENCH_APART"

// taken is what a process has taken.
type taken struct {
	CPU  time.Duration // since the start
	Peak int           // bytes of memory at most, since it was last asked
	Heap uint64        // bytes in use, after a collection
	Now  int64         // by the process' clock, in milliseconds since 1970
}

// TestApart is no test: it is the process. To each line with a time it answers
// with what it has taken, and moves its clock ahead by that time. It ends with its
// input.
func TestApart(t *testing.T) { //nolint:paralleltest // it is alone
	text := os.Getenv(apartKey)
	if text == "" {
		return // benchmarks run it, in a process of its own
	}
	c, _, err := config.LoadServer("server.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	clock := &ahead{}
	s, err := server.New(t.Context(), server.Options{
		Config: c, Version: "test", Log: io.Discard, Getenv: os.Getenv, Environ: os.Environ, Now: clock.now, Unpaced: true,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	door, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, door) }()
	obey(t, s, clock)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func obey(t *testing.T, s *server.Server, clock *ahead) {
	t.Helper()
	lines, answers := bufio.NewScanner(os.Stdin), json.NewEncoder(os.NewFile(3, "answers"))
	for lines.Scan() {
		d, err := time.ParseDuration(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		clock.by.Add(int64(d))
		if err := answers.Encode(takenNow(t, clock)); err != nil {
			t.Fatal(err)
		}
		if err := s.Tick(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// ahead is a clock that runs with the machine's.
type ahead struct{ by atomic.Int64 }

func (a *ahead) now() time.Time { return time.Now().Add(time.Duration(a.by.Load())) }

func takenNow(t *testing.T, clock *ahead) taken {
	t.Helper()
	now := taken{Now: clock.now().UnixMilli(), Peak: peak()}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	now.CPU = time.Duration(used.Utime.Nano() + used.Stime.Nano())
	runtime.GC()
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	now.Heap = heap.HeapAlloc
	return now
}

// peak is how many bytes of memory the process had at most since it was last
// asked; 0 where the system does not tell.
func peak() int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	kilobytes, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0
	}
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // where it cannot be done, the peak is the highest so far
	return kilobytes << 10
}

// apart is that process, as the benchmark has it.
type apart struct {
	b       *testing.B
	orders  io.Writer
	answers *json.Decoder
}

func beginApart(b *testing.B, configuration string, env map[string]string) *apart {
	b.Helper()
	args := []string{"-test.run", "^TestApart$"}
	if file := os.Getenv(apartKey + "_PROFILE"); file != "" {
		args = append(args, "-test.cpuprofile", file)
	}
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0], args...)
	cmd.Env = append(os.Environ(), apartKey+"="+configuration)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	orders, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	answers, answering, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	said := &lines{}
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = said, said, []*os.File{answering}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	_ = answering.Close() // the process has it
	b.Cleanup(func() {
		_ = orders.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("the server's process: %v\n%s", err, said)
		}
		_ = answers.Close()
	})
	return &apart{b: b, orders: orders, answers: json.NewDecoder(answers)}
}

// tell moves the process' clock, and gives what the process has taken by then.
func (a *apart) tell(d time.Duration) (now taken) {
	a.b.Helper()
	if _, err := fmt.Fprintln(a.orders, d); err != nil {
		a.b.Fatal(err)
	}
	if err := a.answers.Decode(&now); err != nil {
		a.b.Fatal(err)
	}
	return now
}
