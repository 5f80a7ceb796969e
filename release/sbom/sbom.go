// Package sbom writes the bill of materials of a built program, as SPDX 2.3 JSON: the
// modules that the Go tool recorded in the program itself.
package sbom

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"time"
)

// About is what the program does not say of itself.
type About struct {
	Version string
	// Created is the time of the commit: two builds give one document.
	Created time.Time
	// Beside are modules of which something ships with the program, such as certificates.
	Beside []debug.Module
}

const (
	home     = "https://github.com/garboard-dev/garboard"
	unknown  = "NOASSERTION"
	document = "SPDXRef-DOCUMENT"
	program  = "SPDXRef-garboard"
	maker    = "Organization: Garboard" //nolint:misspell // SPDX's spelling
)

type spdx struct {
	Version       string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []item         `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type item struct {
	ID            string      `json:"SPDXID"`
	Name          string      `json:"name"`
	Version       string      `json:"versionInfo,omitempty"`
	FileName      string      `json:"packageFileName,omitempty"`
	Supplier      string      `json:"supplier"`
	Download      string      `json:"downloadLocation"`
	FilesAnalyzed bool        `json:"filesAnalyzed"`
	Checksums     []checksum  `json:"checksums,omitempty"`
	Concluded     string      `json:"licenseConcluded"`
	Declared      string      `json:"licenseDeclared"`
	Copyright     string      `json:"copyrightText"`
	References    []reference `json:"externalRefs"`
	Purpose       string      `json:"primaryPackagePurpose"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type reference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	Of   string `json:"spdxElementId"`
	Kind string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

// Write returns the bill of materials of a program.
func Write(path string, about About) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the program: %w", err)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading what %q was built from: %w", path, err)
	}
	return write(info, about, filepath.Base(path), data)
}

func write(info *debug.BuildInfo, about About, name string, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	text, err := json.MarshalIndent(describe(info, about, name, hex.EncodeToString(sum[:])), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the bill of materials: %w", err)
	}
	return append(text, '\n'), nil
}

func describe(info *debug.BuildInfo, about About, name, sum string) spdx {
	self := packageOf(debug.Module{Path: info.Main.Path, Version: about.Version})
	self.ID, self.FileName, self.Purpose = program, name, "APPLICATION"
	self.Supplier, self.Declared, self.Concluded = maker, "Apache-2.0", "Apache-2.0"
	self.Download = "git+" + home + "@" + about.Version
	self.Checksums = []checksum{{"SHA256", sum}}
	made := spdx{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: document,
		Name:      "garboard " + about.Version + " " + platform(info),
		Namespace: home + "/sbom/" + sum,
		Creation:  creation{about.Created.UTC().Format(time.RFC3339), []string{maker, "Tool: garboard-release-" + about.Version}},
		Packages:  []item{self}, Relationships: []relationship{{document, "DESCRIBES", program}},
	}
	made.add(debug.Module{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")}, "DEPENDS_ON")
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		made.add(*module, "DEPENDS_ON")
	}
	for _, module := range about.Beside {
		made.add(module, "CONTAINS")
	}
	return made
}

func (s *spdx) add(module debug.Module, kind string) {
	p := packageOf(module)
	s.Packages = append(s.Packages, p)
	s.Relationships = append(s.Relationships, relationship{program, kind, p.ID})
}

func packageOf(module debug.Module) item {
	return item{
		ID: "SPDXRef-" + idOf(module.Path), Name: module.Path, Version: module.Version,
		Supplier: unknown, Download: unknown, Concluded: unknown, Declared: unknown, Copyright: unknown,
		References: []reference{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + module.Path + "@" + module.Version}},
		Purpose:    "LIBRARY",
	}
}

var noID = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// idOf is a path as an identifier of SPDX, which has letters, digits, dots and hyphens.
func idOf(path string) string { return noID.ReplaceAllString(path, "-") }

func platform(info *debug.BuildInfo) string {
	values := map[string]string{}
	for _, setting := range info.Settings {
		values[setting.Key] = setting.Value
	}
	return values["GOOS"] + "/" + values["GOARCH"]
}
