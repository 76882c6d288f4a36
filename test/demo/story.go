package main

import (
	"fmt"
	"slices"
)

// beginning is how many steps of the story the demo takes by itself. The others
// are for people, and for --once.
const beginning = 2

// story is what --once tells and checks.
func story() []step {
	return slices.Concat(opening(), updating(), telling(), merging(), refusing())
}

// opening is the first minute.
func opening() []step {
	return []step{
		{"The organisation acme has repositories of manifests, and images in a registry.", (*world).found, nil},
		{"It installs the App.", (*world).install, []claim{
			proposes("shop", "dev", "Update dev images (3)",
				change{"values.yaml", `tag: "1.4.2"`, `tag: "1.5.0"`},
				change{"values.yaml", "tag: v2.3.0", "tag: v2.3.1"},
				change{"values.yaml", "worker:0.9.4@DIGEST(acme/worker:0.9.4)", "worker:0.9.5@DIGEST(acme/worker:0.9.5)"}),
			proposes("shop", "dev-major", "Update REGISTRY/acme/worker to 1.0.0",
				change{"values.yaml", "worker:0.9.4@DIGEST(acme/worker:0.9.4)", "worker:1.0.0@DIGEST(acme/worker:1.0.0)"}),
			proposes("shop", "prod", "Update prod images (3)",
				change{"values-prod.yaml", `tag: "1.4.2"`, `tag: "1.5.0"`},
				change{"values-prod.yaml", "tag: v2.2.1", "tag: v2.3.1"},
				change{"values-prod.yaml", "worker:0.9.3@DIGEST(acme/worker:0.9.3)", "worker:0.9.5@DIGEST(acme/worker:0.9.5)"}),
			proposes("platform", "base", "Update base images (2)",
				change{"base/gateway.yaml", "certbot:v2.10.0", "certbot:v2.11.0"},
				change{"base/gateway.yaml", "nginx:1.27.1-alpine", "nginx:1.27.3-alpine"}),
			proposes("platform", "base-major", "Update REGISTRY/certbot/certbot to v3.0.0",
				change{"base/gateway.yaml", "certbot:v2.10.0", "certbot:v3.0.0"}),
			proposes("platform", "dev", "Update dev images (2)",
				change{"overlays/dev/kustomization.yaml", `"2024.11.1"`, `"2024.12.3"`},
				change{"overlays/dev/kustomization.yaml", "1.2.0-rc.1", "1.2.0-rc.2"}),
		}},
	}
}

// updating is what becomes of an open pull request.
func updating() []step {
	return []step{
		{"It looks once more.", inTurn(looking("shop"), looking("platform")), []claim{
			proposesNone("platform", "prod", "its file allows three, and three are open"),
			proposesNone("shop", "public-images", "they are younger than three days"),
		}},
		{"A build pushes acme/web v2.3.2, and somebody asks for a look.", inTurn(pushing("acme/web", "v2.3.2"), looking("shop")), []claim{
			proposes("shop", "dev", "Update dev images (3)",
				change{"values.yaml", `tag: "1.4.2"`, `tag: "1.5.0"`},
				change{"values.yaml", "tag: v2.3.0", "tag: v2.3.2"},
				change{"values.yaml", "worker:0.9.4@DIGEST(acme/worker:0.9.4)", "worker:0.9.5@DIGEST(acme/worker:0.9.5)"}),
		}},
	}
}

// telling is a registry that tells the App itself.
func telling() []step {
	return []step{
		{"A build pushes acme/notifier 1.2.0, and the registry tells the App.", inTurn(pushing("acme/notifier", "1.2.0"), announcing("acme/notifier", "1.2.0")), []claim{
			proposes("platform", "dev", "Update dev images (2)",
				change{"overlays/dev/kustomization.yaml", `"2024.11.1"`, `"2024.12.3"`},
				change{"overlays/dev/kustomization.yaml", "1.2.0-rc.1", "1.2.0"}),
		}},
	}
}

// merging is from a merge to a rollback.
func merging() []step {
	return []step{
		{writer + " merges dev.", inTurn(merge("shop", "dev"), looking("shop")), []claim{
			contains("shop", "values.yaml", `tag: "1.5.0"`),
			proposesNone("shop", "dev", "it is done"),
			proposes("shop", "dev-major", "Update REGISTRY/acme/worker to 1.0.0",
				change{"values.yaml", "worker:0.9.5@DIGEST(acme/worker:0.9.5)", "worker:1.0.0@DIGEST(acme/worker:1.0.0)"}),
		}},
		{"1.5.0 fails: " + writer + " writes 1.4.2 by hand.", inTurn(writing("shop", "Back to 1.4.2", change{"values.yaml", `tag: "1.5.0"`, `tag: "1.4.2"`}), looking("shop")), []claim{
			proposesNone("shop", "dev", "what was rolled back is not proposed again"),
		}},
		{"A build pushes acme/api 1.5.1.", inTurn(pushing("acme/api", "1.5.1"), looking("shop")), []claim{
			proposes("shop", "dev", "Update REGISTRY/acme/api to 1.5.1", change{"values.yaml", `tag: "1.4.2"`, `tag: "1.5.1"`}),
		}},
	}
}

// refusing is what a closed pull request means.
func refusing() []step {
	return []step{
		{writer + " closes dev-major.", inTurn(closing("shop", "dev-major"), looking("shop")), []claim{
			proposesNone("shop", "dev-major", "closing means no"),
		}},
		{"A build pushes acme/worker 1.1.0.", inTurn(pushing("acme/worker", "1.1.0"), looking("shop")), []claim{
			proposes("shop", "dev-major", "Update REGISTRY/acme/worker to 1.1.0",
				change{"values.yaml", "worker:0.9.5@DIGEST(acme/worker:0.9.5)", "worker:1.1.0@DIGEST(acme/worker:1.1.0)"}),
		}},
	}
}

// inTurn does one thing after the other.
func inTurn(deeds ...deed) deed {
	return func(w *world) error {
		for _, do := range deeds {
			if err := do(w); err != nil {
				return err
			}
		}
		return nil
	}
}

// looking lets the App look at a repository.
func looking(repo string) deed {
	return func(w *world) error { return w.look(repo) }
}

func pushing(image, tag string) deed {
	return func(w *world) error { return w.push(image, tag) }
}

// announcing is the registry's webhook.
func announcing(image, tag string) deed {
	return func(w *world) error { return w.announce(image, tag) }
}

func merge(repo, group string) deed {
	return onOpen(repo, group, func(w *world, number int) { w.repos[repo].MergePull(number, writer, "squash") })
}

func closing(repo, group string) deed {
	return onOpen(repo, group, func(w *world, number int) { w.repos[repo].ClosePull(number, writer) })
}

// onOpen does something to the open pull request of a group.
func onOpen(repo, group string, do func(w *world, number int)) deed {
	return func(w *world) error {
		pull, err := w.open(repo, group)
		if err != nil {
			return err
		}
		do(w, pull.Number)
		return nil
	}
}

// writing is a push to main.
func writing(repo, message string, changes ...change) deed {
	return func(w *world) error {
		files, err := w.changed(repo, changes)
		if err != nil {
			return fmt.Errorf("writing %q: %w", message, err)
		}
		w.repos[repo].Commit("main", message, files)
		return nil
	}
}
