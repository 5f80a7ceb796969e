package settings

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// What Keel's users have in their manifests is read as Keel reads it: what Keel
// passes over is passed over, with a warning, and the rest counts. Not so if Garboard
// would then do more than Keel does: a gate or a policy that cannot be read leaves the
// containers alone.

// binding are the settings whose bad values are not passed over under Keel's prefix
// either. They hold images back.
var binding = map[string]bool{
	keyPolicy: true, keyFilter: true, keyExtract: true, keyExclude: true, keyVariant: true, keyPlatforms: true,
	keyHold: true, keyMinAge: true, keyAfter: true, keyWindow: true, keyCanary: true, keyApprovals: true,
}

// optedIn are the settings that Keel takes for "false" whatever they say but "true".
var optedIn = map[string]bool{keyInitContainers: true, keyImageVolumes: true}

// anyCase are the keys that Keel reads in any case.
var anyCase = []string{keyImagePullSecret, keyMonitorContainers, keyInitContainers, keyImageVolumes}

// emptyMeansNone are the settings of which Keel documents the empty value.
var emptyMeansNone = map[string]bool{keyNotify: true, keyImagePullSecret: true, keyMonitorContainers: true}

// keelName returns the name of the setting that a key under Keel's prefix spells.
func keelName(name string) string {
	for _, known := range anyCase {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return name
}

// passedOver tells what is wrong with an entry under Keel's prefix that is passed
// over; empty for every other entry. detail is what is wrong with its value.
func passedOver(e entry, detail string) string {
	_, known := checks[e.name]
	known = known || later[e.name]
	switch {
	case !e.keel || e.isPolicy() || emptyMeansNone[e.name] && e.value == "" && !e.notText:
		return ""
	case known && e.value == "" && !e.notText:
		return cmp.Or(detail, "empty")
	case known && binding[e.name]:
		return ""
	default:
		return detail
	}
}

// noSetting reports whether an entry under Garboard's own prefix on a namespace is no
// setting, nor a slip of one that holds images back. There is no request to refuse when
// a namespace is annotated, and its workloads must not stand still for a note. How many
// are looked at is bounded, as each is compared with all names.
func (r *reader) noSetting(e entry) bool {
	_, known := checks[e.name]
	if e.keel || e.place != onNamespace || known || later[e.name] || e.ofContainer() || r.strays == maxStrays {
		return false
	}
	r.strays++
	setting, _, _ := strings.Cut(meantSetting(e.name, slices.Sorted(maps.Keys(binding))), ".")
	return !binding[setting]
}
