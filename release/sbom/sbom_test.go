package sbom

import (
	"bytes"
	"maps"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spdx/tools-golang/json"
	spdxdoc "github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdxlib"
)

// built is what the Go tool recorded in a program.
func built() *debug.BuildInfo {
	return &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "github.com/garboard-dev/garboard", Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: "github.com/Azure/sdk_for_go/v2", Version: "v2.0.0+incompatible"},
			{Path: "example.com/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/new", Version: "v1.0.1"}},
		},
		Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "arm64"}},
	}
}

// The reader and its checks are those of the SPDX project.
func TestBillOfMaterials(t *testing.T) {
	about := About{
		Version: "v1.2.3", Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Beside: []debug.Module{{Path: "example.com/certificates", Version: "v0.0.1"}},
	}
	text, err := write(built(), about, "garboard", []byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	read, err := json.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("the document is not read: %v\n%s", err, text)
	}
	if err := spdxlib.ValidateDocument(read); err != nil {
		t.Error(err)
	}
	described, err := spdxlib.GetDescribedPackageIDs(read)
	if err != nil || len(described) != 1 || described[0] != "garboard" {
		t.Errorf("the document describes %v (%v), want the program", described, err)
	}
	versions := map[string]string{}
	for _, p := range read.Packages {
		versions[p.PackageName] = p.PackageVersion
		locator(t, p)
	}
	want := map[string]string{
		"github.com/garboard-dev/garboard": "v1.2.3",
		"stdlib":                           "1.26.8",
		"github.com/Azure/sdk_for_go/v2":   "v2.0.0+incompatible",
		"example.com/new":                  "v1.0.1",
		"example.com/certificates":         "v0.0.1",
	}
	if !maps.Equal(versions, want) {
		t.Error(cmp.Diff(want, versions))
	}
	if got, want := read.Packages[0].PackageChecksums, []common.Checksum{{
		Algorithm: common.SHA256, Value: "1310ca2c8932dbd118668bd97442558a3e1f546b5e15c69699dfbd6024f548d8",
	}}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if again, err := write(built(), about, "garboard", []byte("program")); err != nil || !bytes.Equal(text, again) {
		t.Errorf("the same program gave two documents (%v)", err)
	}
}

func locator(t *testing.T, p *spdxdoc.Package) {
	t.Helper()
	want := "pkg:golang/" + p.PackageName + "@" + p.PackageVersion
	if len(p.PackageExternalReferences) != 1 || p.PackageExternalReferences[0].Locator != want {
		t.Errorf("%s has the references %v, want %s", p.PackageName, p.PackageExternalReferences, want)
	}
}

func TestWhatIsNoProgramHasNoBillOfMaterials(t *testing.T) {
	if _, err := Write("sbom_test.go", About{}); err == nil || !strings.HasPrefix(err.Error(), `reading what "sbom_test.go" was built from: `) {
		t.Errorf("got %v", err)
	}
}
