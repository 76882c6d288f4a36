package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// enum is a flag that takes one of a few words.
type enum[T ~string] struct {
	value   *T
	allowed []T
}

// enumFlag adds a flag that takes one of the allowed words, the first of which
// is the default, and completes it in shells.
func enumFlag[T ~string](cmd *cobra.Command, value *T, name, short, help string, allowed ...T) {
	*value = allowed[0]
	flag := enum[T]{value: value, allowed: allowed}
	cmd.Flags().VarP(flag, name, short, help)
	// The only error is a flag that doesn't exist.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(flag.words(), cobra.ShellCompDirectiveNoFileComp))
}

// String is part of pflag.Value.
func (e enum[T]) String() string { return string(*e.value) }

// Type is part of pflag.Value: help shows it in place of the value.
func (e enum[T]) Type() string { return strings.Join(e.words(), "|") }

// Set is part of pflag.Value.
func (e enum[T]) Set(word string) error {
	if !slices.Contains(e.allowed, T(word)) {
		return fmt.Errorf("must be one of %s", strings.Join(e.words(), ", "))
	}
	*e.value = T(word)
	return nil
}

func (e enum[T]) words() []string {
	words := make([]string, len(e.allowed))
	for i, word := range e.allowed {
		words[i] = string(word)
	}
	return words
}
