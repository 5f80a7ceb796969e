package main

import "fmt"

// onlyOne names each argument behind the first.
func onlyOne(args []string) error {
	faults := make(usageFaults, 0, len(args)-1)
	for _, arg := range args[1:] {
		faults = append(faults, fmt.Sprintf("%q: unexpected argument", arg))
	}
	return faults.orNil()
}
