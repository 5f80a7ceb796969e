package cmdline

import "fmt"

// OnlyOne names each argument behind the first.
func OnlyOne(args []string) error {
	faults := make(Faults, 0, len(args)-1)
	for _, arg := range args[1:] {
		faults = append(faults, fmt.Sprintf("%q: unexpected argument", arg))
	}
	return faults.OrNil()
}
