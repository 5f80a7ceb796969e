package workload

import (
	"encoding/json"
	"strconv"

	apijson "k8s.io/apimachinery/pkg/util/json"
)

// commonKeys are the keys that nearly every object has, which then are made once.
var commonKeys = func() map[string]string {
	common := map[string]string{}
	for _, key := range [...]string{
		"apiVersion", "kind", "metadata", "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
		"labels", "annotations", "ownerReferences", "spec", "replicas", "selector", "matchLabels", "strategy", "template",
		"containers", "initContainers", "volumes", "image", "serviceAccountName", "serviceAccount", "imagePullSecrets",
		"nodeSelector", "tolerations", "affinity", Prefix + "policy", AnnotationState, AnnotationRecord, lastApplied,
	} {
		common[key] = key
	}
	return common
}()

// parser reads a JSON text that is known to be valid.
type parser struct {
	data []byte
	at   int
	// managed are the managed fields as they are written. They are large, and few
	// requests need them.
	managed []byte
}

// next passes over white space, and returns the byte behind it.
func (p *parser) next() byte {
	for {
		switch c := p.data[p.at]; c {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return c
		}
	}
}

// object reads the object that begins here. Of two fields of one name the last counts.
func (p *parser) object(at place, template []string) (map[string]any, error) {
	fields := map[string]any{}
	p.next()
	p.at++ // {
	for p.next() != '}' {
		if p.data[p.at] == ',' {
			p.at++
			p.next()
		}
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		p.next()
		p.at++ // :
		p.next()
		next, rest := below(at, key, template)
		switch {
		case at == inMetadata && key == "managedFields":
			from := p.at
			p.skip()
			p.managed = p.data[from:p.at]
			continue
		case next == nowhere:
			p.skip()
			continue
		}
		if fields[key], err = p.value(next, rest); err != nil {
			return nil, err
		}
	}
	p.at++ // }
	return fields, nil
}

func (p *parser) value(at place, template []string) (any, error) {
	if at == inMetadata {
		p.managed = nil // those of metadata that is written twice
	}
	switch c := p.next(); c {
	case '{':
		if at == inSlots {
			at = elsewhere // no list of slots
		}
		return p.object(at, template)
	case '[':
		return p.list(at)
	case '"':
		return p.text()
	default:
		from := p.at
		p.skip()
		return literal(p.data[from:p.at])
	}
}

// fewItems is as many as most lists have, such as that of containers.
const fewItems = 4

func (p *parser) list(at place) ([]any, error) {
	within := elsewhere
	if at == inSlots {
		within = inSlot
	}
	items := make([]any, 0, fewItems)
	p.at++ // [
	for p.next() != ']' {
		if p.data[p.at] == ',' {
			p.at++
		}
		item, err := p.value(within, nil)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	p.at++ // ]
	return items, nil
}

// text reads the string that begins here. The text is a copy: what is remembered of it
// must not keep a whole object in memory.
func (p *parser) text() (string, error) {
	from := p.at
	if plain := p.string(); plain {
		between := p.data[from+1 : p.at-1]
		if common, ok := commonKeys[string(between)]; ok {
			return common, nil
		}
		return string(between), nil
	}
	var text string
	err := json.Unmarshal(p.data[from:p.at], &text)
	return text, err
}

// string passes over a string. plain is true where its bytes are its text.
func (p *parser) string() (plain bool) {
	plain = true
	for p.at++; p.data[p.at] != '"'; p.at++ {
		switch c := p.data[p.at]; {
		case c == '\\':
			p.at++
			plain = false
		case c >= 0x80: // may be no UTF-8
			plain = false
		}
	}
	p.at++
	return plain
}

// skip passes over the value that begins here.
func (p *parser) skip() {
	depth := 0
	for {
		switch p.data[p.at] {
		case '"':
			p.string()
		case '{', '[':
			depth++
			p.at++
		case '}', ']':
			depth--
			p.at++
		case ',', ':', ' ', '\t', '\r', '\n':
			p.at++
			continue
		default:
			p.word()
		}
		if depth == 0 {
			return
		}
	}
}

// word passes over a number, true, false or null.
func (p *parser) word() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
		p.at++
	}
}

// literal is the value of a number, true, false or null.
func literal(word []byte) (any, error) {
	switch string(word) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	if len(word) < 18 && word[0] != '-' {
		if n, err := strconv.ParseInt(string(word), 10, 64); err == nil {
			return n, nil
		}
	}
	var number any
	err := apijson.Unmarshal(word, &number)
	return number, err
}
