package template

import (
	"fmt"
	"reflect"
	"strings"
	"text/template/parse"
)

// pipeline evaluates commands, each with the value of the one before it as its last argument,
// and sets the variables that it declares.
func (e *execution) pipeline(dot reflect.Value, pipe *parse.PipeNode) reflect.Value {
	var value reflect.Value
	for i, command := range pipe.Cmds {
		var piped []reflect.Value
		if i > 0 {
			piped = []reflect.Value{value}
		}
		value = e.command(dot, command, piped)
		if value.Kind() == reflect.Interface && value.NumMethod() == 0 {
			value = value.Elem()
		}
	}
	for _, declared := range pipe.Decl {
		if pipe.IsAssign {
			e.set(declared, declared.Ident[0], value)
		} else {
			e.vars = append(e.vars, variable{declared.Ident[0], value})
		}
	}
	return value
}

// command evaluates a function, a method or a value.
func (e *execution) command(dot reflect.Value, command *parse.CommandNode, piped []reflect.Value) reflect.Value {
	args := command.Args[1:]
	switch n := command.Args[0].(type) {
	case *parse.FieldNode, *parse.ChainNode:
		return e.chain(dot, n, args, piped)
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			return e.chain(dot, n, args, piped)
		}
	case *parse.IdentifierNode:
		return e.function(dot, command, n.Ident, args, piped)
	case *parse.NilNode:
		e.fail(n, "nil is not a command")
	}
	if len(args) > 0 || piped != nil {
		e.fail(command.Args[0], "can't give argument to non-function %s", command.Args[0])
	}
	return e.value(dot, command.Args[0])
}

// value evaluates a node by itself. A nil is no value.
func (e *execution) value(dot reflect.Value, node parse.Node) reflect.Value {
	switch n := node.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode, *parse.ChainNode:
		return e.chain(dot, n, nil, nil)
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			return e.chain(dot, n, nil, nil)
		}
		return *e.variable(n, n.Ident[0])
	case *parse.PipeNode:
		return e.pipeline(dot, n)
	case *parse.IdentifierNode:
		return e.function(dot, n, n.Ident, nil, nil)
	case *parse.BoolNode:
		return reflect.ValueOf(n.True)
	case *parse.StringNode:
		return reflect.ValueOf(n.Text)
	case *parse.NumberNode:
		return e.number(n)
	case *parse.NilNode:
		return reflect.Value{}
	}
	e.fail(node, "can't evaluate %s", node)
	return reflect.Value{}
}

// number is a number of the type that it is written as.
func (e *execution) number(n *parse.NumberNode) reflect.Value {
	hex := strings.HasPrefix(strings.ToLower(n.Text), "0x") && !strings.ContainsAny(n.Text, "pP")
	switch {
	case n.IsComplex:
		return reflect.ValueOf(n.Complex128)
	case n.IsFloat && !hex && n.Text[0] != '\'' && strings.ContainsAny(n.Text, ".eEpP"):
		return reflect.ValueOf(n.Float64)
	case !n.IsInt:
		e.fail(n, "%s overflows int", n.Text)
	}
	return reflect.ValueOf(int(n.Int64))
}

// chain evaluates fields of fields; the last may be a method, which takes the arguments.
func (e *execution) chain(dot reflect.Value, node parse.Node, args []parse.Node, piped []reflect.Value) reflect.Value {
	var names []string
	value := dot
	switch n := node.(type) {
	case *parse.FieldNode:
		names = n.Ident
	case *parse.VariableNode:
		names, value = n.Ident[1:], *e.variable(n, n.Ident[0])
	case *parse.ChainNode:
		if n.Node.Type() == parse.NodeNil {
			e.fail(n, "indirection through explicit nil in %s", n)
		}
		names, value = n.Field, e.value(dot, n.Node)
	}
	last := len(names) - 1
	for _, name := range names[:last] {
		value = e.field(dot, node, value, name, nil, nil)
	}
	return e.field(dot, node, value, names[last], args, piped)
}

// field is a field of a struct, the element of a map, or what a method returns.
func (e *execution) field(dot reflect.Value, at parse.Node, of reflect.Value, name string, args []parse.Node, piped []reflect.Value) reflect.Value {
	if !of.IsValid() {
		e.fail(at, "nil data; no entry for key %q", name)
	}
	in, isNil := behind(of)
	if !isNil {
		if method, ok := e.template.methods[in.Type()][name]; ok {
			function := reflect.ValueOf(method)
			if function.Type().In(0).Kind() == reflect.Pointer {
				if !in.CanAddr() {
					e.fail(at, "%s.%s wants a pointer", in.Type(), name)
				}
				in = in.Addr()
			}
			return e.call(dot, at, name, function, []reflect.Value{in}, args, piped)
		}
	}
	if field, ok := e.read(at, in, isNil, name); ok {
		if len(args) > 0 || piped != nil {
			e.fail(at, "%s has arguments but cannot be invoked as function", name)
		}
		return field
	}
	if isNil {
		e.fail(at, "nil pointer evaluating %s.%s", of.Type(), name)
	}
	e.fail(at, "can't evaluate field %s in type %s", name, of.Type())
	return reflect.Value{}
}

func (e *execution) read(at parse.Node, in reflect.Value, isNil bool, name string) (reflect.Value, bool) {
	switch {
	case isNil:
	case in.Kind() == reflect.Struct:
		described, ok := in.Type().FieldByName(name)
		if !ok {
			break
		}
		if !described.IsExported() {
			e.fail(at, "%s is an unexported field of struct type %s", name, in.Type())
		}
		field, err := in.FieldByIndexErr(described.Index)
		if err != nil {
			e.fail(at, "%w", err)
		}
		return field, true
	case in.Kind() == reflect.Map && reflect.TypeFor[string]().AssignableTo(in.Type().Key()):
		element := in.MapIndex(reflect.ValueOf(name))
		if !element.IsValid() {
			e.fail(at, "map has no entry for key %q", name)
		}
		return element, true
	}
	return reflect.Value{}, false
}

// function calls a function by its name.
func (e *execution) function(dot reflect.Value, at parse.Node, name string, args []parse.Node, piped []reflect.Value) reflect.Value {
	if function, ok := e.template.funcs[name]; ok {
		return e.call(dot, at, name, reflect.ValueOf(function), nil, args, piped)
	}
	if name == "and" || name == "or" {
		return e.either(dot, at, name, args, piped)
	}
	var values []reflect.Value
	for _, arg := range args {
		values = append(values, e.value(dot, arg))
	}
	value, err := e.builtins[name].call(name, append(values, piped...))
	if err != nil {
		e.fail(at, "error calling %s: %w", name, err)
	}
	return value
}

// either evaluates and, and or, which end at the first argument that decides.
func (e *execution) either(dot reflect.Value, at parse.Node, name string, args []parse.Node, piped []reflect.Value) (value reflect.Value) {
	if len(args)+len(piped) == 0 {
		e.fail(at, "wrong number of args for %s: want at least 1 got 0", name)
	}
	for _, arg := range args {
		if value = e.value(dot, arg); truth(value) == (name == "or") {
			return value
		}
	}
	if piped != nil {
		return piped[0]
	}
	return value
}

// call calls a function or method with the arguments that it takes.
func (e *execution) call(dot reflect.Value, at parse.Node, name string, function reflect.Value, values []reflect.Value, args []parse.Node, piped []reflect.Value) reflect.Value {
	typ, own := function.Type(), len(values)
	given, wanted := len(args)+len(piped), typ.NumIn()-own
	if !typ.IsVariadic() && given != wanted {
		e.fail(at, "wrong number of args for %s: want %d got %d", name, wanted, given)
	} else if typ.IsVariadic() && given < wanted-1 {
		e.fail(at, "wrong number of args for %s: want at least %d got %d", name, wanted-1, given)
	}
	takes := func() reflect.Type {
		if i := len(values); !typ.IsVariadic() || i < typ.NumIn()-1 {
			return typ.In(i)
		}
		return typ.In(typ.NumIn() - 1).Elem()
	}
	for _, arg := range args {
		values = append(values, e.argument(dot, arg, takes()))
	}
	for _, value := range piped {
		values = append(values, e.fitting(at, value, takes()))
	}
	value, err := guarded(function, values)
	if err != nil {
		e.fail(at, "error calling %s: %w", name, err)
	}
	return value
}

// guarded calls a function; one that panics fails.
func guarded(function reflect.Value, values []reflect.Value) (value reflect.Value, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("%v", caught)
		}
	}()
	results := function.Call(values)
	if len(results) == 2 && !results[1].IsNil() {
		return value, results[1].Interface().(error) //nolint:forcetypeassert // as Funcs says
	}
	return results[0], nil
}

// argument evaluates an argument. What is written in the template takes the type that is
// wanted.
func (e *execution) argument(dot reflect.Value, node parse.Node, want reflect.Type) reflect.Value {
	made := reflect.New(want).Elem()
	switch n := node.(type) {
	case *parse.BoolNode:
		if want.Kind() == reflect.Bool {
			made.SetBool(n.True)
			return made
		}
	case *parse.StringNode:
		if want.Kind() == reflect.String {
			made.SetString(n.Text)
			return made
		}
	case *parse.NumberNode:
		switch {
		case made.CanInt() && n.IsInt:
			made.SetInt(n.Int64)
			return made
		case made.CanUint() && n.IsUint:
			made.SetUint(n.Uint64)
			return made
		case made.CanFloat() && n.IsFloat:
			made.SetFloat(n.Float64)
			return made
		}
	}
	return e.fitting(node, e.value(dot, node), want)
}

// fitting is a value as a function takes it.
func (e *execution) fitting(at parse.Node, v reflect.Value, want reflect.Type) reflect.Value {
	if !v.IsValid() {
		if !nillable(want.Kind()) {
			e.fail(at, "invalid value; expected %s", want)
		}
		return reflect.Zero(want)
	}
	if v.Kind() == reflect.Interface && !v.IsNil() && !v.Type().AssignableTo(want) {
		v = v.Elem()
	}
	switch {
	case v.Type().AssignableTo(want):
		return v
	case v.Kind() == reflect.Pointer && !v.IsNil() && v.Type().Elem().AssignableTo(want):
		return v.Elem()
	case v.CanAddr() && reflect.PointerTo(v.Type()).AssignableTo(want):
		return v.Addr()
	}
	e.fail(at, "wrong type for value; expected %s; got %s", want, v.Type())
	return reflect.Value{}
}

func nillable(k reflect.Kind) bool {
	switch k {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return true
	}
	return false
}
