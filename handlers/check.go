package handlers

// checkRun is sent for the check runs of all Apps, ours included: rerequested
// means that somebody wants ours again.
func checkRun(_ *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		CheckRun struct {
			CheckSuite struct {
				HeadBranch string `json:"head_branch"`
			} `json:"check_suite"`
		} `json:"check_run"`
	}
	if err := decode("check_run", body, &in); err != nil {
		return err
	}
	n.Person = e.Action == "rerequested" || e.Action == "requested_action"
	return n.checked(e, in.CheckRun.CheckSuite.HeadBranch)
}

func checkSuite(_ *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		CheckSuite struct {
			HeadBranch string `json:"head_branch"`
		} `json:"check_suite"`
	}
	if err := decode("check_suite", body, &in); err != nil {
		return err
	}
	n.Person = e.Action == "rerequested"
	return n.checked(e, in.CheckSuite.HeadBranch)
}

// checked is lookFor for checks. Those of the default branch decide nothing, and
// each push to it brings many.
func (n *News) checked(e envelope, branch string) error {
	if branch == e.Repository.DefaultBranch && branch != "" && !n.Person {
		return n.ignore("it is about no branch of ours")
	}
	return n.lookFor(e, branch)
}

// status is sent for commit statuses, with the branches that have the commit.
func status(_ *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		Branches []struct {
			Name string `json:"name"`
		} `json:"branches"`
	}
	if err := decode("status", body, &in); err != nil {
		return err
	}
	for _, b := range in.Branches {
		if b.Name != e.Repository.DefaultBranch {
			return n.lookFor(e, b.Name)
		}
	}
	return n.ignore("it is about no branch of ours")
}

// mergeGroup is sent when a merge queue wants checks, ours included.
func mergeGroup(_ *Decoder, e envelope, _ []byte, n *News) error { return n.look(e) }

// protection is sent when the rules of branches change.
func protection(_ *Decoder, e envelope, _ []byte, n *News) error { return n.look(e) }
