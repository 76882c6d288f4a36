package config

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// ServerSchemaURL is where the schema of the server's configuration is
// published.
const ServerSchemaURL = "https://raw.githubusercontent.com/imageupdater/imageupdater/main/docs/imageupdater-server.schema.json"

// ServerJSONSchema is the schema of the server's configuration, made from the
// types.
func ServerJSONSchema() ([]byte, error) {
	built, err := mappingOf(builtInServer)
	if err != nil {
		return nil, err
	}
	s := structSchema(reflect.TypeFor[serverFile](), built)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = ServerSchemaURL
	s["title"] = "Configuration of the server of Image Updater"
	s["type"] = []string{"object", "null"}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// oneOfKinds wants one way to a secret, and a user name beside a password.
func oneOfKinds() []schema {
	var all []schema
	for _, kind := range allKinds() {
		if kind == string(grant.Password) {
			all = append(all, schema{"required": []string{kind, "username"}})
			continue
		}
		all = append(all, schema{"required": []string{kind}, "not": schema{"required": []string{"username"}}})
	}
	return all
}
