package main

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
	}
}

// ignoring is a command that changes the configuration, as far as people agree.
func ignoring() []step {
	return []step{
		{writer + " comments /ignore major on base-major of platform.", saying(writer, "/ignore major", "platform", "base-major"), []claim{
			obeyed(),
			edits("platform", "ignore", "Ignore REGISTRY/certbot/certbot >=3", "\nignore:\n  - {image: \"REGISTRY/certbot/certbot\", versions: \">=3\", reason: \"asked for in #2\"}\n"),
		}},
		{writer + " merges that.", mergingEdit("platform", "ignore"), []claim{
			proposesNone("platform", "base-major", "it is ignored"),
		}},
	}
}
