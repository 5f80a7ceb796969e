// Package cmdline is what all commands share: reading flags, environment and
// arguments, with every fault reported at once; values of flags; output formats and
// exit codes.
package cmdline

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ReadFlags makes a command read its flags here in place of cobra, which
// stops at the first fault. Every fault of flags, environment and arguments is
// reported at once, with those of the command's PreRunE, which checks the
// flags' values and also runs where some of them are bad.
func ReadFlags(command *cobra.Command, env func(string) (string, bool)) {
	act, check, positional := command.RunE, command.PreRunE, command.Args
	if positional == nil {
		positional = cobra.ArbitraryArgs
	}
	command.DisableFlagParsing = true
	command.Args, command.PreRunE = cobra.ArbitraryArgs, nil
	command.Flags().VisitAll(func(f *pflag.Flag) { f.Usage += " (env " + variable(f.Name) + ")" })
	command.RunE = func(command *cobra.Command, args []string) error {
		r := flagReader{flags: command.Flags()}
		r.read(args)
		if help, err := r.flags.GetBool("help"); err == nil && help {
			return command.Help()
		}
		r.readEnvironment(env)
		if command.HasSubCommands() && len(r.rest) > 0 {
			return positional(command, r.rest) // the flags are those of an unknown command
		}
		r.noteArguments(command, positional)
		if check != nil {
			r.note(check(command, r.rest))
		}
		if len(r.faults) > 0 {
			return r.faults
		}
		return act(command, r.rest)
	}
}

// variable is the environment variable of a flag.
func variable(flag string) string {
	return "GARBOARD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// flagReader reads arguments into flags and collects what is wrong with them.
type flagReader struct {
	flags  *pflag.FlagSet
	rest   []string
	faults Faults
}

func (r *flagReader) read(args []string) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			r.rest = append(r.rest, args...)
			return
		case strings.HasPrefix(arg, "--"):
			args = r.long(arg[2:], args)
		case len(arg) > 1 && arg[0] == '-':
			args = r.short(arg[1:], args)
		default:
			r.rest = append(r.rest, arg)
		}
	}
}

func (r *flagReader) long(arg string, args []string) []string {
	name, value, hasValue := strings.Cut(arg, "=")
	flag := r.flags.Lookup(name)
	switch {
	case flag == nil:
		return r.unknown(name, hasValue, args)
	case hasValue:
		r.set(flag, "--"+name, value)
	case flag.NoOptDefVal != "":
		return r.toggle(flag, args)
	default:
		return r.next(flag, args)
	}
	return args
}

// toggle sets a flag that needs no value. A true or false behind it was meant
// as one, and would be an argument.
func (r *flagReader) toggle(flag *pflag.Flag, args []string) []string {
	if len(args) == 0 || args[0] != "true" && args[0] != "false" {
		r.set(flag, "--"+flag.Name, flag.NoOptDefVal)
		return args
	}
	r.faults = append(r.faults, fmt.Sprintf("--%s: write --%[1]s=%s", flag.Name, args[0]))
	r.set(flag, "--"+flag.Name, args[0])
	return args[1:]
}

// unknown notes a flag that does not exist. What follows a misspelt flag is
// that flag's value and no fault of its own.
func (r *flagReader) unknown(name string, hasValue bool, args []string) []string {
	meant := r.closest(name)
	if meant == nil {
		r.faults = append(r.faults, "--"+name+": unknown flag")
		return args
	}
	r.faults = append(r.faults, fmt.Sprintf("--%s: unknown flag; did you mean --%s?", name, meant.Name))
	if !hasValue && meant.NoOptDefVal == "" && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return args[1:]
	}
	return args
}

// closest finds the flag that was meant, by cobra's own measure.
func (r *flagReader) closest(name string) *pflag.Flag {
	names := &cobra.Command{SuggestionsMinimumDistance: 2}
	r.flags.VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	suggestions := names.SuggestionsFor(name)
	if len(suggestions) == 0 {
		return nil
	}
	return r.flags.Lookup(suggestions[0])
}

// short reads -o json, -ojson, -o=json, and switches in one word.
func (r *flagReader) short(word string, args []string) []string {
	for word != "" {
		name, rest := word[:1], word[1:]
		flag := r.flags.ShorthandLookup(name)
		switch {
		case flag == nil:
			r.faults = append(r.faults, "-"+word+": unknown flag")
			return args
		case strings.HasPrefix(rest, "="):
			r.set(flag, "--"+flag.Name, rest[1:])
			return args
		case flag.NoOptDefVal != "":
			r.set(flag, "--"+flag.Name, flag.NoOptDefVal)
			word = rest
		case rest != "":
			r.set(flag, "--"+flag.Name, rest)
			return args
		default:
			return r.next(flag, args)
		}
	}
	return args
}

func (r *flagReader) next(flag *pflag.Flag, args []string) []string {
	if len(args) == 0 {
		r.faults = append(r.faults, "--"+flag.Name+": needs a value")
		return nil
	}
	r.set(flag, "--"+flag.Name, args[0])
	return args[1:]
}

// set notes a bad value at the place that it comes from.
func (r *flagReader) set(flag *pflag.Flag, where, value string) {
	err := r.flags.Set(flag.Name, value)
	if err == nil {
		return
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		err = invalid.Unwrap()
	}
	r.faults = append(r.faults, fmt.Sprintf("%s: %q: %s", where, value, allowedValue(flag, err)))
	if flag.Value.Type() == "duration" { // pflag leaves 0, which would be another fault
		_ = flag.Value.Set(flag.DefValue)
	}
}

func allowedValue(flag *pflag.Flag, err error) string {
	switch flag.Value.Type() {
	case "bool":
		return "allowed: true, false"
	case "int", "int32", "int64", "uint", "uint16", "uint32", "uint64":
		return "allowed: a whole number"
	case "float64":
		return "allowed: a number"
	case "duration":
		return "allowed: a duration, such as 1m30s"
	default:
		return err.Error()
	}
}

// readEnvironment takes what the command line does not say. An empty variable
// is one that is not set.
func (r *flagReader) readEnvironment(env func(string) (string, bool)) {
	r.flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" {
			return
		}
		if value, ok := env(variable(f.Name)); ok && value != "" {
			r.set(f, variable(f.Name), value)
		}
	})
}

// noteArguments names each argument where the command takes none.
func (r *flagReader) noteArguments(command *cobra.Command, positional cobra.PositionalArgs) {
	err := positional(command, r.rest)
	var faults Faults
	if err == nil || errors.As(err, &faults) || positional(command, nil) != nil {
		r.note(err)
		return
	}
	allowed := ""
	if command.Flags().Lookup("filename") != nil {
		allowed = "; files are named by -f"
	}
	for _, arg := range r.rest {
		r.faults = append(r.faults, fmt.Sprintf("%q: unexpected argument%s", arg, allowed))
	}
}

func (r *flagReader) note(err error) {
	var faults Faults
	switch {
	case err == nil:
	case errors.As(err, &faults):
		r.faults = append(r.faults, faults...)
	default:
		r.faults = append(r.faults, err.Error())
	}
}
