package githubtest

// OtherApp is another GitHub App, such as one that runs CI, which acts by the
// methods of Repository alone; made when there is none of that slug yet. The
// server's own slug is the server's own App.
func (s *Server) OtherApp(slug string) *App {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.appOf(slug)
}

func (s *Server) appOf(slug string) *App {
	if slug == s.App.Slug {
		return s.App
	}
	if s.others[slug] == nil {
		s.others[slug] = &App{ID: s.id(), ClientID: "Iv1." + slug, Slug: slug, since: s.Now()}
	}
	return s.others[slug]
}

// Check plays CI: it puts a check run of an App, named by its slug, onto a
// commit, or lays the state over the App's newest one of that name. A conclusion
// goes with status "completed" alone. It returns the check run's id.
func (r *Repository) Check(sha, app, name, status, conclusion string) int64 {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	made := r.server.appOf(app)
	c := r.acting(r.server.t.Context(), r.server.person(app+"[bot]"))
	in := checkIn{Name: &name, Status: &status, Head: sha}
	if conclusion != "" {
		in.Conclusion = &conclusion
	}
	for _, k := range r.latest(sha) {
		if k.name == name && k.suite.app == made && k.status != "completed" {
			r.must(c.changeCheck(k, in))
			return k.id
		}
	}
	k, refusal := c.addCheck(made, in)
	r.must(refusal)
	return k.id
}

// Goes says whether more check runs of an App come on a commit than there are, as
// those of a workflow do whose jobs wait for each other. GitHub tells when it is over.
func (r *Repository) Goes(sha, app string, on bool) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	s := r.suite(sha, r.server.appOf(app))
	s.going, s.updated = on, r.server.Now()
	if state, _ := r.verdict(s); state == "completed" {
		ctx := r.server.t.Context()
		r.tellSuite(ctx, r.server.person(app+"[bot]"), s, "completed")
	}
}

// Status plays CI by the older way: it gives a commit a status.
func (r *Repository) Status(sha, context, state string) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	ci := r.server.person("ci")
	c := r.acting(r.server.t.Context(), ci)
	c.addStatus(&status{id: c.id(), head: sha, state: state, context: context, by: ci, at: c.Now()})
}

// RerequestCheck asks the App for one of its check runs anew, as a person does
// by a button. The run stays as it is until the App changes it; its suite is
// queued.
func (r *Repository) RerequestCheck(id int64, login string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c := r.acting(r.server.t.Context(), r.server.person(login))
	for _, k := range r.checks {
		if k.id == id {
			k.suite.asked, k.suite.updated = true, c.Now()
			if k.suite.app == c.App { // nobody else hears of it
				c.tellCheck(k, c.caller(), "rerequested")
			}
			return
		}
	}
	r.server.t.Fatalf("githubtest: no check run %d", id)
}

// must fails the test when GitHub refuses what the test does as a person.
func (r *Repository) must(refusal *reply) {
	r.server.t.Helper()
	if refusal != nil {
		r.server.t.Fatalf("githubtest: %v", refusal.body)
	}
}
