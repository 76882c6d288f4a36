package registryhook

// readNexus reads Nexus' event about a component. It knows no host, and not
// whether the repository is reached at a host or port of its own or by its name
// before the image's: both are hinted at, and who watches neither loses nothing.
func readNexus(f *findings, d delivery) error {
	f.known(d.header.Get("X-Nexus-Webhook-Delivery"))
	if event := d.header.Get("X-Nexus-Webhook-Id"); event != "rm:repository:component" {
		return f.skip("the event %.60q is about no component", event)
	}
	var in struct {
		Action     string `json:"action"`
		Repository string `json:"repositoryName"`
		Component  struct {
			Format string `json:"format"`
			Name   string `json:"name"`
			Tag    string `json:"version"`
		} `json:"component"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	if in.Component.Format != "docker" {
		return f.skip("the component is no image")
	}
	if f.action(in.Action, "CREATED", "UPDATED") && f.tagged(in.Component.Tag) {
		f.add(in.Component.Name)
		f.add(in.Repository + "/" + in.Component.Name)
	}
	return nil
}
