package template

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"text/template"
)

// builtin is a function that every template has.
type builtin struct {
	// least and most are how many arguments it takes; a most of 0 is any number.
	least, most int
	of          func(args []reflect.Value) (any, error)
}

// call calls the function. What it returns as a reflect.Value is the value.
func (b builtin) call(name string, args []reflect.Value) (reflect.Value, error) {
	if len(args) < b.least || b.most > 0 && len(args) > b.most {
		return reflect.Value{}, fmt.Errorf("wrong number of args for %s: got %d", name, len(args))
	}
	result, err := b.of(args)
	if value, ok := result.(reflect.Value); ok || err != nil {
		return value, err
	}
	return reflect.ValueOf(result), nil
}

func builtins() map[string]builtin {
	text := func(write func(...any) string) builtin {
		return builtin{0, 0, func(args []reflect.Value) (any, error) { return write(all(args)...), nil }}
	}
	order := func(holds func(int) bool) builtin {
		return builtin{2, 2, func(args []reflect.Value) (any, error) {
			order, err := compare(args[0], args[1])
			return holds(order), err
		}}
	}
	return map[string]builtin{
		"print": text(fmt.Sprint), "println": text(fmt.Sprintln),
		"html": text(template.HTMLEscaper), "js": text(template.JSEscaper), "urlquery": text(template.URLQueryEscaper),
		"printf": {1, 0, printf},
		"not":    {1, 1, func(args []reflect.Value) (any, error) { return !truth(args[0]), nil }},
		"len":    {1, 1, length},
		"index":  {1, 0, index},
		"slice":  {1, 4, slice},
		"eq":     {2, 0, equal},
		"ne": {2, 2, func(args []reflect.Value) (any, error) {
			same, err := sameValue(args[0], args[1])
			return !same, err
		}},
		"lt": order(func(c int) bool { return c < 0 }), "le": order(func(c int) bool { return c <= 0 }),
		"gt": order(func(c int) bool { return c > 0 }), "ge": order(func(c int) bool { return c >= 0 }),
	}
}

func all(args []reflect.Value) []any {
	values := make([]any, 0, len(args))
	for _, arg := range args {
		values = append(values, inside(arg))
	}
	return values
}

func printf(args []reflect.Value) (any, error) {
	format, _ := behind(args[0])
	if format.Kind() != reflect.String {
		return nil, errors.New("the format is no string")
	}
	return fmt.Sprintf(format.String(), all(args[1:])...), nil
}

func length(args []reflect.Value) (any, error) {
	value, isNil := behind(args[0])
	switch value.Kind() {
	case reflect.Array, reflect.Chan, reflect.Map, reflect.Slice, reflect.String:
		return value.Len(), nil
	}
	if isNil || !value.IsValid() {
		return nil, errNil
	}
	return nil, fmt.Errorf("len of type %s", value.Type())
}

func index(args []reflect.Value) (any, error) {
	value := args[0]
	if !dynamic(value).IsValid() {
		return nil, errNil
	}
	for _, arg := range args[1:] {
		at, _ := behind(arg)
		in, isNil := behind(value)
		switch {
		case isNil:
			return nil, errNil
		case in.Kind() == reflect.Map:
			if !at.IsValid() || !at.Type().AssignableTo(in.Type().Key()) {
				return nil, fmt.Errorf("a key of type %s is wanted", in.Type().Key())
			}
			if value = in.MapIndex(at); !value.IsValid() {
				value = reflect.Zero(in.Type().Elem())
			}
		case in.Kind() == reflect.Array, in.Kind() == reflect.Slice, in.Kind() == reflect.String:
			i, err := position(at, in.Len()-1)
			if err != nil {
				return nil, err
			}
			value = in.Index(i)
		default:
			return nil, fmt.Errorf("can't index item of type %s", in.Type())
		}
	}
	return value, nil
}

func position(v reflect.Value, most int) (int, error) {
	var i int
	switch {
	case v.CanInt():
		i = int(v.Int())
	case v.CanUint() && v.Uint() <= uint64(max(most, 0)):
		i = int(v.Uint()) //nolint:gosec // it is at most most
	case v.CanUint():
		i = most + 1
	default:
		return 0, errors.New("cannot index slice/array with what is no whole number")
	}
	if i < 0 || i > most {
		return 0, fmt.Errorf("index out of range: %d", i)
	}
	return i, nil
}

func slice(args []reflect.Value) (any, error) {
	value, isNil := behind(args[0])
	most := 0
	switch {
	case isNil || !value.IsValid():
		return nil, errNil
	case value.Kind() == reflect.String && len(args) < 4:
		most = value.Len()
	case value.Kind() == reflect.Slice, value.Kind() == reflect.Array && value.CanAddr():
		most = value.Cap()
	default:
		return nil, fmt.Errorf("can't slice item of type %s", value.Type())
	}
	ends := []int{0, value.Len(), most}
	for i, arg := range args[1:] {
		at, _ := behind(arg)
		end, err := position(at, most)
		if err != nil {
			return nil, err
		}
		ends[i] = end
	}
	if ends[0] > ends[1] || ends[1] > ends[2] {
		return nil, fmt.Errorf("invalid slice index: %v", ends[:len(args)-1])
	}
	if len(args) == 4 {
		return value.Slice3(ends[0], ends[1], ends[2]), nil
	}
	return value.Slice(ends[0], ends[1]), nil
}

// equal reports whether the first of some values is any of the others.
func equal(args []reflect.Value) (any, error) {
	for _, other := range args[1:] {
		if same, err := sameValue(args[0], other); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func sameValue(a, b reflect.Value) (bool, error) {
	a, b = dynamic(a), dynamic(b)
	if order, err := compare(a, b); err == nil {
		return order == 0, nil
	}
	switch {
	case !a.IsValid() || !b.IsValid():
		return isNothing(a) && isNothing(b), nil
	case a.Kind() != b.Kind():
		return false, fmt.Errorf("incompatible types for comparison: %v and %v", a.Type(), b.Type())
	case nillable(a.Kind()) && (a.IsNil() || b.IsNil()):
		return a.IsNil() && b.IsNil(), nil
	case a.Kind() == reflect.Bool, a.CanComplex():
		return a.Equal(b.Convert(a.Type())), nil
	case !b.Comparable(), a.Type() == b.Type() && !a.Comparable():
		return false, fmt.Errorf("non-comparable types: %s and %s", a.Type(), b.Type())
	}
	return a.Interface() == b.Interface(), nil
}

// dynamic is the value that an interface holds.
func dynamic(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface {
		return v.Elem()
	}
	return v
}

func isNothing(v reflect.Value) bool { return !v.IsValid() || nillable(v.Kind()) && v.IsNil() }

// compare orders two numbers or texts.
func compare(a, b reflect.Value) (int, error) {
	a, b = dynamic(a), dynamic(b)
	switch {
	case a.CanInt() && b.CanInt():
		return cmp.Compare(a.Int(), b.Int()), nil
	case a.CanUint() && b.CanUint():
		return cmp.Compare(a.Uint(), b.Uint()), nil
	case a.CanFloat() && b.CanFloat():
		return cmp.Compare(a.Float(), b.Float()), nil
	case a.Kind() == reflect.String && b.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String()), nil
	case a.CanInt() && b.CanUint():
		if a.Int() < 0 {
			return -1, nil
		}
		return cmp.Compare(uint64(a.Int()), b.Uint()), nil //nolint:gosec // it is not below 0
	case a.CanUint() && b.CanInt():
		if b.Int() < 0 {
			return 1, nil
		}
		return cmp.Compare(a.Uint(), uint64(b.Int())), nil //nolint:gosec // it is not below 0
	}
	return 0, errors.New("incompatible types for comparison")
}
