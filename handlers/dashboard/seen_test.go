package dashboard_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/dashboard"
)

func TestMirror(t *testing.T) {
	t.Parallel()
	old, fresh := []byte("an old key of some length"), []byte("a new key of some length")
	s := empty()
	s.Seen = []dashboard.Seen{
		{Image: "ghcr.io/acme/web", Tag: "1.1.0", At: now.Add(time.Millisecond)}, {Image: "ghcr.io/acme/api", Tag: "1@sha256:ab", At: now.Add(-time.Hour)},
	}
	if strings.Contains(dashboard.Text(s), "imageupdater:seen") {
		t.Error("without a key, nothing is mirrored")
	}
	s.Keys = [][]byte{nil, old}
	text := dashboard.Text(s)
	want := []dashboard.Seen{
		{Image: "ghcr.io/acme/api", Tag: "1@sha256:ab", At: now.Add(-time.Hour)}, {Image: "ghcr.io/acme/web", Tag: "1.1.0", At: now.Add(time.Second)}, // never sooner
	}
	if diff := cmp.Diff(want, dashboard.ReadSeen(text, 7, [][]byte{fresh, old})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	_, rest, _ := strings.Cut(text, "<!-- imageupdater:seen ")
	payload, sum, _ := strings.Cut(rest, ".")
	signed, _, _ := strings.Cut(sum, " -->")
	other := base64.RawStdEncoding.EncodeToString([]byte("other"))
	for name, forged := range map[string]string{
		"another payload": strings.Replace(text, payload, other, 1), "another signature": strings.Replace(text, signed, other, 1), "no signature": strings.Replace(text, "."+signed, "", 1),
		"cut": text[:len(text)-10], "no base64": strings.Replace(text, payload, "%", 1),
	} {
		if got := dashboard.ReadSeen(forged, 7, [][]byte{old}); forged == text || got != nil {
			t.Errorf("%s is believed: %v", name, got)
		}
	}
	for name, got := range map[string][]dashboard.Seen{
		"another repository": dashboard.ReadSeen(text, 8, [][]byte{old}), "another key": dashboard.ReadSeen(text, 7, [][]byte{fresh}), "no key": dashboard.ReadSeen(text, 7, [][]byte{{}}),
	} {
		if got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestMirrorIsBounded keeps what has waited longest.
func TestMirrorIsBounded(t *testing.T) {
	t.Parallel()
	s := empty()
	s.Keys = [][]byte{[]byte("a key of some length")}
	for n := range 5000 {
		s.Seen = append(s.Seen, dashboard.Seen{Image: fmt.Sprintf("ghcr.io/acme/%x", n*2654435761), Tag: "1", At: now.Add(-time.Duration(n) * time.Minute)})
	}
	text := dashboard.Text(s)
	got := dashboard.ReadSeen(text, 7, s.Keys)
	if len(text) > 10_000 || len(got) < 50 || !got[0].At.Equal(now.Add(-4999*time.Minute)) {
		t.Errorf("%d bytes, %d kept, the first of %v", len(text), len(got), got[0])
	}
}
