package credentials

import (
	"context"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// githubUser is the user name that goes with a token; GitHub reads none.
const githubUser = "x-access-token"

// githubSource is the App's token for an account.
func githubSource(_ *grant.Grant, env Environment, account string) source {
	return source{
		timeout: askTimeout, patience: askAgainAfter,
		fetch: func(ctx context.Context) (login, time.Time, error) {
			if env.InstallationToken == nil {
				return login{}, time.Time{}, problemf("githubApp works in the server alone: no App is running here")
			}
			token, expires, err := env.InstallationToken(ctx, account)
			switch {
			case err != nil && ctx.Err() != nil:
				return login{}, time.Time{}, problemf("GitHub did not answer in time with a token for %s", account)
			case err != nil:
				// The words of others hold signed requests at times.
				return login{}, time.Time{}, problemf("GitHub gave no installation token for %s: is the App installed there, and may it read packages?", account)
			}
			return login{username: githubUser, password: hide(token)}, expires, nil
		},
	}
}
