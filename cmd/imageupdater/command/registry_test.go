package command

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	tookPattern  = regexp.MustCompile(`, \d+ ms`)
	bytesPattern = regexp.MustCompile(`, \d+ bytes`)
)

// tried is the output of registry test, without what differs from run to run.
func tried(p *process, host string) string {
	text := strings.ReplaceAll(p.out.String(), host, "HOST")
	return bytesPattern.ReplaceAllString(tookPattern.ReplaceAllString(text, ""), "")
}

func TestRegistryTest(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	for name, test := range map[string]struct {
		image string
		code  exitCode
		want  string
	}{
		"from a tag": {"/acme/web:1.2.0", exitLookup, `credentials  none: HOST is asked anonymously
tags         3 tags; newest version 2.0.0
             GET http://HOST/v2/ → 200
             GET http://HOST/v2/acme/web/tags/list → 200
digest       ` + fakeDigest("2.0.0") + `
             HEAD http://HOST/v2/acme/web/manifests/2.0.0 → 200
manifest     2.0.0 is one image, ` + fakeDigest("2.0.0") + `
             GET http://HOST/v2/acme/web/manifests/2.0.0 → 200
image        reading the details of HOST/acme/web:2.0.0: not found: there is no such repository or tag, or it is private
             GET http://HOST/v2/acme/web/manifests/2.0.0 → 200
             GET http://HOST/v2/acme/web/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a → 404
`},
		"refused": {"/acme/none", exitLookup, `credentials  none: HOST is asked anonymously
tags         listing tags of HOST/acme/none: the registry asks for credentials: the image is private or does not exist
             GET http://HOST/v2/ → 200
             GET http://HOST/v2/acme/none/tags/list → 403
digest       resolving HOST/acme/none:latest: not found: there is no such repository or tag, or it is private
             HEAD http://HOST/v2/acme/none/manifests/latest → 404
manifest     reading the manifest of HOST/acme/none:latest: not found: there is no such repository or tag, or it is private
             GET http://HOST/v2/acme/none/manifests/latest → 404
image        reading the details of HOST/acme/none:latest: not found: there is no such repository or tag, or it is private
             GET http://HOST/v2/acme/none/manifests/latest → 404
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			if code := p.run(t, "registry", "test", "--plain-http", host, host+test.image); code != int(test.code) {
				t.Errorf("code %d: %s", code, p.errs.String())
			}
			if diff := cmp.Diff(test.want, tried(&p, host)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// The secrets of a server's configuration are used, and seen nowhere.
func TestRegistryTestAsAServer(t *testing.T) {
	t.Parallel()
	const secret = "pl4nted-s3cret"
	var shown atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		if password != secret {
			w.Header().Set("WWW-Authenticate", `Basic realm="r"`)
			http.Error(w, "no "+secret, http.StatusUnauthorized)
			return
		}
		shown.Add(1)
		_, _ = w.Write([]byte(`{"tags":["1.0.0"]}`))
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	dir := tree(t, map[string]string{"server.yaml": "version: 1\nregistries:\n  - host: " + host + "\n    plainHTTP: true\n    credentials:\n      - {installations: [acme], username: bot, password: {env: THE_PASSWORD}}\n"})
	file := filepath.Join(dir, "server.yaml")
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"let in":                    {map[string]string{"THE_PASSWORD": secret}, []string{"--installation", "acme"}, "tags         1 tag; newest version 1.0.0\n             GET http://HOST/v2/ → 401\n             GET http://HOST/v2/acme/web/tags/list (basic) → 200\n"},
		"a wrong password":          {map[string]string{"THE_PASSWORD": "wr0ng-" + secret}, []string{"--installation", "acme"}, "or the credentials that are configured for it may not see it"},
		"no password":               {nil, []string{"--installation", "acme"}, "cannot be used: the environment variable THE_PASSWORD is not set, or empty"},
		"of another installation":   {map[string]string{"THE_PASSWORD": secret}, []string{"--installation", "other"}, "credentials  none: HOST is asked anonymously\n"},
		"of no installation at all": {map[string]string{"THE_PASSWORD": secret}, nil, "credentials  none: HOST is asked anonymously\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := process{env: test.env}
			p.run(t, append([]string{"registry", "test", "--config", file, host + "/acme/web"}, test.args...)...)
			if !strings.Contains(tried(&p, host), test.want) {
				t.Errorf("lacks %q:\n%s%s", test.want, p.out.String(), p.errs.String())
			}
			if all := p.out.String() + p.errs.String(); strings.Contains(all, secret) {
				t.Errorf("the password is shown:\n%s", all)
			}
		})
	}
	t.Cleanup(func() {
		if shown.Load() == 0 {
			t.Error("the password was never used")
		}
	})
}

func TestRegistryTestWrongUse(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"server.yaml": "registrys: []\n", "ca.yaml": "caFile: /nowhere/ca.pem\n"})
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no image":              {nil, "accepts 1 arg(s)"},
		"no image name":         {[]string{"Nginx"}, `"Nginx" is no image`},
		"for whom":              {[]string{"--installation", "acme", "nginx"}, "name its configuration with --config"},
		"no such file":          {[]string{"--config", filepath.Join(dir, "none.yaml"), "nginx"}, "none.yaml"},
		"a broken file":         {[]string{"--config", filepath.Join(dir, "server.yaml"), "nginx"}, `server.yaml:1:1: error: registrys: unknown key "registrys" (did you mean "registries"?)`},
		"authorities not there": {[]string{"--config", filepath.Join(dir, "ca.yaml"), "nginx"}, "caFile: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			if code := p.run(t, append([]string{"registry", "test"}, test.args...)...); code != int(exitFailure) || !strings.Contains(p.errs.String(), test.want) {
				t.Errorf("code %d, stderr lacks %q:\n%s", code, test.want, p.errs.String())
			}
		})
	}
}
