package registryhook

// readACR reads what Azure's registry sends. The host in it is the payload's word
// and nothing more, but one that is not the configured one is another registry's.
func readACR(f *findings, d delivery) error {
	var in struct {
		ID     string `json:"id"`
		Action string `json:"action"`
		Target struct {
			Repository string `json:"repository"`
			Tag        string `json:"tag"`
		} `json:"target"`
		Request struct {
			Host string `json:"host"`
		} `json:"request"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	f.known(in.ID)
	if f.action(in.Action, "push") && f.here(in.Request.Host) && f.tagged(in.Target.Tag) {
		f.add(in.Target.Repository)
	}
	return nil
}
