package registryhook

import (
	"encoding/json"
	"regexp"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// cloudEvent is what matters of a CloudEvent, in whichever of its two forms it came.
type cloudEvent struct {
	Version string          `json:"specversion"`
	ID      string          `json:"id"`
	Source  string          `json:"source"`
	Type    string          `json:"type"`
	Subject string          `json:"subject"`
	Data    json.RawMessage `json:"data"`
	Base64  []byte          `json:"data_base64"`
}

// inHeaders says whether the event's attributes are headers and its data the body.
func inHeaders(d delivery) bool { return d.header.Get("Ce-Specversion") != "" }

// isCloudEvent says whether a source with a form of its own sent a CloudEvent.
func isCloudEvent(d delivery) bool {
	var in struct {
		Version json.RawMessage `json:"specversion"`
	}
	return inHeaders(d) || (json.Unmarshal(d.body, &in) == nil && in.Version != nil)
}

func cloudEventOf(f *findings, d delivery) (cloudEvent, error) {
	event := cloudEvent{
		Version: d.header.Get("Ce-Specversion"),
		ID:      d.header.Get("Ce-Id"),
		Source:  d.header.Get("Ce-Source"),
		Type:    d.header.Get("Ce-Type"),
		Subject: d.header.Get("Ce-Subject"),
		Data:    d.body,
	}
	if !inHeaders(d) {
		event = cloudEvent{}
		if err := d.decode(&event); err != nil {
			return cloudEvent{}, err
		}
	}
	if event.Version == "" || event.Type == "" {
		return cloudEvent{}, errNoEvent
	}
	if event.Base64 != nil {
		event.Data = event.Base64
	}
	f.known(event.Source, event.ID)
	return event, nil
}

// readZot reads zot's events, of which one is about new images.
func readZot(f *findings, d delivery) error {
	event, err := cloudEventOf(f, d)
	if err != nil {
		return err
	}
	if !f.action(event.Type, "zotregistry.image.updated") {
		return nil
	}
	var data struct {
		Name      string `json:"name"`
		Reference string `json:"reference"`
	}
	if err := decode(event.Data, &data); err != nil {
		return err
	}
	if f.tagged(data.Reference) {
		f.add(data.Name)
	}
	return nil
}

// bringsNothing fits the types of events that say by a word that nothing was pushed.
func bringsNothing() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|[^a-z])(?:deleted?|removed?|pull(?:ed)?|ping|test)(?:[^a-z]|$)`)
}

// readCloudEvent reads events of whoever. They agree on no name for the image: it
// is looked for where known ones have it, in the data and then in the subject.
func readCloudEvent(f *findings, d delivery) error {
	event, err := cloudEventOf(f, d)
	if err != nil {
		return err
	}
	if bringsNothing().MatchString(event.Type) {
		return f.skip("what happened, %.60q, brings no new tag", event.Type)
	}
	named, err := imageIn(event)
	if err != nil || named == "" {
		return err
	}
	ref, err := image.Parse(named)
	if err != nil {
		return f.skip("%.100q is no name of an image", named)
	}
	if f.hereIfTold(ref.Registry) {
		f.add(ref.Path)
	}
	return nil
}

func imageIn(event cloudEvent) (string, error) {
	var data struct {
		Image          any `json:"image"`
		RepositoryName any `json:"repositoryName"`
		Repository     any `json:"repository"`
		Name           any `json:"name"`
	}
	if object(event.Data) {
		if err := decode(event.Data, &data); err != nil {
			return "", err
		}
	}
	for _, told := range []any{data.Image, data.RepositoryName, data.Repository, data.Name} {
		if name, is := told.(string); is && name != "" {
			return name, nil
		}
	}
	return event.Subject, nil
}
