package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lackingIn tells what a schema of a CustomResourceDefinition does not have of another, or
// does not let pass: fields, values, rules. What it has beyond that is a newer version's. Each
// text is a clause about the schema that has less.
func lackingIn(path string, want, have map[string]any) []string {
	if have["type"] != want["type"] {
		return []string{fmt.Sprintf("%s is of type %v, not %v", shownPath(path), have["type"], want["type"])}
	}
	lacking := slices.Concat(lackingValues(path, want, have), lackingRules(path, want, have), tighter(path, want, have))
	for _, within := range []string{"items", "additionalProperties"} {
		wanted, ok := want[within].(map[string]any)
		if !ok {
			continue
		}
		own, _ := have[within].(map[string]any)
		lacking = append(lacking, lackingIn(path+"[]", wanted, own)...)
	}
	return append(lacking, lackingFields(path, want, have)...)
}

func lackingFields(path string, want, have map[string]any) []string {
	var lacking []string
	wanted, _ := want["properties"].(map[string]any)
	own, _ := have["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		field := strings.TrimPrefix(path+"."+name, ".")
		there, ok := own[name].(map[string]any)
		if !ok {
			if !isTrue(have["x-kubernetes-preserve-unknown-fields"]) {
				lacking = append(lacking, "no field "+field)
			}
			continue
		}
		if schema, ok := wanted[name].(map[string]any); ok {
			lacking = append(lacking, lackingIn(field, schema, there)...)
		}
	}
	return lacking
}

// lackingValues are those that an enum does not allow.
func lackingValues(path string, want, have map[string]any) []string {
	own, limited := have["enum"].([]any)
	if !limited {
		return nil
	}
	wanted, ok := want["enum"].([]any)
	if !ok {
		return []string{fmt.Sprintf("no values of %s but %v", shownPath(path), own)}
	}
	var lacking []string
	for _, value := range wanted {
		if !slices.Contains(own, value) {
			lacking = append(lacking, fmt.Sprintf("no value %v of %s", value, shownPath(path)))
		}
	}
	return lacking
}

// lackingRules are those of CEL, by what they tell people.
func lackingRules(path string, want, have map[string]any) []string {
	own := map[string]bool{}
	for _, rule := range rulesOf(have) {
		own[ruleText(rule)] = true
	}
	var lacking []string
	for _, rule := range rulesOf(want) {
		if !own[ruleText(rule)] {
			lacking = append(lacking, fmt.Sprintf("no rule %q of %s", rule["message"], shownPath(path)))
		}
	}
	return lacking
}

func rulesOf(schema map[string]any) []map[string]any {
	listed, _ := schema["x-kubernetes-validations"].([]any)
	rules := make([]map[string]any, 0, len(listed))
	for _, r := range listed {
		if rule, ok := r.(map[string]any); ok {
			rules = append(rules, rule)
		}
	}
	return rules
}

// ruleText is the expression, whose line breaks count for nothing.
func ruleText(rule map[string]any) string {
	text, _ := rule["rule"].(string)
	return strings.Join(strings.Fields(text), " ")
}

// tighter tells what the installed schema refuses and the other takes: fields that it
// requires, and bounds.
func tighter(path string, want, have map[string]any) []string {
	var lacking []string
	required, _ := have["required"].([]any)
	optional, _ := want["required"].([]any)
	for _, name := range required {
		if !slices.Contains(optional, name) {
			lacking = append(lacking, "no object without "+strings.TrimPrefix(fmt.Sprintf("%s.%v", path, name), "."))
		}
	}
	for keyword, above := range map[string]bool{
		"maxLength": true, "maxItems": true, "maxProperties": true, "maximum": true, "minLength": false, "minItems": false, "minProperties": false, "minimum": false,
	} {
		own, limited := number(have[keyword])
		bound, bounded := number(want[keyword])
		if limited && (!bounded || above && own < bound || !above && own > bound) {
			lacking = append(lacking, fmt.Sprintf("no %s beyond a %s of %v", shownPath(path), keyword, have[keyword]))
		}
	}
	slices.Sort(lacking)
	return lacking
}

func isTrue(value any) bool {
	is, _ := value.(bool)
	return is
}

// number reads a number of JSON or of YAML.
func number(value any) (float64, bool) {
	switch value := value.(type) {
	case int64:
		return float64(value), true
	case float64:
		return value, true
	}
	return 0, false
}

func shownPath(path string) string {
	if path == "" {
		return "the object"
	}
	return path
}
