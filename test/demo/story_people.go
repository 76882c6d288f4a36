package main

import "github.com/imageupdater/imageupdater/handlers/dashboard"

// merging is what becomes of the others.
func merging() []step {
	return []step{
		{writer + " merges dev.", inTurn(merge("shop", "dev"), looking("shop")), []claim{
			contains("shop", "values.yaml", `tag: "1.5.0"`),
			proposesNone("shop", "dev", "it is done"),
			proposes("shop", "dev-major", "Update REGISTRY/acme/worker to 1.0.0",
				change{"values.yaml", "worker:0.9.5@DIGEST(acme/worker:0.9.5)", "worker:1.0.0@DIGEST(acme/worker:1.0.0)"}).because("it is built again, on what was merged"),
		}},
	}
}

// rollingBack is a version that turns out to be bad.
func rollingBack() []step {
	return []step{
		{"1.5.0 fails: " + writer + " writes 1.4.2 by hand.", inTurn(writing("shop", "main", "Back to 1.4.2", change{"values.yaml", `tag: "1.5.0"`, `tag: "1.4.2"`}), looking("shop")), []claim{
			proposesNone("shop", "dev", "what was rolled back is not proposed again"),
			tells("shop", dashboard.Title, "### Rolled back", "`1.5.0`"),
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
			tells("shop", dashboard.Title, "### Refused", "`1.0.0"),
		}},
		{"A build pushes acme/worker 1.1.0.", inTurn(pushing("acme/worker", "1.1.0"), looking("shop")), []claim{
			proposes("shop", "dev-major", "Update REGISTRY/acme/worker to 1.1.0",
				change{"values.yaml", "worker:0.9.5@DIGEST(acme/worker:0.9.5)", "worker:1.1.0@DIGEST(acme/worker:1.1.0)"}).because("newer ones are proposed"),
		}},
		{
			writer + " closes prod, looks at the dashboard, and ticks acme/web: that one all the same.",
			inTurn(closing("shop", "prod"), looking("shop"), ticking("shop", "again REGISTRY/acme/web ")),
			[]claim{
				proposes("shop", "prod", "Update REGISTRY/acme/web to v2.3.2", change{"values-prod.yaml", "tag: v2.2.1", "tag: v2.3.2"}),
				unticked("shop"),
			},
		},
	}
}
