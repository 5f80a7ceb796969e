package document

import (
	"encoding/json"
	"math"
	"time"
	"unicode/utf8"
)

// Description is what an image says of itself, for people. All of it is the word of who
// built the image: it decides about nothing.
type Description struct {
	// Created is when it was built, as that of Image.
	Created time.Time
	// Platforms are those of Image.
	Platforms []Platform
	// Size is what one platform's layers and config take in the registry, in bytes, and
	// SizeOf that platform; zero if it is not told.
	Size   int64
	SizeOf Platform
	Links
}

// Links are the annotations, or labels, that lead to where an image comes from. They are
// texts of others: none is known to be an address.
type Links struct {
	// Source is where the source code is, Revision its version, URL more about the image.
	Source, Revision, URL string
}

// Or fills in what is missing by what others tell.
func (l Links) Or(other Links) Links {
	if l.Source == "" {
		l.Source = other.Source
	}
	if l.Revision == "" {
		l.Revision = other.Revision
	}
	if l.URL == "" {
		l.URL = other.URL
	}
	return l
}

// links are the names of them in annotations and labels.
type links struct {
	Source   told `json:"org.opencontainers.image.source"`
	Revision told `json:"org.opencontainers.image.revision"`
	URL      told `json:"org.opencontainers.image.url"`
}

func (l links) all() Links {
	return Links{Source: string(l.Source), Revision: string(l.Revision), URL: string(l.URL)}
}

// maxTold is more than an address has. A longer text is left out: a part of an address
// leads elsewhere.
const maxTold = 1 << 10

// told is a text that is worth no error: one that cannot be read is empty.
type told string

// UnmarshalJSON never fails, whatever stands in the text's place.
func (t *told) UnmarshalJSON(body []byte) error {
	var text string
	if json.Unmarshal(body, &text) != nil || len(text) > maxTold || !utf8.ValidString(text) {
		text = ""
	}
	*t = told(text)
	return nil
}

// size is a number of bytes; -1 is one that cannot be.
type size int64

// UnmarshalJSON never fails, whatever stands in the number's place.
func (s *size) UnmarshalJSON(body []byte) error {
	var number int64
	if json.Unmarshal(body, &number) != nil || number < 0 {
		number = -1
	}
	*s = size(number)
	return nil
}

// ReadLinks reads the links of a manifest or an index.
func ReadLinks(body []byte) (Links, error) {
	var found struct {
		Annotations links `json:"annotations"`
	}
	err := decodeObject(body, &found)
	return found.Annotations.all(), err
}

// ReadConfigLinks reads the links of an image's config.
func ReadConfigLinks(body []byte) (Links, error) {
	var found struct {
		Config struct {
			Labels links `json:"Labels"`
		} `json:"config"`
	}
	err := decodeObject(body, &found)
	return found.Config.Labels.all(), err
}

// ReadSize adds up the sizes that the manifest of one image names; zero if one of them
// cannot be.
func ReadSize(body []byte) (int64, error) {
	type part struct {
		Size size `json:"size"`
	}
	var found struct {
		Config part          `json:"config"`
		Layers bounded[part] `json:"layers"`
	}
	if err := decodeObject(body, &found); err != nil {
		return 0, err
	}
	all := int64(0)
	for _, one := range append(found.Layers, found.Config) {
		if one.Size < 0 || int64(one.Size) > math.MaxInt64-all {
			return 0, nil
		}
		all += int64(one.Size)
	}
	return all, nil
}
