package manifest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// scalarValue returns the value of a scalar: string, int64, float64, bool or nil.
func scalarValue(n *yaml.Node) (any, error) {
	if n.Style&yaml.TaggedStyle == 0 {
		if n.Style&quoted != 0 {
			return n.Value, nil
		}
		return plainValue(n.Value)
	}
	switch tag := n.ShortTag(); tag {
	case "!!binary":
		data, err := base64.StdEncoding.DecodeString(n.Value)
		if err != nil {
			return nil, errors.New("!!binary is given what is no base64")
		}
		return string(data), nil
	case "!!int", "!!float", "!!bool", "!!null":
		v, err := plainValue(n.Value)
		if err != nil || !fitsTag(v, tag) {
			return nil, fmt.Errorf("%s is given %q", tag, n.Value)
		}
		return v, nil
	}
	return n.Value, nil
}

// plainText returns the text of a scalar that is text at the first look: it is quoted, or
// begins as no number and is no word for something else. It spares making a value of it.
func plainText(n *yaml.Node) (text string, ok bool) {
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		return "", false
	case n.Style&quoted != 0:
		return n.Value, true
	}
	_, isWord := wordValue(n.Value)
	return n.Value, !isWord && !mayBeNumeral(n.Value)
}

// fitsTag tells whether the value is of the tag. A float may be written as a
// whole number.
func fitsTag(v any, tag string) bool {
	switch v.(type) {
	case nil:
		return tag == "!!null"
	case bool:
		return tag == "!!bool"
	case int64:
		return tag == "!!int" || tag == "!!float"
	case float64:
		return tag == "!!float"
	}
	return false
}

// plainValue returns the value of bare text as YAML 1.1 reads it. The parser is of
// 1.2 in what is a boolean; kubectl's is not.
func plainValue(s string) (any, error) {
	if v, ok := wordValue(s); ok {
		return v, nil
	}
	if !mayBeNumeral(s) {
		return s, nil
	}
	return parseNumeral(s)
}

// wordValue returns what a bare word stands for, if it does not for itself.
func wordValue(s string) (v any, ok bool) {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil, true
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return true, true
	case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return false, true
	}
	return nil, false
}

// mayBeNumeral reports whether bare text, which is not empty, begins as numbers do.
func mayBeNumeral(s string) bool { return strings.IndexByte("+-.0123456789", s[0]) >= 0 }

var decimal = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)

// parseNumeral returns the number that text is, or else the text. Dates stay text,
// and so do numbers to the base 60, which go-yaml never read.
func parseNumeral(s string) (any, error) {
	switch s {
	case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
		return nil, fmt.Errorf("%s is no number in JSON", s)
	}
	// Most of what begins as a number is none, as in 10m: the attempts would each make an error.
	if strings.Trim(s, "+-.0123456789abcdefABCDEFxXoO_") != "" {
		return s, nil
	}
	digits := strings.ReplaceAll(s, "_", "")
	if i, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return i, nil
	}
	if u, err := strconv.ParseUint(digits, 0, 64); err == nil {
		return float64(u), nil
	}
	if s[0] == '.' {
		digits = s // Go's own rules for underscores
	} else if !decimal.MatchString(digits) {
		return s, nil
	}
	if f, err := strconv.ParseFloat(digits, 64); err == nil {
		return f, nil
	}
	return s, nil
}

// inJSON returns a number as it comes back from JSON: a whole one as int64,
// unless it is so large that JSON writes it with an exponent.
func inJSON(v any) any {
	f, ok := v.(float64)
	if !ok {
		return v
	}
	data, err := json.Marshal(f)
	if err != nil { // numeral returns no such float
		return v
	}
	if i, err := strconv.ParseInt(string(data), 10, 64); err == nil {
		return i
	}
	return v
}

// keyText returns a key as JSON has it; ok is false where it has no such key.
func keyText(key *yaml.Node) (name string, ok bool) {
	key = aliasTarget(key)
	if key.Kind != yaml.ScalarNode {
		return "", false
	}
	if text, ok := plainText(key); ok {
		return text, true
	}
	v, err := scalarValue(key)
	if err != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		// With 32 bits, as sigs.k8s.io/yaml has it, and with its infinities.
		text := strconv.FormatFloat(v, 'g', -1, 32)
		return strings.NewReplacer("+Inf", ".inf", "-Inf", "-.inf").Replace(text), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
