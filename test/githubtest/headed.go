package githubtest

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// apiVersion is the version of the REST API.
const apiVersion = "2022-11-28"

// tiny is up to how many bytes GitHub sends uncompressed.
const tiny = 20

// headed gives an answer the headers that tell of it, and 304 to who has it
// already.
func (x *exchange) headed(a reply) reply {
	if a.status == http.StatusCreated || a.status == http.StatusAccepted {
		a = located(a)
	}
	if len(a.bytes) == 0 || (a.status != http.StatusOK && a.status != http.StatusCreated) {
		return a
	}
	if x.name == "rate-limit/get" || strings.HasPrefix(x.name, "search/") {
		a.header.Set("Cache-Control", "no-cache")
		return a
	}
	a.header.Set("Cache-Control", x.cacheControl())
	a.header.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With")
	etag := fmt.Sprintf(`"%x"`, sha256.Sum256(a.bytes))
	if a.status == http.StatusOK && len(a.bytes) > tiny { // to compress makes it weak
		etag = "W/" + etag
	}
	a.header.Set("ETag", etag)
	if x.r.Method != http.MethodGet {
		return a
	}
	if at, err := time.Parse(time.RFC3339, modified(a.body)); err == nil && !x.by.app {
		a.header.Set("Last-Modified", at.UTC().Format(http.TimeFormat))
	}
	if x.has(a.header) {
		a.status, a.bytes = http.StatusNotModified, nil
		a.header.Del("Content-Type")
	}
	return a
}

// located tells where what was made, or will be, lies.
func located(a reply) reply {
	shown, _ := a.body.(object)
	if at, has := shown["url"].(string); has {
		a.header.Set("Location", at)
	}
	return a
}

func (x *exchange) cacheControl() string {
	switch {
	case x.by.user == nil && x.by.token == nil:
		return "public, max-age=60, s-maxage=60"
	case x.name == "git/get-blob", x.name == "git/get-tree": // their ids say what is in them
		return "private, max-age=86400, s-maxage=86400"
	}
	return "private, max-age=60, s-maxage=60"
}

// has says whether the caller has the answer. The time is looked at only when
// there is no ETag.
func (x *exchange) has(header http.Header) bool {
	if have := x.r.Header.Get("If-None-Match"); have != "" {
		return strings.TrimPrefix(have, "W/") == strings.TrimPrefix(header.Get("ETag"), "W/")
	}
	since, err := http.ParseTime(x.r.Header.Get("If-Modified-Since"))
	if err != nil {
		return false
	}
	at, err := http.ParseTime(header.Get("Last-Modified"))
	return err == nil && !at.After(since)
}

// modified is when what is answered changed last, as far as GitHub says so: of
// what has such a time, of a commit, or of the first one of a list.
func modified(body any) string {
	switch shown := body.(type) {
	case []object:
		if len(shown) > 0 && shown[0]["commit"] != nil {
			return modified(shown[0])
		}
	case object:
		if at, has := shown["updated_at"].(string); has {
			return at
		}
		commit, _ := shown["commit"].(object)
		committer, _ := commit["committer"].(object)
		at, _ := committer["date"].(string)
		return at
	}
	return ""
}
