package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/config"
)

func newSchema(env Environment) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of " + config.FileName,
		Long: `Schema prints the JSON Schema of ` + config.FileName + `, for editors and other
programs. With the YAML language server this line at the top of the file is enough:

  # yaml-language-server: $schema=` + config.SchemaURL,
		Example: `  imageupdater schema > imageupdater.schema.json`,
		Args:    arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			text, err := config.JSONSchema()
			if err != nil {
				return err
			}
			if _, err := env.Stdout.Write(text); err != nil {
				return fmt.Errorf("printing the schema: %w", err)
			}
			return nil
		},
	}
}
