package handlers

// repositoryEvent is sent when a repository is renamed, moved, archived and so
// on. Its id stays.
func repositoryEvent(_ *Decoder, e envelope, _ []byte, n *News) error {
	if e.Repository.ID == 0 {
		return n.ignore("it names no repository")
	}
	n.LookAtAll = e.Repository.Name == sharedName
	switch e.Action {
	case "deleted":
		n.Removed = []int64{e.Repository.ID}
		n.Repository = Repository{}
		return nil
	case "created", "publicized", "privatized", "edited", "renamed", "transferred", "unarchived", "archived":
		return n.look(e)
	}
	return n.ignore("nothing of it matters")
}
