package template

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"text/template"
	"text/template/parse"
)

// next says what follows a node.
type next int

const (
	goOn next = iota
	leaveLoop
	nextRound
)

// walk executes a node.
func (e *execution) walk(dot reflect.Value, node parse.Node) next {
	switch n := node.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			if next := e.walk(dot, child); next != goOn {
				return next
			}
		}
	case *parse.TextNode:
		e.write(string(n.Text))
	case *parse.ActionNode:
		if value := e.pipeline(dot, n.Pipe); len(n.Pipe.Decl) == 0 {
			e.print(n, value)
		}
	case *parse.IfNode:
		return e.branch(dot, &n.BranchNode, false)
	case *parse.WithNode:
		return e.branch(dot, &n.BranchNode, true)
	case *parse.RangeNode:
		return e.loop(dot, n)
	case *parse.TemplateNode:
		e.include(dot, n)
	case *parse.BreakNode:
		return leaveLoop
	case *parse.ContinueNode:
		return nextRound
	case *parse.CommentNode:
	default:
		e.fail(node, "an unknown node %s", node)
	}
	return goOn
}

// branch executes an if or a with.
func (e *execution) branch(dot reflect.Value, n *parse.BranchNode, moves bool) next {
	defer e.forget(len(e.vars))
	value := e.pipeline(dot, n.Pipe)
	switch {
	case !truth(value):
		if n.ElseList == nil {
			return goOn
		}
		return e.walk(dot, n.ElseList)
	case moves:
		return e.walk(value, n.List)
	}
	return e.walk(dot, n.List)
}

// forget ends the scope of variables.
func (e *execution) forget(from int) { e.vars = e.vars[:from] }

// truth reports what an if makes of a value.
func truth(v reflect.Value) bool {
	is, _ := template.IsTrue(inside(v))
	return is
}

// loop executes a range.
func (e *execution) loop(dot reflect.Value, n *parse.RangeNode) next {
	defer e.forget(len(e.vars))
	value, _ := behind(e.pipeline(dot, n.Pipe))
	rounds := 0
	round := func(key, element reflect.Value) (more bool) {
		rounds++
		defer e.forget(len(e.vars))
		names := n.Pipe.Decl
		values := []reflect.Value{element}
		if len(names) == 2 {
			values = []reflect.Value{key, element}
		}
		for i, name := range names {
			e.set(n, name.Ident[0], values[i])
		}
		return e.walk(element, n.List) != leaveLoop
	}
	e.rounds(n, value, round)
	if rounds == 0 && n.ElseList != nil {
		return e.walk(dot, n.ElseList)
	}
	return goOn
}

func (e *execution) rounds(n *parse.RangeNode, value reflect.Value, round func(key, element reflect.Value) bool) {
	switch {
	case !value.IsValid():
	case value.CanInt(), value.CanUint():
		if len(n.Pipe.Decl) > 1 {
			e.fail(n, "can't use %v to iterate over more than one variable", value)
		}
		for i := range value.Seq() {
			if !round(reflect.Value{}, i) {
				return
			}
		}
	case value.Kind() == reflect.Array, value.Kind() == reflect.Slice:
		for i := range value.Len() {
			if !round(reflect.ValueOf(i), value.Index(i)) {
				return
			}
		}
	case value.Kind() == reflect.Map:
		for _, key := range sorted(value.MapKeys()) {
			if !round(key, value.MapIndex(key)) {
				return
			}
		}
	default:
		e.fail(n, "range can't iterate over %v", value)
	}
}

// sorted orders keys: numbers by size, others as they print.
func sorted(keys []reflect.Value) []reflect.Value {
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		switch {
		case a.CanInt() && b.CanInt():
			return cmp.Compare(a.Int(), b.Int())
		case a.CanUint() && b.CanUint():
			return cmp.Compare(a.Uint(), b.Uint())
		case a.CanFloat() && b.CanFloat():
			return cmp.Compare(a.Float(), b.Float())
		}
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return keys
}

// include executes another template, which has the variables of this one only in its data.
func (e *execution) include(dot reflect.Value, n *parse.TemplateNode) {
	tree := e.template.trees[n.Name]
	switch {
	case tree == nil:
		e.fail(n, "template %q not defined", n.Name)
	case e.depth == maxDepth:
		e.fail(n, "templates include each other more than %d times", maxDepth)
	}
	if n.Pipe != nil {
		dot = e.pipeline(dot, n.Pipe)
	} else {
		dot = reflect.Value{}
	}
	inner := *e
	inner.tree, inner.depth, inner.vars = tree, e.depth+1, []variable{{"$", dot}}
	inner.walk(dot, tree.Root)
}

// print writes a value.
func (e *execution) print(n parse.Node, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		v, _ = behind(v)
	}
	switch {
	case !v.IsValid():
		e.write("<no value>")
		return
	case v.Kind() == reflect.Chan, v.Kind() == reflect.Func:
		e.fail(n, "can't print %s of type %s", n, v.Type())
	case v.CanAddr() && !prints(v.Type()) && prints(reflect.PointerTo(v.Type())):
		v = v.Addr()
	}
	e.write(fmt.Sprint(v.Interface()))
}

// prints reports whether values of a type say how they print.
func prints(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[error]()) || t.Implements(reflect.TypeFor[fmt.Stringer]())
}

// inside is a value as Go has it; nil if there is none.
func inside(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	return v.Interface()
}
