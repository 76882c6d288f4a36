package githubtest

// Happened is the events so far, as "issues.opened by alice".
func (s *Server) Happened() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var told []string
	for _, e := range s.events {
		text := e.name
		if e.action != "" {
			text += "." + e.action
		}
		if ref, has := e.payload["ref"].(string); has {
			text += " " + ref
		}
		told = append(told, text+" by "+e.by.login)
	}
	return told
}
