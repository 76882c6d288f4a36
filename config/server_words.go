package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// hostName is a registry's host, with its port, as image.Repository spells it.
type hostName struct {
	name   string
	origin *Origin
}

func (h *hostName) place(o *Origin) { h.origin = o }

// nativeAPI is the kind of registry whose own API is asked.
type nativeAPI string

// longestHost is DNS's.
const longestHost = 253

var numericLabel = regexp.MustCompile(`^(?:[0-9]+|0x[0-9a-f]*)$`)

func readHostName(h *hostName, text string) *fault {
	shown := shorten(text)
	folded := strings.ToLower(text)
	switch scheme, rest, isURL := strings.Cut(folded, "://"); {
	case isURL && (scheme == "http" || scheme == "https") && !strings.ContainsAny(strings.TrimSuffix(rest, "/"), "/@?#"):
		return faultf("write "+quoted(strings.TrimSuffix(rest, "/")), "a host goes without %s://", scheme)
	case isURL, strings.ContainsAny(text, "@?#"):
		// There may be a password in it.
		return faultf("write the host alone, with its port", "this is no host")
	case strings.Contains(text, "/"):
		return faultf("write the host here, and the path in an entry of credentials", "%q has a path", shown)
	case strings.HasSuffix(text, "."):
		return faultf("write "+quoted(strings.TrimRight(folded, ".")), "%q ends with a dot", shown)
	case strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }):
		return faultf("write its ASCII form, xn--…", "%q holds letters that hosts don't have", shown)
	case len(text) > longestHost:
		return faultf("", "the host is longer than %d characters", longestHost)
	case strings.ContainsAny(text, "*"):
		return faultf("write an entry for each host", "%q: hosts are named one by one", shown)
	}
	ref, err := image.ParseName(folded + "/x")
	if err != nil || ref.Registry != folded {
		return faultf("write a name with a dot, a port or both, as registry.example.com:5000", "%q is no registry's host: references could not name it", shown)
	}
	name, port := splitPort(folded)
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535 || port[0] == '0') {
		return faultf("from 1 to 65535", "%q: there is no port %s", shown, port)
	}
	labels := strings.Split(name, ".")
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil && (name[0] == '[' || numericLabel.MatchString(labels[len(labels)-1])) {
		return faultf("write four numbers, as 192.0.2.1, or a name", "%q is neither a name nor an address", shown)
	}
	h.name = ref.Repository().Registry
	return nil
}

// splitPort takes a host that fits the grammar of references apart.
func splitPort(host string) (name, port string) {
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		return host[:colon], host[colon+1:]
	}
	return host, ""
}

func schemaOfHostName() schema {
	return schema{"type": "string", "pattern": `^[A-Za-z0-9.:\[\]-]*[A-Za-z0-9\]]$`, "maxLength": longestHost}
}

// folderPath is a path of repositories, of which all below it are meant too.
type folderPath string

func readFolderPath(p *folderPath, text string) *fault {
	const form = "write team-a/** or team-a/app"
	bare := strings.TrimSuffix(strings.TrimSuffix(text, "/**"), "/")
	switch {
	case text == "" || text == "**" || text == "*" || text == "/":
		return faultf("leave the key out", "%q: for all of the host no path is written", shorten(text))
	case strings.HasPrefix(text, "/"):
		return faultf("write "+quoted(strings.TrimLeft(text, "/")), "%q: paths begin below the host, without /", shorten(text))
	case strings.ContainsAny(bare, `*?[]{}\!`):
		return faultf(form, "%q: only /** at the end is understood, for all below a folder", shorten(text))
	}
	if _, err := image.ParseName("a.b/" + bare); err != nil {
		return faultf(form, "%q is no path of repositories: they are made of lower-case letters, digits, and . _ - between them", shorten(text))
	}
	*p = folderPath(bare)
	return nil
}

func schemaOfFolderPath() schema {
	return schema{"type": "string", "pattern": `^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?(/|/\*\*)?$`}
}

// accountName is an account of GitHub.
type accountName string

func readAccountName(a *accountName, text string) *fault {
	if !accountPattern.MatchString(text) {
		return faultf("write the name of a user or an organisation", "%q is no account of GitHub", shorten(text))
	}
	*a = accountName(strings.TrimPrefix(text, "@"))
	return nil
}

func schemaOfAccountName() schema { return schema{"type": "string", "pattern": `^@?` + account + `$`} }

// userName is the name that goes with a password.
type userName string

func readUserName(u *userName, text string) *fault {
	switch {
	case text == "":
		return faultf("write a name; some registries take any", "the user name is empty")
	case strings.ContainsRune(text, ':') || strings.ContainsFunc(text, unicode.IsControl):
		// It may be user:password.
		return faultf("the password is written apart, as password: {env: NAME}", "a user name holds no colon and no control character")
	}
	*u = userName(text)
	return nil
}

func schemaOfUserName() schema { return schema{"type": "string", "pattern": `^[^:]+$`} }

// envName is the name of an environment variable.
type envName string

var envPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func readEnvName(e *envName, text string) *fault {
	if !envPattern.MatchString(text) {
		// It may be the secret itself.
		return faultf("write its name alone, as REGISTRY_PASSWORD", "this is no name of an environment variable")
	}
	*e = envName(text)
	return nil
}

func schemaOfEnvName() schema { return schema{"type": "string", "pattern": envPattern.String()} }

// absolutePath is the path of a file of the server's.
type absolutePath string

func readAbsolutePath(p *absolutePath, text string) *fault {
	if !filepath.IsAbs(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return faultf("begin it at the root, as /run/secrets/name", "the path is not absolute")
	}
	*p = absolutePath(filepath.Clean(text))
	return nil
}

func schemaOfAbsolutePath() schema { return schema{"type": "string", "minLength": 2} }

// argument is a program, or what it is started with.
type argument string

func readArgument(a *argument, text string) *fault {
	if strings.ContainsRune(text, 0) {
		return faultf("", "an argument holds no NUL")
	}
	*a = argument(text)
	return nil
}

func schemaOfArgument() schema { return schema{"type": "string"} }

// proxyAddress is the URL of a proxy.
type proxyAddress string

func readProxyAddress(p *proxyAddress, text string) *fault {
	const form = "write http://proxy.example.com:3128"
	at, err := url.Parse(text)
	switch {
	case strings.ContainsRune(text, '@'):
		return faultf(form+"; a proxy that asks for a password is not supported", "secrets do not stand in this file")
	case err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Hostname() == "":
		return faultf(form, "this is no URL of a proxy")
	case at.Path != "" && at.Path != "/" || at.RawQuery != "" || at.Fragment != "":
		return faultf(form, "the URL of a proxy ends with its port")
	}
	*p = proxyAddress(at.Scheme + "://" + at.Host)
	return nil
}

func schemaOfProxyAddress() schema {
	return schema{"type": "string", "pattern": `^https?://[^/@?#]+/?$`}
}

// noLimit is the word for a limit that there is not.
const noLimit = "none"

// perSecond is a number of requests in a second; -1 for no limit.
type perSecond float64

const mostPerSecond = 1000

func (p *perSecond) decode(d *decoder, v value) bool {
	if isNoLimit(v.node) {
		*p = -1
		return true
	}
	n, err := strconv.ParseFloat(v.node.Value, 64)
	switch {
	case v.node.Kind != yaml.ScalarNode || v.node.Tag != "!!int" && v.node.Tag != "!!float" || err != nil:
		return d.fail(v, "expected a number, found "+d.describe(v.node), "write 5, 0.5 or none")
	case !(n > 0 && n <= mostPerSecond):
		return d.fail(v, "the number is out of range", fmt.Sprintf("above 0, at most %d, or none", mostPerSecond))
	}
	*p = perSecond(n)
	return true
}

func (*perSecond) schema() schema {
	return schema{"anyOf": []schema{{"type": "number", "exclusiveMinimum": 0, "maximum": mostPerSecond}, {"const": noLimit}}}
}

// limitCount is a number of requests; -1 for no limit.
type limitCount int

const mostCount = 1_000_000

func (c *limitCount) decode(d *decoder, v value) bool {
	if isNoLimit(v.node) {
		*c = -1
		return true
	}
	return decodeNumber(d, v, (*int)(c), 1, mostCount)
}

func (*limitCount) schema() schema {
	return schema{"anyOf": []schema{{"type": "integer", "minimum": 1, "maximum": mostCount}, {"const": noLimit}}}
}

func isNoLimit(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Value == noLimit }
