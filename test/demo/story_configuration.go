package main

import "github.com/imageupdater/imageupdater/config"

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

// breaking is a file that cannot be read any more.
func breaking() []step {
	const issue = "Image updates are stopped: .imageupdater.yaml has errors"
	return []step{
		{writer + " pushes a slip to main of website.", writing("website", "main", "In a hurry", change{config.FileName, "version: 1", "version: 1\nshedule: 1d"}), []claim{
			tells("website", issue, `unknown key "shedule"`, `did you mean "schedule"?`),
		}},
		{writer + " mends it.", writing("website", "main", "Slower now", change{config.FileName, "shedule: 1d", "schedule: 1d"}), []claim{
			closed("website", issue),
		}},
	}
}
