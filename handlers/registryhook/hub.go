package registryhook

import "slices"

// readDockerHub reads what Docker Hub sends. Its callback_url is nobody's to call:
// whoever sends the webhook chooses it.
func readDockerHub(f *findings, d delivery) error {
	var in struct {
		PushData struct {
			Tag string `json:"tag"`
		} `json:"push_data"`
		Repository struct {
			RepoName string `json:"repo_name"`
		} `json:"repository"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	if in.Repository.RepoName != "" && f.tagged(in.PushData.Tag) {
		f.add(in.Repository.RepoName)
	}
	return nil
}

// readQuay reads Quay's notification of a push.
func readQuay(f *findings, d delivery) error {
	var in struct {
		Repository  string   `json:"repository"`
		DockerURL   string   `json:"docker_url"`
		UpdatedTags []string `json:"updated_tags"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	switch {
	case !f.hereIfTold(hostBefore(in.DockerURL)):
	case !slices.ContainsFunc(in.UpdatedTags, f.tagged):
		f.note("nothing was tagged")
	default:
		f.add(in.Repository)
	}
	return nil
}
