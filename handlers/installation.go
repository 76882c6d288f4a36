package handlers

import "slices"

// told is a repository as the events about installations show it.
type told struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	FullName string `json:"full_name"`
}

func repositories(all []told) []Repository {
	found := make([]Repository, 0, len(all))
	for _, r := range all {
		found = append(found, repository{ID: r.ID, Name: r.Name, FullName: r.FullName}.known())
	}
	return found
}

// installed is the installation of the events about it.
type installed struct {
	Installation struct {
		Account     account           `json:"account"`
		SuspendedAt *string           `json:"suspended_at"`
		Permissions map[string]string `json:"permissions"`
	} `json:"installation"`
	Repositories []told `json:"repositories"`
	Added        []told `json:"repositories_added"`
	Removed      []told `json:"repositories_removed"`
}

// installation is sent when the App comes to an account, leaves it, or is
// suspended there. Its list of repositories may be cut: they are listed anyway.
func installation(_ *Decoder, e envelope, body []byte, n *News) error {
	var in installed
	if err := decode("installation", body, &in); err != nil {
		return err
	}
	n.Account = in.Installation.Account.Login
	if e.Action == "deleted" {
		n.Uninstalled = true
		return nil
	}
	n.Installed = &Installed{
		AccountID:   in.Installation.Account.ID,
		Suspended:   in.Installation.SuspendedAt != nil && e.Action != "unsuspend",
		Permissions: in.Installation.Permissions,
	}
	n.Added = repositories(in.Repositories)
	n.LookAtAll = e.Action != "suspend"
	return nil
}

func installationRepositories(_ *Decoder, _ envelope, body []byte, n *News) error {
	var in installed
	if err := decode("installation_repositories", body, &in); err != nil {
		return err
	}
	n.Account = in.Installation.Account.Login
	n.Added = repositories(in.Added)
	for _, r := range in.Removed {
		n.Removed = append(n.Removed, r.ID)
	}
	n.LookAtAll = slices.ContainsFunc(slices.Concat(in.Added, in.Removed), func(r told) bool { return r.Name == sharedName })
	return nil
}
