package changelog

import (
	"strings"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// known is an image whose labels say nothing, or where it is packaged: the
// repository of its software on GitHub, and how that spells tags, with
//
//	{version}      1.2.3, or 1.2.3-rc.1
//	{underscored}  1_2_3
//	{padded}       1.2.0 for 1.2
//	{tag}          the image's tag
type known struct{ path, tag string }

func (k known) repository() Repository {
	return Repository{Host: "github.com", Path: k.path, Forge: GitHub}
}

// wellKnown looks an image up, at its own registry or one that everybody knows to copy it.
func wellKnown(repo image.Repository) (known, bool) {
	key := repo.String()
	for _, home := range [][2]string{
		{"docker.io/library/", ""},
		{"public.ecr.aws/docker/library/", ""},
		{"mirror.gcr.io/library/", ""},
		{"docker.io/", ""},
		{"k8s.gcr.io/", "registry.k8s.io/"},
	} {
		if rest, ok := strings.CutPrefix(key, home[0]); ok {
			key = home[1] + rest
			break
		}
	}
	k, ok := wellKnownImages[key]
	return k, ok
}

// packages tells whether a repository holds Dockerfiles of software that is elsewhere.
func packages(r Repository) bool {
	if r.Host != "github.com" {
		return false
	}
	path := strings.ToLower(r.Path)
	owner, name, _ := strings.Cut(path, "/")
	return officialPackaging(r) || owner == "docker-solr" || owner == "appropriate" ||
		strings.HasPrefix(name, "docker-") || strings.HasSuffix(name, "-docker") || strings.HasSuffix(name, "-docker-image") ||
		strings.HasSuffix(name, "-container") || strings.HasSuffix(name, "-containers") || name == "docker" || name == "dockerfiles" || path == "bitnami/containers" ||
		path == "distribution/distribution-library-image"
}

// officialPackaging tells whether a repository holds Dockerfiles of Docker's official images.
func officialPackaging(r Repository) bool {
	return r.Host == "github.com" && strings.HasPrefix(strings.ToLower(r.Path), "docker-library/")
}

// wellKnownImages lists them: images of Docker Hub without its name, official
// ones without library/ too.
//
//nolint:gochecknoglobals // a table, never written
var wellKnownImages = map[string]known{
	"adminer":           {"vrana/adminer", "v{version}"},
	"caddy":             {"caddyserver/caddy", "v{version}"},
	"cassandra":         {"apache/cassandra", "cassandra-{version}"},
	"composer":          {"composer/composer", "{version}"},
	"consul":            {"hashicorp/consul", "v{version}"},
	"couchdb":           {"apache/couchdb", "{version}"},
	"docker":            {"moby/moby", "v{version}"},
	"eclipse-mosquitto": {"eclipse-mosquitto/mosquitto", "v{version}"}, //nolint:misspell // its name
	"elasticsearch":     {"elastic/elasticsearch", "v{version}"},
	"ghost":             {"TryGhost/Ghost", "v{version}"},
	"golang":            {"golang/go", "go{version}"},
	"gradle":            {"gradle/gradle", "v{padded}"},
	"haproxy":           {"haproxy/haproxy", "v{version}"},
	"httpd":             {"apache/httpd", "{version}"},
	"influxdb":          {"influxdata/influxdb", "v{version}"},
	"kibana":            {"elastic/kibana", "v{version}"},
	"kong":              {"Kong/kong", "{version}"},
	"logstash":          {"elastic/logstash", "v{version}"},
	"mariadb":           {"MariaDB/server", "mariadb-{version}"},
	"maven":             {"apache/maven", "maven-{version}"},
	"memcached":         {"memcached/memcached", "{version}"},
	"mongo":             {"mongodb/mongo", "r{version}"},
	"mongo-express":     {"mongo-express/mongo-express", "v{version}"},
	"mysql":             {"mysql/mysql-server", "mysql-{version}"},
	"nats":              {"nats-io/nats-server", "v{version}"},
	"neo4j":             {"neo4j/neo4j", "{version}"},
	"nextcloud":         {"nextcloud/server", "v{version}"},
	"nginx":             {"nginx/nginx", "release-{version}"},
	"node":              {"nodejs/node", "v{version}"},
	"php":               {"php/php-src", "php-{version}"},
	"postgres":          {"postgres/postgres", "REL_{underscored}"},
	"python":            {"python/cpython", "v{version}"},
	"rabbitmq":          {"rabbitmq/rabbitmq-server", "v{version}"},
	"redis":             {"redis/redis", "{version}"},
	"registry":          {"distribution/distribution", "v{version}"},
	"ruby":              {"ruby/ruby", "v{underscored}"},
	"rust":              {"rust-lang/rust", "{version}"},
	"solr":              {"apache/solr", "releases/solr/{version}"},
	"telegraf":          {"influxdata/telegraf", "v{version}"},
	"tomcat":            {"apache/tomcat", "{version}"},
	"traefik":           {"traefik/traefik", "v{version}"},
	"vault":             {"hashicorp/vault", "v{version}"},
	"wordpress":         {"WordPress/WordPress", "{version}"},
	"zookeeper":         {"apache/zookeeper", "release-{version}"},

	"coredns/coredns":                      {"coredns/coredns", "v{version}"},
	"fluent/fluent-bit":                    {"fluent/fluent-bit", "v{version}"},
	"gitea/gitea":                          {"go-gitea/gitea", "v{version}"},
	"grafana/grafana":                      {"grafana/grafana", "v{version}"},
	"grafana/loki":                         {"grafana/loki", "v{version}"},
	"grafana/mimir":                        {"grafana/mimir", "mimir-{version}"},
	"grafana/promtail":                     {"grafana/loki", "v{version}"},
	"grafana/tempo":                        {"grafana/tempo", "v{version}"},
	"hashicorp/consul":                     {"hashicorp/consul", "v{version}"},
	"hashicorp/nomad":                      {"hashicorp/nomad", "v{version}"},
	"hashicorp/terraform":                  {"hashicorp/terraform", "v{version}"},
	"hashicorp/vault":                      {"hashicorp/vault", "v{version}"},
	"hashicorp/vault-k8s":                  {"hashicorp/vault-k8s", "v{version}"},
	"istio/pilot":                          {"istio/istio", "{version}"},
	"istio/proxyv2":                        {"istio/istio", "{version}"},
	"jenkins/jenkins":                      {"jenkinsci/jenkins", "jenkins-{version}"},
	"minio/minio":                          {"minio/minio", "{tag}"},
	"otel/opentelemetry-collector":         {"open-telemetry/opentelemetry-collector-releases", "v{version}"},
	"otel/opentelemetry-collector-contrib": {"open-telemetry/opentelemetry-collector-releases", "v{version}"},
	"prom/alertmanager":                    {"prometheus/alertmanager", "v{version}"},
	"prom/blackbox-exporter":               {"prometheus/blackbox_exporter", "v{version}"},
	"prom/node-exporter":                   {"prometheus/node_exporter", "v{version}"},
	"prom/prometheus":                      {"prometheus/prometheus", "v{version}"},
	"prom/pushgateway":                     {"prometheus/pushgateway", "v{version}"},
	"velero/velero":                        {"vmware-tanzu/velero", "v{version}"},

	"docker.elastic.co/elasticsearch/elasticsearch":         {"elastic/elasticsearch", "v{version}"},
	"docker.elastic.co/kibana/kibana":                       {"elastic/kibana", "v{version}"},
	"quay.io/argoproj/argocd":                               {"argoproj/argo-cd", "v{version}"},
	"quay.io/cilium/cilium":                                 {"cilium/cilium", "v{version}"},
	"quay.io/coreos/etcd":                                   {"etcd-io/etcd", "v{version}"},
	"quay.io/jetstack/cert-manager-cainjector":              {"cert-manager/cert-manager", "v{version}"},
	"quay.io/jetstack/cert-manager-controller":              {"cert-manager/cert-manager", "v{version}"},
	"quay.io/jetstack/cert-manager-webhook":                 {"cert-manager/cert-manager", "v{version}"},
	"quay.io/keycloak/keycloak":                             {"keycloak/keycloak", "{version}"},
	"quay.io/minio/minio":                                   {"minio/minio", "{tag}"},
	"quay.io/prometheus-operator/prometheus-operator":       {"prometheus-operator/prometheus-operator", "v{version}"},
	"quay.io/prometheus/alertmanager":                       {"prometheus/alertmanager", "v{version}"},
	"quay.io/prometheus/blackbox-exporter":                  {"prometheus/blackbox_exporter", "v{version}"},
	"quay.io/prometheus/node-exporter":                      {"prometheus/node_exporter", "v{version}"},
	"quay.io/prometheus/prometheus":                         {"prometheus/prometheus", "v{version}"},
	"registry.k8s.io/autoscaling/cluster-autoscaler":        {"kubernetes/autoscaler", "cluster-autoscaler-{version}"},
	"registry.k8s.io/coredns/coredns":                       {"coredns/coredns", "v{version}"},
	"registry.k8s.io/etcd":                                  {"etcd-io/etcd", "v{version}"},
	"registry.k8s.io/external-dns/external-dns":             {"kubernetes-sigs/external-dns", "v{version}"},
	"registry.k8s.io/ingress-nginx/controller":              {"kubernetes/ingress-nginx", "controller-v{version}"},
	"registry.k8s.io/kube-apiserver":                        {"kubernetes/kubernetes", "v{version}"},
	"registry.k8s.io/kube-controller-manager":               {"kubernetes/kubernetes", "v{version}"},
	"registry.k8s.io/kube-proxy":                            {"kubernetes/kubernetes", "v{version}"},
	"registry.k8s.io/kube-scheduler":                        {"kubernetes/kubernetes", "v{version}"},
	"registry.k8s.io/kube-state-metrics/kube-state-metrics": {"kubernetes/kube-state-metrics", "v{version}"},
	"registry.k8s.io/metrics-server/metrics-server":         {"kubernetes-sigs/metrics-server", "v{version}"},
	"registry.k8s.io/prometheus-adapter/prometheus-adapter": {"kubernetes-sigs/prometheus-adapter", "v{version}"},
	"registry.k8s.io/sig-storage/csi-provisioner":           {"kubernetes-csi/external-provisioner", "v{version}"},
	"registry.k8s.io/sig-storage/snapshot-controller":       {"kubernetes-csi/external-snapshotter", "v{version}"},
}
