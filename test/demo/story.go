package main

import (
	"slices"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/contact"
)

// beginning is how many steps of the story the demo takes by itself. The others
// are for people, and for --once.
const beginning = 2

// story is what --once tells and checks.
func story() []step {
	return slices.Concat(opening(), meeting(), listening(), telling(), pausing(), merging(), refusing(), configuring(), resting())
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
			offers("website"),
		}},
	}
}

// meeting is what becomes of a repository that had no .imageupdater.yaml.
func meeting() []step {
	return []step{
		{writer + " merges the first .imageupdater.yaml of website.", accepting("website", contact.Branch), []claim{
			proposes("website", "dev", "Update dev images (2)",
				change{"envs/dev/website.yaml", "website:3.1.1", "website:3.2.0"}, change{"envs/dev/website.yaml", "nginx:1.27.1-alpine", "nginx:1.27.3-alpine"}),
			proposes("website", "prod", "Update prod images (2)",
				change{"envs/prod/website.yaml", "website:3.1.0", "website:3.2.0"}, change{"envs/prod/website.yaml", "nginx:1.27.1-alpine", "nginx:1.27.3-alpine"}),
		}},
	}
}

// listening is what people say in comments.
func listening() []step {
	return []step{
		{"It looks once more.", inTurn(looking("shop"), looking("platform")), []claim{
			proposesNone("platform", "prod", "its file allows three, and three are open"),
			proposesNone("shop", "public-images", "they are younger than three days"),
		}},
		{"A build pushes acme/web v2.3.2, and " + writer + " comments /rescan.", inTurn(pushing("acme/web", "v2.3.2"), saying(writer, "/rescan", "shop", "dev")), []claim{
			obeyed(),
			proposes("shop", "dev", "Update dev images (3)",
				change{"values.yaml", `tag: "1.4.2"`, `tag: "1.5.0"`},
				change{"values.yaml", "tag: v2.3.0", "tag: v2.3.2"},
				change{"values.yaml", "worker:0.9.4@DIGEST(acme/worker:0.9.4)", "worker:0.9.5@DIGEST(acme/worker:0.9.5)"}).because("the same one, with web v2.3.2"),
		}},
	}
}

// pausing is a pull request that shall stay as it is for a while.
func pausing() []step {
	return []step{
		{outsider + ", who may not write, comments /recreate.", saying(outsider, "/recreate", "shop", "dev"), []claim{
			refused("Only people with write access to this repository can give commands."),
		}},
		{
			writer + " comments /hold on dev of platform, and a build pushes acme/notifier 1.2.1.",
			inTurn(saying(writer, "/hold", "platform", "dev"), settling(obeyed()), pushing("acme/notifier", "1.2.1"), looking("platform")),
			[]claim{
				proposes("platform", "dev", "Update dev images (2)",
					change{"overlays/dev/kustomization.yaml", `"2024.11.1"`, `"2024.12.3"`},
					change{"overlays/dev/kustomization.yaml", "1.2.0-rc.1", "1.2.0"}).because("it stays as it is"),
			},
		},
		{writer + " comments /unhold.", saying(writer, "/unhold", "platform", "dev"), []claim{
			obeyed(),
			proposes("platform", "dev", "Update dev images (2)",
				change{"overlays/dev/kustomization.yaml", `"2024.11.1"`, `"2024.12.3"`},
				change{"overlays/dev/kustomization.yaml", "1.2.0-rc.1", "1.2.1"}).because("now with notifier 1.2.1"),
		}},
		{writer + " comments /ignore major on base-major of platform.", saying(writer, "/ignore major", "platform", "base-major"), []claim{
			obeyed(),
			edits("platform", "ignore", "Ignore REGISTRY/certbot/certbot >=3", "\nignore:\n  - {image: \"REGISTRY/certbot/certbot\", versions: \">=3\", reason: \"asked for in #2\"}\n"),
		}},
		{writer + " merges that.", mergingEdit("platform", "ignore"), []claim{
			proposesNone("platform", "base-major", "it is ignored"),
			proposes("platform", "prod", "Update prod images (2)",
				change{"overlays/prod/kustomization.yaml", `"2024.10.2"`, `"2024.12.3"`},
				change{"overlays/prod/kustomization.yaml", "1.1.3", "1.2.1"}).because("there is room for it now"),
		}},
	}
}

// telling is a registry that tells the App itself.
func telling() []step {
	return []step{
		{"A build pushes acme/notifier 1.2.0, and the registry tells the App.", inTurn(pushing("acme/notifier", "1.2.0"), announcing("acme/notifier", "1.2.0")), []claim{
			proposes("platform", "dev", "Update dev images (2)",
				change{"overlays/dev/kustomization.yaml", `"2024.11.1"`, `"2024.12.3"`},
				change{"overlays/dev/kustomization.yaml", "1.2.0-rc.1", "1.2.0"}).because("the same one, with notifier 1.2.0"),
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
				change{"values.yaml", "worker:0.9.5@DIGEST(acme/worker:0.9.5)", "worker:1.0.0@DIGEST(acme/worker:1.0.0)"}).because("it is built again, on what was merged"),
		}},
		{"1.5.0 fails: " + writer + " writes 1.4.2 by hand.", inTurn(writing("shop", "main", "Back to 1.4.2", change{"values.yaml", `tag: "1.5.0"`, `tag: "1.4.2"`}), looking("shop")), []claim{
			proposesNone("shop", "dev", "what was rolled back is not proposed again"),
		}},
		{writer + " comments /explain on prod.", saying(writer, "/explain REGISTRY/acme/api", "shop", "prod"), []claim{
			obeyed(),
			told("not `1.5.0`: `it was rolled back: it was merged, and the file has an older one again`"),
		}},
		{"A build pushes acme/api 1.5.1.", inTurn(pushing("acme/api", "1.5.1"), looking("shop")), []claim{
			proposes("shop", "dev", "Update REGISTRY/acme/api to 1.5.1", change{"values.yaml", `tag: "1.4.2"`, `tag: "1.5.1"`}).because("newer ones are proposed"),
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
				change{"values.yaml", "worker:0.9.5@DIGEST(acme/worker:0.9.5)", "worker:1.1.0@DIGEST(acme/worker:1.1.0)"}).because("newer ones are proposed"),
		}},
	}
}

// configuring is a pull request of somebody's for .imageupdater.yaml.
func configuring() []step {
	const file, before = config.FileName, "  minAge: 3d        # what others publish waits"
	return []step{
		{
			writer + " wants public images at once, and opens a pull request for " + file + " with a slip in it.",
			inTurn(writing("shop", "sooner", "Public images at once", change{file, before, "  minage: 0"}), suggesting("shop", "sooner", "Public images at once")),
			[]claim{
				checked("shop", "sooner", "failure", `.imageupdater.yaml:7: unknown key "minage" (did you mean "minAge"?)`),
			},
		},
		{writer + " mends it.", writing("shop", "sooner", "As it is spelt", change{file, before, "  minAge: 0"}), []claim{
			checked("shop", "sooner", "success", "**Would be opened: 1 pull request**"),
		}},
		{writer + " merges it.", accepting("shop", "sooner"), []claim{
			proposes("shop", "public-images", "Update public images (2)",
				change{"values.yaml", "16.2-alpine", "16.4-alpine"}, change{"values.yaml", "7.2.4-alpine", "7.4.1-alpine"}).because("as the check has said"),
		}},
	}
}

// resting is what happens when nothing has changed.
func resting() []step {
	return []step{
		{"It looks twice more.", inTurn(looking("shop"), looking("platform"), remembering, looking("shop"), looking("platform")), []claim{
			{"nothing is written to GitHub, since nothing has changed", (*world).quiet},
		}},
	}
}
