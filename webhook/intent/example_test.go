package intent_test

import (
	"fmt"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// A manifest names 1.2.0, and Garboard has made 1.2.9 of it, which is stored. Three writers
// come: one applies the manifest again, one has raised the tag in it, and one sends back
// what is stored.
func ExampleDecide() {
	minor, err := policy.Parse(policy.Spec{Name: "minor"})
	if err != nil {
		fmt.Println(err)
		return
	}
	image := func(tag string) intent.Image {
		named, _ := intent.ImageOf("example.com/shop:" + tag) // which is a reference
		return named
	}
	source, stored := image("1.2.0"), image("1.2.9")
	state := record.ContainerState{}.With(source.Text, record.Past{From: source.Text, Result: "1.2.9", Repository: source.Repository.String()}, "")
	row := map[intent.Row]string{
		intent.SameAgain: "the same manifest", intent.SourceUp: "a higher source", intent.Unchanged: "no change",
	}
	for _, tag := range []string{"1.2.0", "1.3.0", "1.2.9"} {
		answer := intent.Decide(intent.Case{
			Rules: minor, Versions: minor, State: state, Record: &record.Result{Tag: "1.2.9"},
			Submitted: image(tag), Stored: &stored, Source: &source,
		})
		fmt.Printf("%s is %s: %s, asks for newer: %t\n", tag, row[answer.Row], answer.Image.Text, answer.Resolve)
	}
	// Output:
	// 1.2.0 is the same manifest: example.com/shop:1.2.9, asks for newer: true
	// 1.3.0 is a higher source: example.com/shop:1.3.0, asks for newer: true
	// 1.2.9 is no change: example.com/shop:1.2.9, asks for newer: false
}
