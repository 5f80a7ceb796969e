package notify

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	template "github.com/DataDog/datadog-agent/pkg/template/text"

	"github.com/garboard-dev/garboard/internal/configfile"
	"github.com/garboard-dev/garboard/internal/printable"
)

// What a settings file says it is.
const (
	APIVersion = "garboard.dev/v1alpha1"
	Kind       = "NotificationsConfig"
)

const (
	allowedName       = "letters, digits, - and _, at most 63, and a letter or digit first"
	allowedURL        = "a shoutrrr URL without a user or password; one with a secret belongs in a Secret, as urlFile"
	allowedURLFile    = "a file with nothing but a shoutrrr URL"
	allowedNamespaces = "a list of names of namespaces, or of a prefix and a *"
	allowedTemplate   = "a text/template over a notice (.At, .Changes, .Kind, .Level, .Link, .Name, .Namespace, .Reason, .Text), such as {{.Namespace}}/{{.Name}}: {{.Text}}"
)

// namedTypes are the types of a template's data, as the documentation calls them.
var namedTypes = strings.NewReplacer("in type notify.view", "of a notice", "in type notify.Change", "of a change")

var (
	channelName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)
	namespaceName = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?|[a-z0-9][a-z0-9-]{0,61}\*|\*)$`)
)

// Parse reads a settings file. name is its path, which messages begin with; the
// files that it names are read of from, for a [configfile.Watcher]; nil are those of
// its folder. The error is always of type [configfile.Faults].
func Parse(name string, data []byte, from *configfile.Files) (*Config, error) {
	format := configfile.Format{
		APIVersion: APIVersion, Kind: Kind, Secret: []string{"url"},
		Advice: func(key string) string {
			if strings.HasPrefix(key, hipChat) {
				return errHipChat.Error()
			}
			return ""
		},
	}
	return configfile.Parse(format, name, data, from, func(common *configfile.Reader, root configfile.Value) *Config {
		r := &reader{common}
		return r.config(root)
	})
}

type reader struct{ *configfile.Reader }

func (r *reader) config(at configfile.Value) *Config {
	c := &Config{}
	given := r.Root(at, configfile.Fields{"channels": configfile.Set(&c.Channels, r.channels)})
	r.Need(at, given, "channels", "a list of mappings, each with a name")
	return c
}

func (r *reader) channels(at configfile.Value) []Channel {
	var channels []Channel
	lines := map[string]int{}
	n := r.List(at, "a list of mappings, each with a name", func(at configfile.Value) {
		c, name := r.channel(at)
		if name == nil {
			return
		}
		if line, again := lines[c.Name]; again {
			r.Once(*name, line, "each name once")
			return
		}
		lines[c.Name] = name.Node.Line
		channels = append(channels, c)
	})
	if n > maxChannels {
		r.Bad(at, fmt.Sprintf("%d channels", n), fmt.Sprintf("up to %d", maxChannels))
	}
	return channels
}

// channel also returns the name as it was given; nil where it is no good.
func (r *reader) channel(at configfile.Value) (c Channel, name *configfile.Value) {
	c = Channel{Level: LevelInfo, Batch: defaultBatch, MaxLines: defaultMaxLines}
	given := r.Object(at, configfile.Fields{
		"name": func(at configfile.Value) {
			if c.Name = r.Text(at, allowedName); channelName.MatchString(c.Name) {
				name = &at
			} else if c.Name != "" {
				r.Bad(at, "", allowedName)
			}
		},
		"url":        configfile.Set(&c.URL, r.url),
		"urlFile":    configfile.Set(&c.URL, r.urlFile),
		"level":      configfile.Set(&c.Level, r.level),
		"default":    configfile.Set(&c.Default, r.Boolean),
		"namespaces": configfile.Set(&c.Namespaces, r.namespaces),
		"batch":      configfile.Set(&c.Batch, r.Duration(0, maxBatch, `a duration up to 1h, such as 30s; "0s" for a message each`)),
		"maxLines":   configfile.Set(&c.MaxLines, r.Whole(maxMaxLines)),
		"template":   configfile.Set(&c.Template, r.template),
	})
	r.Need(at, given, "name", allowedName)
	_, inline := given["url"]
	file, named := given["urlFile"]
	switch {
	case inline && named:
		r.Bad(file, "url is given too", "one of the two")
	case !inline && !named:
		r.Need(at, given, "urlFile", allowedURLFile)
	}
	if c.Template == nil {
		c.Template = template.Must(parseTemplate(DefaultTemplate))
	}
	return c, name
}

// url refuses what holds a secret for certain: a ConfigMap is for many to read.
func (r *reader) url(at configfile.Value) URL {
	text := r.Text(at, allowedURL)
	if text == "" {
		return URL{}
	}
	u, err := ParseURL(text)
	switch {
	case err != nil:
		r.Bad(at, err.Error(), allowedURL)
	case strings.Contains(text, "@") && u.hasUser():
		r.Bad(at, "it holds a user or password", allowedURL)
	}
	return u
}

func (r *reader) urlFile(at configfile.Value) URL {
	text := r.SecretFile(at)
	if text == "" {
		return URL{}
	}
	u, err := ParseURL(text)
	if err != nil {
		r.Bad(at, "the URL in the file is no good: "+err.Error(), allowedURLFile)
	}
	return u
}

func (r *reader) level(at configfile.Value) Level {
	level, err := ParseLevel(r.Text(at, allowedLevels))
	if err != nil {
		if at.Has("!!str") && at.Node.Value != "" {
			r.Bad(at, "", allowedLevels)
		}
		return LevelInfo
	}
	return level
}

// namespaces refuses an empty list: to some it means nothing, to others
// everything.
func (r *reader) namespaces(at configfile.Value) []string {
	var names []string
	n := r.List(at, allowedNamespaces, func(at configfile.Value) {
		name := r.Text(at, allowedNamespaces)
		if name != "" && !namespaceName.MatchString(name) {
			r.Bad(at, "", allowedNamespaces)
		}
		names = append(names, name)
	})
	if n == 0 && at.Has("!!seq") {
		r.Bad(at, "the list is empty; leave the key out to let every namespace write", "")
	}
	return names
}

func (r *reader) template(at configfile.Value) *template.Template {
	text := r.Text(at, allowedTemplate)
	if text == "" {
		return nil
	}
	if len(text) > maxTemplate {
		r.Bad(at, "it has "+strconv.Itoa(len(text))+" bytes", "up to "+strconv.Itoa(maxTemplate))
		return nil
	}
	t, err := parseTemplate(text)
	if err != nil {
		r.Bad(at, printable.OneLine(namedTypes.Replace(err.Error()), maxReason), allowedTemplate)
		return nil
	}
	return t
}
