package registryhook

import (
	"regexp"
	"strings"
)

// ecrHost is a private registry of Amazon: account and region.
func ecrHost() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9][a-z0-9-]*)\.(?:amazonaws\.(?:com|com\.cn|eu)|on\.aws|on\.amazonwebservices\.com\.cn)$`)
}

// readECR reads EventBridge's own form, and the CloudEvent that an input
// transformer may have made of it.
func readECR(f *findings, d delivery) error {
	if isCloudEvent(d) {
		return readECREvent(f, d)
	}
	var in struct {
		ID      string `json:"id"`
		Kind    string `json:"detail-type"`
		Account string `json:"account"`
		Region  string `json:"region"`
		Detail  struct {
			Result     string `json:"result"`
			Action     string `json:"action-type"`
			Repository string `json:"repository-name"`
			Tag        string `json:"image-tag"`
		} `json:"detail"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	f.known(in.ID)
	switch {
	case in.Kind != "ECR Image Action":
		return f.skip("the event %.60q is about no image", in.Kind)
	case in.Detail.Result != "SUCCESS":
		return f.skip("the push did not succeed")
	}
	if f.action(in.Detail.Action, "PUSH") && f.ofAccount(in.Account, in.Region) && f.tagged(in.Detail.Tag) {
		f.add(in.Detail.Repository)
	}
	return nil
}

// readECREvent reads the form with the source "urn:aws:ecr:REGION:ACCOUNT:…".
func readECREvent(f *findings, d delivery) error {
	event, err := cloudEventOf(f, d)
	if err != nil {
		return err
	}
	if !f.action(event.Type, "com.amazon.ecr.image.push") {
		return nil
	}
	var data struct {
		Repository string `json:"repositoryName"`
		Tag        string `json:"imageTag"`
		Account    string `json:"registryId"`
	}
	if err := decode(event.Data, &data); err != nil {
		return err
	}
	source := strings.Split(event.Source, ":")
	if len(source) < 5 {
		return f.skip("its source %.100q tells no region and account", event.Source)
	}
	if f.ofAccount(data.Account, source[3]) && f.ofAccount(source[4], source[3]) && f.tagged(data.Tag) {
		f.add(data.Repository)
	}
	return nil
}

// ofAccount is here for a registry that is told by account and region.
func (f *findings) ofAccount(account, region string) bool {
	parts := ecrHost().FindStringSubmatch(f.host)
	if parts != nil && parts[1] == account && parts[2] == region {
		return true
	}
	f.note("it is about account %.20q in %.40q, not about %s", account, region, f.host)
	return false
}
