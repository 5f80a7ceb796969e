package page

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const (
	// pageSize is how many rows are sent at once, however many there are.
	pageSize = 50
	// maxText bounds a filter.
	maxText = 200
)

// textIn reads what a filter looks for.
func textIn(values url.Values) (string, error) {
	text := strings.TrimSpace(values.Get("q"))
	if len(text) > maxText {
		return "", fmt.Errorf("q: %d bytes: allowed: at most %d", len(text), maxText)
	}
	return text, nil
}

// pageIn reads which page is wanted; the first if none is named.
func pageIn(values url.Values) (int, error) {
	text := values.Get("page")
	if text == "" {
		return 1, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("page: %q: allowed: a number from 1", shown(text))
	}
	return number, nil
}

// onPage returns the rows of a page, its number and how many pages there are. A page
// behind the last is the last.
func onPage[T any](rows []T, wanted int) (part []T, page, pages int) {
	pages = max(1, (len(rows)+pageSize-1)/pageSize)
	page = min(wanted, pages)
	from := (page - 1) * pageSize
	return rows[from:min(from+pageSize, len(rows))], page, pages
}

// parameter is a value of an address, which is left out where it is the usual one.
type parameter struct{ name, value, usual string }

func addressOf(path string, parameters ...parameter) string {
	values := url.Values{}
	for _, p := range parameters {
		if p.value != p.usual {
			values.Set(p.name, p.value)
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}
