// Package template executes templates of Go's text/template without calling methods by name.
//
// text/template does so, and then the linker has to keep every exported method of every type
// of the program, which is a fifth of it. Here a template calls the functions and methods that
// it is given. The language is otherwise the same, but for what is no use in a document: the
// function call, ranges over channels and functions. A key that a map does not have is a
// failure.
package template

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"text/template/parse"
)

// Funcs are functions by the names that templates call them by. Each returns a value, or a
// value and an error.
type Funcs map[string]any

// Methods are method expressions, such as time.Time.Format, by the type whose values have
// them and by their names.
type Methods map[reflect.Type]Funcs

// Template is a template that was read, and those that it defines.
type Template struct {
	name    string
	trees   map[string]*parse.Tree
	funcs   Funcs
	methods Methods
}

// Parse reads a template.
func Parse(name, text string, funcs Funcs, methods Methods) (*Template, error) {
	known := map[string]any{}
	maps.Copy(known, funcs)
	for name, function := range builtins() {
		known[name] = function
	}
	known["and"], known["or"] = true, true // the evaluator's own, since they end early
	trees, err := parse.Parse(name, text, "", "", known)
	if err != nil {
		return nil, err
	}
	return &Template{name, trees, funcs, methods}, nil
}

// Execute writes what the template makes of the data.
func (t *Template) Execute(out io.Writer, data any) error {
	return t.ExecuteTemplate(out, t.name, data)
}

// ExecuteTemplate writes what a template that was defined makes of the data.
func (t *Template) ExecuteTemplate(out io.Writer, name string, data any) (err error) {
	tree := t.trees[name]
	if tree == nil {
		return fmt.Errorf("template: no template %q", name)
	}
	defer func() {
		caught := recover()
		if failed, ok := caught.(failure); ok {
			err = failed.err
		} else if caught != nil {
			panic(caught)
		}
	}()
	dot := reflect.ValueOf(data)
	run := &execution{template: t, tree: tree, out: out, builtins: builtins(), vars: []variable{{"$", dot}}}
	run.walk(dot, tree.Root)
	return nil
}

// failure ends an execution: it is thrown where something cannot be evaluated.
type failure struct{ err error }

// maxDepth bounds templates that include each other.
const maxDepth = 10000

// execution is one execution of a template.
type execution struct {
	template *Template
	tree     *parse.Tree
	out      io.Writer
	builtins map[string]builtin
	vars     []variable
	depth    int
}

type variable struct {
	name  string
	value reflect.Value
}

// fail ends the execution at a node.
func (e *execution) fail(at parse.Node, format string, args ...any) {
	place, context := e.tree.ErrorContext(at)
	panic(failure{fmt.Errorf("template: %s: executing %q at <%s>: %w", place, e.tree.Name, context, fmt.Errorf(format, args...))})
}

// set changes the variable of a name that was declared last.
func (e *execution) set(at parse.Node, name string, value reflect.Value) {
	*e.variable(at, name) = value
}

func (e *execution) variable(at parse.Node, name string) *reflect.Value {
	for i := len(e.vars) - 1; i >= 0; i-- {
		if e.vars[i].name == name {
			return &e.vars[i].value
		}
	}
	e.fail(at, "undefined variable: %s", name)
	return nil
}

// write writes text of the template or of a value.
func (e *execution) write(text string) {
	if _, err := io.WriteString(e.out, text); err != nil {
		panic(failure{err})
	}
}

var errNil = errors.New("the value is nil")

// behind follows pointers and interfaces to a value; it reports whether one is nil.
func behind(v reflect.Value) (value reflect.Value, isNil bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return v, true
		}
		v = v.Elem()
	}
	return v, false
}
