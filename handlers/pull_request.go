package handlers

import "slices"

// onPull is a pull request as the events about it show it.
type onPull struct {
	PullRequest struct {
		Head struct {
			Ref  string     `json:"ref"`
			Repo repository `json:"repo"`
		} `json:"head"`
		Base struct {
			Ref string `json:"ref"`
		} `json:"base"`
	} `json:"pull_request"`
}

// pullRequest is sent for all that happens to a pull request. What is new in one for
// the default branch, anybody's and from forks too, may be a change of the
// configuration, which is checked. Else those from forks are nobody's of ours,
// whatever their branches are called.
func pullRequest(_ *Decoder, e envelope, body []byte, n *News) error {
	var in onPull
	if err := decode("pull_request", body, &in); err != nil {
		return err
	}
	brings := slices.Contains([]string{"opened", "synchronize", "reopened", "edited"}, e.Action)
	if brings { // its base may require a check of it
		return n.look(e)
	}
	return n.ofOurs(e, &in)
}

func pullRequestReview(_ *Decoder, e envelope, body []byte, n *News) error {
	var in onPull
	if err := decode("pull_request_review", body, &in); err != nil {
		return err
	}
	return n.ofOurs(e, &in)
}

// ofOurs is lookFor for a pull request's branch.
func (n *News) ofOurs(e envelope, in *onPull) error {
	if in.PullRequest.Head.Repo.ID != e.Repository.ID {
		return n.ignore("it comes from another repository")
	}
	return n.lookFor(e, in.PullRequest.Head.Ref)
}
