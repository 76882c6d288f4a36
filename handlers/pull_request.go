package handlers

// onPull is a pull request as the events about it show it.
type onPull struct {
	PullRequest struct {
		Head struct {
			Ref  string     `json:"ref"`
			Repo repository `json:"repo"`
		} `json:"head"`
	} `json:"pull_request"`
}

// pullRequest is sent for all that happens to a pull request. Those from forks
// are nobody's of ours, whatever their branches are called.
func pullRequest(_ *Decoder, e envelope, body []byte, n *News) error {
	var in onPull
	if err := decode("pull_request", body, &in); err != nil {
		return err
	}
	if in.PullRequest.Head.Repo.ID != e.Repository.ID {
		return n.ignore("it comes from another repository")
	}
	return n.lookFor(e, in.PullRequest.Head.Ref)
}

func pullRequestReview(d *Decoder, e envelope, body []byte, n *News) error {
	return pullRequest(d, e, body, n)
}
