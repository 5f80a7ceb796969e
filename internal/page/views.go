package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

//go:embed assets templates
var files embed.FS //nolint:gochecknoglobals // an embedded file system is a variable

// views are the templates, and the files that they name.
type views struct {
	pages  map[string]*template.Template
	assets map[string]asset
}

// asset is a file that browsers load beside a page.
type asset struct {
	content []byte
	kind    string
	// address has the hash, so that a browser may keep the file.
	address string
}

// assetKinds are the files that are served: a name that is not here is not there.
var assetKinds = map[string]string{ //nolint:gochecknoglobals // a table
	"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8",
	htmxFile: "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
}

// htmxFile is the library, as its authors publish it.
const htmxFile = "htmx-2.0.11.min.js"

// view is what every template is given.
type view struct {
	Title string
	// Section is the part of the navigation that is marked.
	Section string
	Token   string
	Cluster string
	// Person is who has signed in, and CanSignOut whether they can sign out again: both
	// are of a page that people share.
	Person     string
	CanSignOut bool
	Sections   []section
	// Here is the address that shows the same again.
	Here    string
	Notice  *notice
	Content any
	*Snapshot
	Now time.Time
}

// section is a link of the navigation.
type section struct{ Name, Title, Path string }

// notice tells what an action did.
type notice struct {
	Failed bool
	Lines  []string
}

func newViews() (*views, error) {
	v := &views{pages: map[string]*template.Template{}, assets: map[string]asset{}}
	for name, kind := range assetKinds {
		content, err := files.ReadFile("assets/" + name)
		if err != nil {
			return nil, fmt.Errorf("reading the page's files: %w", err)
		}
		sum := sha256.Sum256(content)
		v.assets[name] = asset{content, kind, "/assets/" + name + "?v=" + hex.EncodeToString(sum[:6])}
	}
	layout, err := template.New("layout.html").Funcs(v.functions()).ParseFS(files, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("reading the page's layout: %w", err)
	}
	names, err := files.ReadDir("templates")
	if err != nil {
		return nil, fmt.Errorf("reading the page's templates: %w", err)
	}
	for _, entry := range names {
		own, err := layout.Clone()
		if err == nil {
			own, err = own.ParseFS(files, "templates/"+entry.Name())
		}
		if err != nil {
			return nil, fmt.Errorf("reading the template %q: %w", entry.Name(), err)
		}
		v.pages[strings.TrimSuffix(entry.Name(), path.Ext(entry.Name()))] = own
	}
	return v, nil
}

func (v *views) functions() template.FuncMap {
	return template.FuncMap{
		"asset":   func(name string) string { return v.assets[name].address },
		"htmx":    func() string { return v.assets[htmxFile].address },
		"ago":     ago,
		"due":     due,
		"stamp":   stamp,
		"at":      func(t time.Time) *metav1.Time { return &metav1.Time{Time: t} },
		"version": version,
		"shown":   shown,
		"plural":  plural,
		"number":  number,
		"lower":   strings.ToLower,
		"link":    webAddress,
		"bytes":   byteCount,
		"date":    date,
		"list":    list,
	}
}

// webAddress is a text of others as an address that may be followed; empty where it is
// none. One that names a user is none: it reads as if it led elsewhere.
func webAddress(text string) string {
	at, err := url.Parse(text)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.User != nil {
		return ""
	}
	return at.String()
}

// write renders a whole page.
func (v *views) write(w http.ResponseWriter, code int, name string, content view) {
	v.render(w, code, name, "layout.html", content)
}

func (v *views) render(w http.ResponseWriter, code int, name, part string, content view) {
	var out bytes.Buffer
	if err := v.pages[name].ExecuteTemplate(&out, part, content); err != nil {
		http.Error(w, "This page could not be made: "+shown(err.Error()), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = out.WriteTo(w) // who has gone needs no answer
}

// asset serves a file; it tells nothing of a cluster, and needs no session.
func (v *views) asset(w http.ResponseWriter, r *http.Request) {
	found, ok := v.assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", found.kind)
	w.Header().Set("Cache-Control", "max-age=31536000, immutable")
	_, _ = w.Write(found.content)
}

// show answers with a view: whole, or its content alone where the script asks.
func (p *Page) show(w http.ResponseWriter, r *http.Request, code int, name string, v view) {
	v.Token, v.Cluster, v.Now = p.token(r), p.options.Access.Cluster, p.options.Clock.Now()
	v.Person, v.CanSignOut = sessionIn(r.Context()).person, sessionIn(r.Context()).signOut
	v.Sections = sections()
	if v.Here == "" {
		v.Here = r.URL.RequestURI()
	}
	part := "layout.html"
	if r.Header.Get("HX-Request") == "true" {
		part = "main"
	}
	w.Header().Set("Vary", "HX-Request")
	p.views.render(w, code, name, part, v)
}

// sections are the views of the navigation.
func sections() []section {
	return []section{
		{"overview", "Overview", "/"}, {"workloads", "Workloads", "/workloads"}, {"approvals", "Approvals", "/approvals"},
		{"promotion", "Promotion", "/promotion"}, {"registries", "Registries", "/registries"},
	}
}

// refuse answers with one sentence.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, code int, sentence string) {
	p.views.refuse(w, r, code, sentence)
}

func (v *views) refuse(w http.ResponseWriter, r *http.Request, code int, sentence string) {
	if r.Header.Get("HX-Request") == "true" || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Error(w, sentence, code)
		return
	}
	v.write(w, code, "refused", view{Title: http.StatusText(code), Content: sentence})
}

func (p *Page) notFound(w http.ResponseWriter, r *http.Request) {
	p.refuse(w, r, http.StatusNotFound, "There is no such page.")
}

// failed answers where something could not be read.
func (p *Page) failed(w http.ResponseWriter, r *http.Request, err error) {
	p.refuse(w, r, http.StatusBadGateway, "The cluster did not answer: "+shown(err.Error())+".")
}
