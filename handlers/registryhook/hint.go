package registryhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Hint is what a webhook says.
type Hint struct {
	// ID is the same for the same delivery: the source's own id, or a SHA-256 of
	// the body, in hex. It has at most 200 bytes of printable ASCII, and is to be
	// kept beside the hook's name.
	ID string
	// Images are those that something was pushed to, each once and in canonical
	// spelling, at most MaxImages.
	Images []image.Repository
	// Ignored says why nothing follows, for logs and people; "" where there are
	// images. It may hold text of the payload, quoted and cut.
	Ignored string
}

// delivery is one call of a webhook.
type delivery struct {
	header http.Header
	body   []byte
}

// decode reads the body.
func (d delivery) decode(into any) error { return decode(d.body, into) }

func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decoding the JSON: %w", err)
	}
	return nil
}

// Read says what an authentic webhook is about. The error is a body that is too
// long or not what the kind's source sends; that, too, should be answered 2xx, since
// some sources repeat for ever what is refused.
func (r *Receiver) Read(header http.Header, body []byte) (Hint, error) {
	if len(body) > MaxBody {
		return Hint{}, fmt.Errorf("reading the webhook %s: its body is longer than %d bytes", r.hook.Name, MaxBody)
	}
	f := findings{host: r.hook.Host, seen: map[image.Repository]bool{}}
	if err := r.kind.read(&f, delivery{header, body}); err != nil {
		return Hint{}, fmt.Errorf("reading the webhook %s: %w", r.hook.Name, err)
	}
	if f.id == "" {
		// Without an id or a time what happens twice sends the same bytes twice: the
		// minute tells them apart.
		f.id = sum(append([]byte(r.now().UTC().Truncate(time.Minute).Format(time.RFC3339)), body...))
	}
	hint := Hint{ID: f.id, Images: f.images}
	if len(hint.Images) == 0 {
		hint.Ignored = "it names no image"
		if f.why != "" {
			hint.Ignored = f.why
		}
	}
	return hint, nil
}

// findings collects what a body says.
type findings struct {
	host   string
	id     string
	images []image.Repository
	seen   map[image.Repository]bool
	// why is the first reason to ignore something.
	why string
}

// note keeps why something is ignored.
func (f *findings) note(format string, args ...any) {
	if f.why == "" {
		f.why = fmt.Sprintf(format, args...)
	}
}

// skip is note, to end a reader with: what is ignored is no error.
func (f *findings) skip(format string, args ...any) error {
	f.note(format, args...)
	return nil
}

// known takes an id of the source, where it has one.
func (f *findings) known(parts ...string) {
	if slices.Contains(parts, "") {
		return
	}
	id := strings.Join(parts, " ")
	if !regexp.MustCompile(`^[!-~]+( [!-~]+)*$`).MatchString(id) || len(id) > 200 {
		id = sum([]byte(id))
	}
	f.id = id
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

// add takes an image of the configured host by its path.
func (f *findings) add(path string) {
	ref, err := image.ParseName(f.host + "/" + path)
	if err != nil {
		f.note("%.100q is no name of an image", path)
		return
	}
	repository := ref.Repository()
	if f.seen[repository] || len(f.images) == MaxImages {
		return
	}
	f.seen[repository] = true
	f.images = append(f.images, repository)
}

// here says whether a host that the payload tells is the configured one.
func (f *findings) here(told string) bool {
	host, err := hostOf(told)
	if err == nil && host == f.host {
		return true
	}
	f.note("it is about the registry %.100q, not about %s", told, f.host)
	return false
}

// hereIfTold is here where the payload may tell no host.
func (f *findings) hereIfTold(told string) bool { return told == "" || f.here(told) }

// tagged says whether a tag was pushed. Some registries write the digest where the
// tag is missing.
func (f *findings) tagged(tag string) bool {
	if image.ValidTag(tag) && !strings.HasPrefix(tag, "sha256__") {
		return true
	}
	f.note("nothing was tagged")
	return false
}

// action says whether what was done is one of those that bring new content.
func (f *findings) action(done string, wanted ...string) bool {
	for _, w := range wanted {
		if strings.EqualFold(done, w) {
			return true
		}
	}
	f.note("what happened, %.60q, brings no new tag", done)
	return false
}

// hostBefore is the host of "host/path", without a scheme.
func hostBefore(reference string) string {
	if _, after, found := strings.Cut(reference, "://"); found {
		reference = after
	}
	host, _, _ := strings.Cut(reference, "/")
	return host
}

// object says whether raw is a JSON object.
func object(raw json.RawMessage) bool {
	return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{"))
}

var errNoEvent = errors.New("it is no CloudEvent")
