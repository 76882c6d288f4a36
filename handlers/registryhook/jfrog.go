package registryhook

import "strings"

// readJFrog reads Artifactory's event of a pushed image.
func readJFrog(f *findings, d delivery) error {
	var in struct {
		Domain string `json:"domain"`
		Event  string `json:"event_type"`
		Origin string `json:"jpd_origin"`
		Data   struct {
			Repository string `json:"repo_key"`
			Image      string `json:"image_name"`
			Type       string `json:"image_type"`
			Tag        string `json:"tag"`
		} `json:"data"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	kind := in.Data.Type
	if in.Domain != "docker" || (kind != "" && kind != "docker" && kind != "oci") {
		return f.skip("it is about no image")
	}
	if !f.action(in.Event, "pushed") || !f.tagged(in.Data.Tag) {
		return nil
	}
	origin := hostBefore(in.Origin)
	// Artifactory may give each of its repositories a host of its own.
	if own, is := strings.CutPrefix(f.host, strings.ToLower(in.Data.Repository)+"."); is && (origin == "" || strings.EqualFold(own, origin)) {
		f.add(in.Data.Image)
		return nil
	}
	if f.hereIfTold(origin) {
		f.add(in.Data.Repository + "/" + in.Data.Image)
	}
	return nil
}
