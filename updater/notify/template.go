package notify

import (
	"fmt"
	"slices"
	"text/template/parse"
	"time"

	template "github.com/DataDog/datadog-agent/pkg/template/text"
)

// compileTemplate reads a template. What executes it is the standard library's code but for
// calls of methods: looking them up by name keeps the linker from leaving any method of any
// type out of the program. Those of a time are functions here.
func compileTemplate(text string) (*template.Template, error) {
	t, err := template.New("template").Option("missingkey=error").Funcs(template.FuncMap{"json": asJSON}).Parse(text)
	if err != nil {
		return nil, err
	}
	methods := timeMethods()
	for _, each := range t.Templates() {
		callFunctions(methods).inList(each.Root)
	}
	return t.Funcs(methods), nil // after it was read: a template has no functions of these names
}

// timeMethods are the methods of a time that a template can use, and String of what they
// return, as functions of it.
func timeMethods() template.FuncMap {
	return template.FuncMap{
		"Add": time.Time.Add, "AddDate": time.Time.AddDate, "After": time.Time.After, "Before": time.Time.Before,
		"Compare": time.Time.Compare, "Day": time.Time.Day, "Equal": time.Time.Equal, "Format": time.Time.Format,
		"GoString": time.Time.GoString, "Hour": time.Time.Hour, "In": time.Time.In, "IsDST": time.Time.IsDST,
		"IsZero": time.Time.IsZero, "Local": time.Time.Local, "Location": time.Time.Location, "Minute": time.Time.Minute,
		"Month": time.Time.Month, "Nanosecond": time.Time.Nanosecond, "Round": time.Time.Round, "Second": time.Time.Second,
		"Truncate": time.Time.Truncate, "UTC": time.Time.UTC, "Unix": time.Time.Unix, "UnixMicro": time.Time.UnixMicro,
		"UnixMilli": time.Time.UnixMilli, "UnixNano": time.Time.UnixNano, "Weekday": time.Time.Weekday,
		"Year": time.Time.Year, "YearDay": time.Time.YearDay,
		"String": fmt.Stringer.String,
	}
}

// callFunctions make calls of functions from those of the methods whose names they have:
// {{.At.Format "15:04"}} is {{Format .At "15:04"}} then.
type callFunctions template.FuncMap

func (c callFunctions) inList(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.ActionNode:
			c.inPipe(node.Pipe)
		case *parse.TemplateNode:
			c.inPipe(node.Pipe)
		case *parse.IfNode:
			c.inBranch(&node.BranchNode)
		case *parse.RangeNode:
			c.inBranch(&node.BranchNode)
		case *parse.WithNode:
			c.inBranch(&node.BranchNode)
		}
	}
}

func (c callFunctions) inBranch(branch *parse.BranchNode) {
	c.inPipe(branch.Pipe)
	c.inList(branch.List)
	c.inList(branch.ElseList)
}

func (c callFunctions) inPipe(pipe *parse.PipeNode) {
	if pipe == nil {
		return
	}
	for _, command := range pipe.Cmds {
		first := command.Args[0]
		for i, operand := range command.Args {
			command.Args[i] = c.inOperand(operand)
		}
		// The last method of what a command begins with has the command's arguments.
		if call, ok := command.Args[0].(*parse.PipeNode); ok && command.Args[0] != first {
			command.Args = slices.Concat(call.Cmds[0].Args, command.Args[1:])
		}
	}
}

// inOperand returns an operand without methods.
func (c callFunctions) inOperand(operand parse.Node) parse.Node {
	switch operand := operand.(type) {
	case *parse.PipeNode:
		c.inPipe(operand)
	case *parse.FieldNode:
		return c.inNames(operand, operand.Ident, func(n int) parse.Node {
			if n == 0 {
				return &parse.DotNode{NodeType: parse.NodeDot, Pos: operand.Pos}
			}
			return &parse.FieldNode{NodeType: parse.NodeField, Pos: operand.Pos, Ident: operand.Ident[:n]}
		})
	case *parse.VariableNode:
		return c.inNames(operand, operand.Ident, func(n int) parse.Node {
			return &parse.VariableNode{NodeType: parse.NodeVariable, Pos: operand.Pos, Ident: operand.Ident[:n]}
		})
	case *parse.ChainNode:
		operand.Node = c.inOperand(operand.Node)
		return c.inNames(operand, operand.Field, func(n int) parse.Node {
			if n == 0 {
				return operand.Node
			}
			return &parse.ChainNode{NodeType: parse.NodeChain, Pos: operand.Pos, Node: operand.Node, Field: operand.Field[:n]}
		})
	}
	return operand
}

// inNames returns the operand with the names, or, where methods are among them, calls of
// functions with what first(n) makes of the names in front of the first.
func (c callFunctions) inNames(operand parse.Node, names []string, first func(n int) parse.Node) parse.Node {
	isMethod := func(name string) bool { return c[name] != nil }
	n := slices.IndexFunc(names, isMethod)
	if n < 0 {
		return operand
	}
	value, at := first(n), operand.Position()
	for _, name := range names[n:] {
		if isMethod(name) {
			function := parse.NewIdentifier(name).SetPos(at)
			call := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: at, Args: []parse.Node{function, value}}
			value = &parse.PipeNode{NodeType: parse.NodePipe, Pos: at, Cmds: []*parse.CommandNode{call}}
			continue
		}
		value = &parse.ChainNode{NodeType: parse.NodeChain, Pos: at, Node: value, Field: []string{name}}
	}
	return value
}
