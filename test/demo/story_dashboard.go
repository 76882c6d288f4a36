package main

import "github.com/imageupdater/imageupdater/handlers/dashboard"

// waiting is what the dashboard is for.
func waiting() []step {
	const note = "Gateway goes first in prod, please."
	return []step{
		{"platform has an issue that lists what waits.", nil, []claim{
			tells("platform", dashboard.Title, "### Waiting", "`prod`: ", "`2024.10.2` → `2024.12.3`", "pullRequests.limit: 3"),
			tells("shop", dashboard.Title, "### Too young", "`16.2-alpine` → `16.4-alpine`"),
		}},
		{writer + " writes a note above it, and ticks the box of prod.", inTurn(noting("platform", note), ticking("platform", "open imageupdater/prod-")), []claim{
			proposes("platform", "prod", "Update prod images (2)",
				change{"overlays/prod/kustomization.yaml", `"2024.10.2"`, `"2024.12.3"`},
				change{"overlays/prod/kustomization.yaml", "1.1.3", "1.2.0"}).because("whatever the limit"),
			unticked("platform"),
			tells("platform", dashboard.Title, note),
		}},
	}
}
