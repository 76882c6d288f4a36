package sources

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// Bounds of foreign text, in bytes.
const (
	maxBody    = 256 << 10 // of a release's notes
	maxLine    = 1 << 10   // of a title, a name
	maxMessage = 2 << 10   // of a commit, of which the first lines are shown
)

var errUnread = fmt.Errorf("%w: an answer that is not understood", changelog.ErrLater)

// into decodes an answer.
func into(body []byte, value any) error {
	if json.Unmarshal(body, value) != nil {
		return errUnread // the decoder's words quote the answer
	}
	return nil
}

// encoded is what is kept of an answer.
func encoded(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, errUnread
	}
	return text, nil
}

// cut bounds a text, between two characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[:most]
	for len(text) > 0 {
		if last, size := utf8.DecodeLastRuneInString(text); last != utf8.RuneError || size > 1 {
			break
		}
		text = text[:len(text)-1]
	}
	return text
}

// moment is a time. Authors of commits may have written none that can be read.
type moment struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (m *moment) UnmarshalJSON(text []byte) error {
	if at, err := time.Parse(`"`+time.RFC3339+`"`, string(text)); err == nil {
		m.Time = at.UTC()
	}
	return nil
}

func decodeRepository(body []byte) (seen, error) {
	var got struct {
		ID         int64
		Owner      struct{ Login string }
		Private    *bool
		Visibility string
	}
	if err := into(body, &got); err != nil || got.ID <= 0 || got.Owner.Login == "" {
		return seen{}, errUnread
	}
	is := seen{ID: got.ID, Owner: got.Owner.Login}
	switch {
	case got.Private == nil, *got.Private && got.Visibility != "internal":
		is.Visibility = changelog.Private
	case got.Visibility == "internal":
		is.Visibility = changelog.Internal
	case got.Visibility == "public", got.Visibility == "":
		is.Visibility = changelog.Public
	}
	return is, nil
}

func decodeReleases(a forge.Answer) ([]byte, error) {
	var got []struct {
		TagName     string `json:"tag_name"`
		Name, Body  string
		Draft       bool
		PreRelease  bool   `json:"prerelease"`
		PublishedAt moment `json:"published_at"`
	}
	if err := into(a.Body, &got); err != nil {
		return nil, err
	}
	releases := make([]changelog.Release, 0, len(got))
	for _, g := range got {
		if g.Draft || g.TagName == "" || len(g.TagName) > maxLine {
			continue
		}
		releases = append(releases, changelog.Release{
			Tag: g.TagName, Title: cut(g.Name, maxLine), Body: cut(g.Body, maxBody), PreRelease: g.PreRelease, Published: g.PublishedAt.Time,
		})
	}
	return encoded(releases)
}

func decodeTags(a forge.Answer) ([]byte, error) {
	var got []struct{ Ref string }
	if err := into(a.Body, &got); err != nil {
		return nil, err
	}
	tags := make([]string, 0, len(got))
	for _, g := range got {
		if tag, is := strings.CutPrefix(g.Ref, "refs/tags/"); is && len(tag) <= maxLine {
			tags = append(tags, tag)
		}
	}
	return encoded(tags)
}

// decodeNames reads a directory. What is none has no names.
func decodeNames(a forge.Answer) ([]byte, error) {
	if !strings.HasPrefix(strings.TrimSpace(string(a.Body[:min(len(a.Body), 16)])), "[") {
		return nil, changelog.ErrNotFound
	}
	var got []struct{ Name, Type string }
	if err := into(a.Body, &got); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(got))
	for _, g := range got {
		if (g.Type == "file" || g.Type == "symlink") && g.Name != "" && !strings.Contains(g.Name, "/") {
			names = append(names, g.Name)
		}
	}
	return encoded(names)
}

func decodeFile(a forge.Answer) ([]byte, error) {
	if !a.File {
		return nil, changelog.ErrNotFound
	}
	return a.Body, nil
}
