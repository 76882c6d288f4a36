package credentials_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// cloud is a token service that notes what it is asked.
type cloud struct {
	*httptest.Server

	mu    sync.Mutex
	asked []string
}

func (c *cloud) log() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// newCloud answers by path: with a text, a status and a text, or a redirect.
func newCloud(t *testing.T, answers map[string]string) *cloud {
	t.Helper()
	c := &cloud{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		c.mu.Lock()
		c.asked = append(c.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+form.Encode()))
		c.mu.Unlock()
		answer, known := answers[r.URL.Path]
		switch {
		case !known:
			http.NotFound(w, r)
		case strings.HasPrefix(answer, "http"):
			http.Redirect(w, r, answer, http.StatusTemporaryRedirect)
		case strings.HasPrefix(answer, "4"):
			w.WriteHeader(400)
			_, _ = w.Write([]byte(answer[1:]))
		default:
			_, _ = w.Write([]byte(answer))
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (w *world) online(clouds credentials.Clouds) credentials.Environment {
	env := w.env()
	env.Transport, env.Metadata, env.Clouds = &http.Transport{}, &http.Transport{}, clouds
	return env
}

func jwt(exp time.Time) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d,"x":%q}`, exp.Unix(), planted)) + "." + planted
}

func azure(w *world, c *cloud) *credentials.Keychain {
	env := w.online(credentials.Clouds{AzureLogin: c.URL, AzureRegistry: c.URL, AzureMetadata: c.URL})
	return credentials.New([]grant.Grant{{Host: "acmeprod.azurecr.io", Kind: grant.ACR}}, env).ForInstallation("")
}

func TestAzure(t *testing.T) {
	t.Parallel()
	const (
		login    = "/tenant-1/oauth2/v2.0/token"
		exchange = "/oauth2/exchange"
		machine  = "/metadata/identity/oauth2/token"
		token    = `{"access_token":"` + planted + `A","expires_in":3599}`
	)
	end := jwt(start.Add(3 * time.Hour))
	given := `{"refresh_token":"` + end + `"}`
	file := newWorld(t).write(filepath.Join(t.TempDir(), "federated"), planted+"F\n")
	wanted := "00000000-0000-0000-0000-000000000000:" + end
	for name, test := range map[string]struct {
		vars    map[string]string
		answers map[string]string
		want    string
		asked   []string
	}{
		"workload": {
			map[string]string{"AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client", "AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_CLIENT_SECRET": "unused"},
			map[string]string{login: token, exchange: given},
			wanted,
			[]string{
				"POST " + login + " client_assertion=" + planted + "F&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_id=client&grant_type=client_credentials&scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default",
				"POST " + exchange + " access_token=" + planted + "A&grant_type=access_token&service=acmeprod.azurecr.io&tenant=tenant-1",
			},
		},
		"client's secret": {
			map[string]string{"AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": planted},
			map[string]string{login: token, exchange: given},
			wanted,
			[]string{
				"POST " + login + " client_id=client&client_secret=" + planted + "&grant_type=client_credentials&scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default",
				"POST " + exchange + " access_token=" + planted + "A&grant_type=access_token&service=acmeprod.azurecr.io&tenant=tenant-1",
			},
		},
		"machine": {
			map[string]string{"AZURE_CLIENT_ID": "client"},
			map[string]string{machine: `{"access_token":"` + planted + `A","expires_in":"3599"}`, exchange: given},
			wanted,
			[]string{
				"GET " + machine + "?api-version=2018-02-01&client_id=client&resource=https%3A%2F%2Fcontainerregistry.azure.net",
				"POST " + exchange + " access_token=" + planted + "A&grant_type=access_token&service=acmeprod.azurecr.io",
			},
		},
		"refused": {
			nil, map[string]string{machine: token, exchange: `4{"error":"unauthorized","error_description":"` + planted + `"}`}, "!HOST answered 400, unauthorized", nil,
		},
		"refused without a word":  {nil, map[string]string{machine: `4` + planted}, "!HOST answered 400", nil},
		"refused with the secret": {nil, map[string]string{machine: `4{"error":"` + planted + `"}`}, "!HOST answered 400", nil},
		"no token":                {nil, map[string]string{machine: `{}`}, "!the machine's metadata service gave no token", nil},
		"no token in exchange":    {nil, map[string]string{machine: token, exchange: `{}`}, "!acmeprod.azurecr.io gave no token in exchange", nil},
		"no JSON":                 {nil, map[string]string{machine: planted}, "!HOST answered with no JSON", nil},
		"redirect":                {nil, map[string]string{machine: token, exchange: "http://evil.example/"}, "!HOST answered 307", nil},
		"without a tenant":        {map[string]string{"AZURE_CLIENT_SECRET": planted, "AZURE_CLIENT_ID": "client"}, nil, "!acr needs AZURE_TENANT_ID", nil},
		"tenant with a path":      {map[string]string{"AZURE_CLIENT_SECRET": planted, "AZURE_CLIENT_ID": "client", "AZURE_TENANT_ID": "../x"}, nil, "!acr needs AZURE_TENANT_ID", nil},
		"no federated token":      {map[string]string{"AZURE_FEDERATED_TOKEN_FILE": "/no/such"}, nil, "!the file /no/such: it does not exist", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for k, v := range test.vars {
				w.set(k, v)
			}
			c := newCloud(t, test.answers)
			got := strings.ReplaceAll(shown(t, azure(w, c), "acmeprod.azurecr.io/x"), c.Listener.Addr().String(), "HOST")
			if wrong, isError := strings.CutPrefix(test.want, "!"); isError && !strings.Contains(got, wrong) || !isError && got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if diff := cmp.Diff(test.asked, c.log()); test.asked != nil && diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// The registry's own token tells when it ends.
func TestAzureExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCloud(t, map[string]string{
		"/metadata/identity/oauth2/token": `{"access_token":"` + planted + `"}`,
		"/oauth2/exchange":                `{"refresh_token":"` + jwt(start.Add(3*time.Hour)) + `"}`,
	})
	chain := azure(w, c)
	for _, n := range []int{2, 2, 4} {
		shown(t, chain, "acmeprod.azurecr.io/x")
		if len(c.log()) != n {
			t.Errorf("%d requests, want %d", len(c.log()), n)
		}
		w.pass(80 * time.Minute)
	}
}

// recorder tells where a request would have gone.
type recorder struct {
	mu  sync.Mutex
	got []string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, req.URL.Scheme+"://"+req.URL.Host)
	return nil, fmt.Errorf("offline: %w", &url.Error{Op: "Get", URL: "https://x/?" + planted, Err: errOffline})
}

func TestAzureClouds(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"acmeprod.azurecr.io": "https://login.microsoftonline.com",
		"acmeprod.azurecr.cn": "https://login.partner.microsoftonline.cn",
		"acmeprod.azurecr.us": "https://login.microsoftonline.us",
	} {
		w := newWorld(t)
		w.set("AZURE_TENANT_ID", "t")
		w.set("AZURE_CLIENT_ID", "c")
		w.set("AZURE_CLIENT_SECRET", planted)
		env, seen := w.env(), &recorder{}
		env.Transport = seen
		chain := credentials.New([]grant.Grant{{Host: host, Kind: grant.ACR}}, env).ForInstallation("")
		if got := shown(t, chain, host+"/x"); !strings.Contains(got, "could not be asked") {
			t.Error(got)
		}
		if len(seen.got) != 1 || seen.got[0] != want {
			t.Errorf("%s: %v", host, seen.got)
		}
		w.set("AZURE_AUTHORITY_HOST", "http://login.example/")
		w.pass(time.Minute)
		if got := shown(t, chain, host+"/x"); !strings.Contains(got, "must begin with https://") {
			t.Error(got)
		}
		w.set("AZURE_AUTHORITY_HOST", "https://login.example/")
		w.pass(time.Minute)
		shown(t, chain, host+"/x")
		if len(seen.got) != 2 || seen.got[1] != "https://login.example" {
			t.Errorf("%s: %v", host, seen.got)
		}
	}
}

// Metadata services are asked directly, where no proxy is.
func TestMetadataHosts(t *testing.T) {
	t.Parallel()
	for kind, test := range map[grant.Kind]struct{ host, want string }{
		grant.ACR: {"acmeprod.azurecr.io", "http://169.254.169.254"},
		grant.GAR: {"europe-docker.pkg.dev", "http://metadata.google.internal"},
	} {
		w := newWorld(t)
		env, seen := w.env(), &recorder{}
		env.Metadata = seen
		chain := credentials.New([]grant.Grant{{Host: test.host, Kind: kind}}, env).ForInstallation("")
		if got := shown(t, chain, test.host+"/x"); !strings.Contains(got, "could not be asked") {
			t.Error(got)
		}
		if len(seen.got) != 1 || seen.got[0] != test.want {
			t.Errorf("%s: %v", kind, seen.got)
		}
	}
}

func serviceKey(t *testing.T, tokenURI string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "bot@acme.iam.gserviceaccount.com", "private_key_id": "1", "token_uri": tokenURI,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGoogle(t *testing.T) {
	t.Parallel()
	const machine = "/computeMetadata/v1/instance/service-accounts/default/token"
	c := newCloud(t, map[string]string{
		machine:      `{"access_token":"` + planted + `M","expires_in":3599,"token_type":"Bearer"}`,
		"/token":     `{"access_token":"` + planted + `K","expires_in":3599,"token_type":"Bearer"}`,
		"/refused":   `4{"error":"invalid_grant","error_description":"` + planted + `"}`,
		"/leaks":     `4` + planted,
		"/redirects": "http://evil.example/",
	})
	w := newWorld(t)
	w.pass(time.Since(start)) // the library looks at the clock itself
	env := w.online(credentials.Clouds{GoogleMetadata: c.URL})
	dir := t.TempDir()
	file := func(name, text string) string { return w.write(filepath.Join(dir, name), text) }
	for name, test := range map[string]struct{ file, want string }{
		"machine":   {"", "oauth2accesstoken:" + planted + "M"},
		"key":       {file("key", serviceKey(t, c.URL+"/token")), "oauth2accesstoken:" + planted + "K"},
		"refused":   {file("refused", serviceKey(t, c.URL+"/refused")), "!Google answered 400, invalid_grant, to the key in " + dir + "/refused"},
		"leaks":     {file("leaks", serviceKey(t, c.URL+"/leaks")), "!Google answered 400 to the key in " + dir + "/leaks"},
		"redirects": {file("redirects", serviceKey(t, c.URL+"/redirects")), "!Google answered 307 to the key"},
		"offline":   {file("offline", serviceKey(t, "http://127.0.0.1:1/"+planted)), "!Google gave no token for the key in"},
		"no key":    {file("no", `{"type":"service_account","private_key":"`+planted+`"}`), "!Google gave no token for the key in"},
		"no kind":   {file("kind", `{"type":"`+planted+`"}`), "!is no key of Google's that is known here"},
		"no JSON":   {file("text", planted), "!is no key of Google's that is known here"},
		"no file":   {dir + "/nowhere", "!nowhere: it does not exist"},
	} {
		g := grant.Grant{Host: "europe-docker.pkg.dev", Kind: grant.GAR, File: test.file}
		got := shown(t, credentials.New([]grant.Grant{g}, env).ForInstallation(""), "europe-docker.pkg.dev/p/r/i")
		if wrong, isError := strings.CutPrefix(test.want, "!"); isError && !strings.Contains(got, wrong) || !isError && got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	w.set("GOOGLE_APPLICATION_CREDENTIALS", dir+"/key")
	g := grant.Grant{Host: "gcr.io", Kind: grant.GAR}
	if got := shown(t, credentials.New([]grant.Grant{g}, env).ForInstallation(""), "gcr.io/p/i"); got != "oauth2accesstoken:"+planted+"K" {
		t.Error(got)
	}
}

// TestAmazon sets the environment, which Amazon's SDK reads itself.
func TestAmazon(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", planted)
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "no"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "no"))
	token := base64.StdEncoding.EncodeToString([]byte("AWS:" + planted))
	w := newWorld(t)
	var answer func(target string) string
	status := http.StatusOK
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		target := r.Header.Get("X-Amz-Target")
		_, region, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=AKIAEXAMPLE/")
		asked = append(asked, target+" "+strings.Split(region, "/")[1])
		rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(answer(target)))
	}))
	defer server.Close()
	env := w.online(credentials.Clouds{AWS: server.URL})
	end := start.Add(12 * time.Hour).Unix()
	data := fmt.Sprintf(`{"authorizationToken":%q,"expiresAt":%d}`, token, end)
	chain := func(host string) *credentials.Keychain {
		return credentials.New([]grant.Grant{{Host: host, Kind: grant.ECR}}, env).ForInstallation("")
	}
	const private, public = "123456789012.dkr.ecr.eu-central-1.amazonaws.com", "public.ecr.aws"
	answer = func(target string) string {
		if strings.Contains(target, "Spencer") { // ECR Public's name of old
			return `{"authorizationData":` + data + `}`
		}
		return `{"authorizationData":[` + data + `]}`
	}
	kept := chain(private)
	for range 3 {
		if got := shown(t, kept, private+"/a"); got != "AWS:"+planted {
			t.Error(got)
		}
	}
	if got := shown(t, chain(public), public+"/a/b"); got != "AWS:"+planted {
		t.Error(got)
	}
	w.pass(10 * time.Hour)
	shown(t, kept, private+"/a")
	want := []string{
		"AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken eu-central-1",
		"SpencerFrontendService.GetAuthorizationToken us-east-1",
		"AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken eu-central-1",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for name, test := range map[string]struct {
		status     int
		text, want string
	}{
		"refused":     {400, `{"__type":"AccessDeniedException","message":"` + planted + `"}`, "Amazon refused a token: AccessDeniedException"},
		"no data":     {200, `{"authorizationData":[]}`, "Amazon gave no token"},
		"bad token":   {200, `{"authorizationData":[{"authorizationToken":"` + planted + `!","expiresAt":1}]}`, "Amazon gave no token"},
		"no password": {200, fmt.Sprintf(`{"authorizationData":[{"authorizationToken":"QVdTOg==","expiresAt":%d}]}`, end), "there is no password and no token"},
	} {
		status, answer = test.status, func(string) string { return test.text }
		if got := shown(t, chain(private), private+"/a"); !strings.Contains(got, test.want) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if got := shown(t, chain(private), private+"/a"); !strings.Contains(got, "there is no identity for Amazon here") {
		t.Error(got)
	}
	if bytes.Contains(fmt.Append(nil, asked), []byte(planted)) {
		t.Error("a secret is in a header")
	}
}
