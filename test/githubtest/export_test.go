package githubtest

import (
	"encoding/json"
)

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

// Told is what the last event says beyond its repository and sender.
func (s *Server) Told() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := json.Marshal(s.events[len(s.events)-1].payload)
	if err != nil {
		return nil
	}
	var told map[string]any
	_ = json.Unmarshal(text, &told) // it was an object
	return told
}

// CheckPayload is what the payloads of webhooks go through.
func CheckPayload(name string, payload []byte) error {
	p, err := thePayloads()
	if err != nil {
		return err
	}
	return p.check(name, payload)
}

// Implements says whether the stand-in has an operation.
func Implements(operation string) bool { return operations()[operation].handle != nil }

// Needs is what each operation needs: a permission such as "contents:write",
// "app", "installation" or "any".
func Needs() map[string]string {
	needs := map[string]string{}
	for name, op := range operations() {
		needs[name] = op.needs
	}
	return needs
}
