package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/config"
)

func newSchema(env Environment) *cobra.Command {
	var server bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of " + config.FileName,
		Long: `Schema prints the JSON Schema of ` + config.FileName + `, for editors and other
programs. With the YAML language server this line at the top of the file is enough:

  # yaml-language-server: $schema=` + config.SchemaURL + `

With --server it is the schema of the server's own configuration.`,
		Example: `  imageupdater schema > imageupdater.schema.json`,
		Args:    arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			schemaOf := config.JSONSchema
			if server {
				schemaOf = config.ServerJSONSchema
			}
			text, err := schemaOf()
			if err != nil {
				return err
			}
			if _, err := env.Stdout.Write(text); err != nil {
				return fmt.Errorf("printing the schema: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&server, "server", false, "print the schema of the server's own configuration")
	return cmd
}
