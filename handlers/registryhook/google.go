package registryhook

import "github.com/imageupdater/imageupdater/scanner/image"

// readGAR reads what Pub/Sub pushes: an envelope around the notification of
// Artifact Registry, which names digest and tag by whole references.
func readGAR(f *findings, d delivery) error {
	var in struct {
		Message struct {
			Data []byte `json:"data"`
			ID   string `json:"messageId"`
		} `json:"message"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	f.known(in.Message.ID)
	if len(in.Message.Data) == 0 {
		return f.skip("the message is empty")
	}
	var pushed struct {
		Action string `json:"action"`
		Tag    string `json:"tag"`
	}
	if err := decode(in.Message.Data, &pushed); err != nil {
		return err
	}
	if !f.action(pushed.Action, "INSERT") {
		return nil
	}
	if pushed.Tag == "" {
		return f.skip("nothing was tagged")
	}
	ref, err := image.Parse(pushed.Tag)
	if err != nil {
		return f.skip("%.100q is no name of an image", pushed.Tag)
	}
	if f.here(ref.Registry) && f.tagged(ref.Tag) {
		f.add(ref.Path)
	}
	return nil
}
