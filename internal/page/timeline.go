package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/cli/history"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/resolver"
)

// timeline is a chart of the images that one container has had, the oldest at the left.
type timeline struct {
	Container string
	Points    []point
	Width     int
	Height    int
	// Line is the path of the line through the points.
	Line string
}

// point is one image.
type point struct {
	X, Y int
	// Tag is written below; Entry is what the table says of it.
	Tag string
	history.Entry
}

// Measures of a chart, in pixels.
const (
	pointApart = 96
	chartEdge  = 48
	chartTop   = 22
	laneStep   = 26
	// maxLanes is how many heights there are.
	maxLanes = 3
	textRoom = 44
	// maxTag is what fits between two points.
	maxTag = 14
)

// timelinesOf makes a chart for each container, in the order in which they are told.
func timelinesOf(entries []history.Entry) []timeline {
	var charts []timeline
	for _, entry := range slices.Backward(entries) {
		if entry.Image == "" || entry.Container == "" {
			continue
		}
		at := slices.IndexFunc(charts, func(t timeline) bool { return t.Container == entry.Container })
		if at < 0 {
			at = len(charts)
			charts = append(charts, timeline{Container: entry.Container})
		}
		charts[at].Points = append(charts[at].Points, point{Tag: tagOf(entry.Image), Entry: entry})
	}
	for i := range charts {
		charts[i].draw()
	}
	slices.SortFunc(charts, func(a, b timeline) int { return cmp.Compare(a.Container, b.Container) })
	return charts
}

// tagOf is what names an image in a chart: its tag, or the start of its digest.
func tagOf(image string) string {
	reference, err := resolver.ParseReference(image)
	switch {
	case err != nil:
		return printable.OneLine(image, maxTag)
	case reference.Tag == "" && reference.Digest != "":
		return "@" + printable.OneLine(reference.Digest[len("sha256:"):], 8)
	}
	return printable.Cut(reference.TagOrLatest(), maxTag)
}

// draw places the points: each right of the one before, and a higher version above a lower
// one, so that a way back is seen as one.
func (t *timeline) draw() {
	heights := heightsOf(t.Points)
	lanes := min(len(heights), maxLanes)
	lowest := chartTop + laneStep*max(0, lanes-1)
	t.Width, t.Height = 2*chartEdge+pointApart*(len(t.Points)-1), lowest+textRoom
	var line strings.Builder
	for i := range t.Points {
		p := &t.Points[i]
		p.X, p.Y = chartEdge+pointApart*i, lowest
		if len(heights) > 1 {
			p.Y = lowest - slices.Index(heights, p.Tag)*(lowest-chartTop)/(len(heights)-1)
		}
		if i == 0 {
			fmt.Fprintf(&line, "M%d %d", p.X, p.Y)
			continue
		}
		fmt.Fprintf(&line, " H%d V%d H%d", p.X-pointApart/2, p.Y, p.X)
	}
	t.Line = line.String()
}

// heightsOf are the tags of a chart from the lowest version to the highest; those that are
// no versions stay in the order in which they came.
func heightsOf(points []point) []string {
	var tags []string
	for _, p := range points {
		if !slices.Contains(tags, p.Tag) {
			tags = append(tags, p.Tag)
		}
	}
	if slices.ContainsFunc(tags, func(tag string) bool { return len(numbersOf(tag)) == 0 }) {
		return tags
	}
	slices.SortStableFunc(tags, func(a, b string) int { return slices.Compare(numbersOf(a), numbersOf(b)) })
	return tags
}

// LabelY is where the tags are written.
func (t timeline) LabelY() int { return t.Height - 10 }
