package command_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/scanner/image"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	const usage = "`/ignore [major|minor|patch|this] [until YYYY-MM-DD] [image]`"
	for line, want := range map[string]string{
		"/unhold nginx":                   "/unhold docker.io/library/nginx",
		"/explain acme/api":               "/explain docker.io/acme/api",
		"/explain ghcr.io/acme/api":       "/explain ghcr.io/acme/api",
		"/explain localhost:5000/api":     "/explain localhost:5000/api",
		"/explain GHCR.io/acme/api":       "/explain ghcr.io/acme/api",
		"/explain minor":                  "/explain docker.io/library/minor",
		"/ignore":                         "/ignore this",
		"/ignore this":                    "/ignore this",
		"/ignore major":                   "/ignore major",
		"/ignore minor nginx":             "/ignore minor docker.io/library/nginx",
		"/ignore nginx":                   "/ignore this docker.io/library/nginx",
		"/ignore until 2027-01-31":        "/ignore this until 2027-01-31",
		"/ignore until 2028-02-29 nginx":  "/ignore this until 2028-02-29 docker.io/library/nginx",
		"/ignore patch until 2026-11-22":  "/ignore patch until 2026-11-22",
		"/ignore docker.io/library/minor": "/ignore this docker.io/library/minor",

		"/rescan please":         "nothing comes after it: write `/rescan` alone on its line",
		"/hold cancel":           "nothing comes after it: write `/hold` alone on its line",
		"/help 🙂":                "nothing comes after it: write `/help` alone on its line",
		"/merge squash":          "nothing comes after it: write `/merge` alone on its line",
		"/unhold nginx redis":    "`redis` is one too many: write `/unhold [image]`",
		"/explain why is it so":  "`is` is one too many: write `/explain [image]`",
		"/unhold nginx:1.27":     "`nginx:1.27` is not the name of an image: write `nginx`",
		"/unhold [nginx]":        "`[nginx]` is not the name of an image: write `nginx`",
		"/unhold `acme/api:v1`":  "`\\x60acme/api:v1\\x60` is not the name of an image: write `acme/api`",
		"/unhold Nginx":          "`Nginx` is not the name of an image: write `nginx`",
		"/unhold ghcr.io/acme/*": "`ghcr.io/acme/*` is not the name of an image: write it as `nginx` or `ghcr.io/acme/api`",
		"/unhold @acme/owners":   "`@acme/owners` is not the name of an image: write it as `nginx` or `ghcr.io/acme/api`",
		"/unhold <img>":          "`<img>` is not the name of an image: write `img`",
		"/unhold ../../etc":      "`../../etc` is not the name of an image: write it as `nginx` or `ghcr.io/acme/api`",
		"/unhold nginx@sha256:0": "`nginx@sha256:0` is not the name of an image: write it as `nginx` or `ghcr.io/acme/api`",

		"/ignore minor patch":                       "`patch` is one too many: write " + usage,
		"/ignore nginx redis":                       "`redis` is one too many: write " + usage,
		"/ignore nginx minor":                       "the order is another one: write `/ignore minor docker.io/library/nginx`",
		"/ignore until 2027-01-31 this":             "the order is another one: write `/ignore this until 2027-01-31`",
		"/ignore nginx until 2027-01-31":            "the order is another one: write `/ignore until 2027-01-31 docker.io/library/nginx`",
		"/ignore mayor":                             "did you mean `major`? If `mayor` is an image, write its name in full, as `docker.io/library/mayor`",
		"/ignore util 2027-01-31":                   "did you mean `until`? If `util` is an image, write its name in full, as `docker.io/library/util`",
		"/ignore 2027-01-31":                        "before a day comes `until`: write `until 2027-01-31`",
		"/ignore until":                             "the day is missing: write it as `until 2026-12-21`",
		"/ignore until nginx":                       "`nginx` is no day: write one as `until 2026-12-21`",
		"/ignore until tomorrow":                    "`tomorrow` is no day: write one as `until 2026-12-21`",
		"/ignore until 2027-1-31":                   "`2027-1-31` is no day: write one as `until 2026-12-21`",
		"/ignore until 31.01.2027":                  "`31.01.2027` is no day: write one as `until 2026-12-21`",
		"/ignore until 2027-02-29":                  "`2027-02-29` is no day: write one as `until 2026-12-21`",
		"/ignore until 2027-01-31T00:00":            "`2027-01-31T00:00` is no day: write one as `until 2026-12-21`",
		"/ignore until 2026-11-21":                  "`2026-11-21` has begun already, and `until` is the first day without effect: write a later one, as `until 2026-12-21`",
		"/ignore until 0000-01-01":                  "`0000-01-01` has begun already, and `until` is the first day without effect: write a later one, as `until 2026-12-21`",
		"/ignore until 2026-1\u0661-2\u0662":        "`2026-1\u0661-2\u0662` is no day: write one as `until 2026-12-21`",
		"/ignore until 2027-01-31 until 2027-02-01": "`2027-02-01` is one too many: write " + usage,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			if want[0] != '/' {
				want = "mistake: " + code(line) + ": " + want
			}
			if diff := cmp.Diff([]string{want}, parsed(t, line)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// What a command means is in its fields.
func TestFields(t *testing.T) {
	t.Parallel()
	got, err := command.Parse("/ignore minor until 2027-01-31 nginx\n/unhold\n/explain Quay.io/acme/api", evening)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 {
		t.Fatalf("%d commands: %v", len(got), got)
	}
	ignore := got[0]
	if ignore.Name != command.Ignore || ignore.Reach != command.Minor || ignore.Until.String() != "2027-01-31" ||
		ignore.Image != (image.Repository{Registry: "docker.io", Path: "library/nginx"}) {
		t.Errorf("got %+v", ignore)
	}
	if got[1] != (command.Command{Name: command.Unhold}) {
		t.Errorf("got %+v", got[1])
	}
	if got[2] != (command.Command{Name: command.Explain, Image: image.Repository{Registry: "quay.io", Path: "acme/api"}}) {
		t.Errorf("got %+v", got[2])
	}
}

// A day begins where the repository is.
func TestDaysHaveAZone(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", int(time.Hour/time.Second))
	for _, c := range []struct {
		zone *time.Location
		day  string
		want bool
	}{
		{time.UTC, "2026-11-21", false},
		{time.UTC, "2026-11-22", true},
		{east, "2026-11-22", false},
		{east, "2026-11-23", true},
	} {
		_, err := command.Parse("/ignore until "+c.day, evening.In(c.zone))
		if (err == nil) != c.want {
			t.Errorf("%s in %s: %v", c.day, c.zone, err)
		}
	}
}
