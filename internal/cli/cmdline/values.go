package cmdline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// OutputFormat is the value of -o. Empty is text for people.
type OutputFormat string

// The formats.
const (
	OutputText OutputFormat = ""
	OutputJSON OutputFormat = "json"
	OutputYAML OutputFormat = "yaml"
)

// String returns the format as it is written on the command line.
func (f *OutputFormat) String() string { return string(*f) }

// Type names the value in the help.
func (f *OutputFormat) Type() string { return "format" }

// Choices are all formats but the text for people.
func (f *OutputFormat) Choices() []string { return Words(OutputJSON, OutputYAML) }

// Set refuses every format but json and yaml.
func (f *OutputFormat) Set(text string) error { return SetChoice(f, text) }

// Choice is the value of a flag that takes one of a few words.
type Choice interface{ Choices() []string }

// Words are choices as they are typed.
func Words[T ~string](choices ...T) []string {
	words := make([]string, len(choices))
	for i, choice := range choices {
		words[i] = string(choice)
	}
	return words
}

// SetChoice sets the value of a flag that takes one of a few words. The error names them.
func SetChoice[T ~string, V interface {
	*T
	Choice
}](value V, text string) error {
	words := value.Choices()
	if !slices.Contains(words, text) {
		return errors.New("allowed: " + strings.Join(words, ", "))
	}
	*value = T(text)
	return nil
}

// Write writes a value in the format, or its text.
func (f OutputFormat) Write(w io.Writer, value any, text string) error {
	switch f {
	case OutputJSON:
		out, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		text = string(out) + "\n"
	case OutputYAML:
		out, err := yaml.Marshal(value)
		if err != nil {
			return fmt.Errorf("writing YAML: %w", err)
		}
		text = string(out)
	}
	_, err := io.WriteString(w, text)
	return err
}

// optionalBool is a yes or no that may not have been given: nil.
type optionalBool struct{ value *bool }

// String returns the answer, empty where there is none.
func (b *optionalBool) String() string {
	if b.value == nil {
		return ""
	}
	return strconv.FormatBool(*b.value)
}

// Type names the value in the help.
func (b *optionalBool) Type() string { return "bool" }

// Set reads true or false.
func (b *optionalBool) Set(text string) error {
	value, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New("allowed: true, false")
	}
	b.value = &value
	return nil
}
