package registryhook

// harborPush is what Harbor tells of a push. Of several tags that were pushed at
// once only the first is in it, and without a tag its place is the digest's.
type harborPush struct {
	Resources []struct {
		Tag string `json:"tag"`
		URL string `json:"resource_url"`
	} `json:"resources"`
	Repository struct {
		FullName string `json:"repo_full_name"`
	} `json:"repository"`
}

// readHarbor reads Harbor's own form and its CloudEvents.
func readHarbor(f *findings, d delivery) error {
	if isCloudEvent(d) {
		return readHarborEvent(f, d)
	}
	var in struct {
		Type string     `json:"type"`
		Data harborPush `json:"event_data"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	if f.action(in.Type, "PUSH_ARTIFACT") {
		in.Data.find(f)
	}
	return nil
}

func readHarborEvent(f *findings, d delivery) error {
	event, err := cloudEventOf(f, d)
	if err != nil {
		return err
	}
	var push harborPush
	if !f.action(event.Type, "harbor.artifact.pushed") {
		return nil
	}
	if err := decode(event.Data, &push); err != nil {
		return err
	}
	push.find(f)
	return nil
}

func (p harborPush) find(f *findings) {
	for _, r := range p.Resources {
		if f.hereIfTold(hostBefore(r.URL)) && f.tagged(r.Tag) {
			f.add(p.Repository.FullName)
			return
		}
	}
}
