package registryhook

// readDistribution reads notifications of the distribution registry, of which
// GitLab's is one. An envelope holds events that have nothing to do with each
// other, those of pulls among them.
func readDistribution(f *findings, d delivery) error {
	var in struct {
		Events []struct {
			Action string `json:"action"`
			Target struct {
				Repository string `json:"repository"`
				Tag        string `json:"tag"`
			} `json:"target"`
			Request struct {
				Host string `json:"host"`
			} `json:"request"`
		} `json:"events"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	for _, e := range in.Events {
		if f.action(e.Action, "push") && f.here(e.Request.Host) && f.tagged(e.Target.Tag) {
			f.add(e.Target.Repository)
		}
	}
	return nil
}
