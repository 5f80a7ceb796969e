package template

import (
	"reflect"
	"time"
)

// TimeMethods are the methods of a time, and of what these return, that return one value, or
// one and an error.
func TimeMethods() Methods {
	return Methods{
		reflect.TypeFor[time.Time](): {
			"Add": time.Time.Add, "AddDate": time.Time.AddDate, "After": time.Time.After,
			"AppendBinary": time.Time.AppendBinary, "AppendFormat": time.Time.AppendFormat, "AppendText": time.Time.AppendText,
			"Before": time.Time.Before, "Compare": time.Time.Compare, "Day": time.Time.Day, "Equal": time.Time.Equal,
			"Format": time.Time.Format, "GoString": time.Time.GoString, "GobEncode": time.Time.GobEncode,
			"Hour": time.Time.Hour, "In": time.Time.In, "IsDST": time.Time.IsDST, "IsZero": time.Time.IsZero,
			"Local": time.Time.Local, "Location": time.Time.Location,
			"MarshalBinary": time.Time.MarshalBinary, "MarshalJSON": time.Time.MarshalJSON, "MarshalText": time.Time.MarshalText,
			"Minute": time.Time.Minute, "Month": time.Time.Month, "Nanosecond": time.Time.Nanosecond, "Round": time.Time.Round,
			"Second": time.Time.Second, "String": time.Time.String, "Sub": time.Time.Sub, "Truncate": time.Time.Truncate,
			"UTC": time.Time.UTC, "Unix": time.Time.Unix, "UnixMicro": time.Time.UnixMicro, "UnixMilli": time.Time.UnixMilli,
			"UnixNano": time.Time.UnixNano, "Weekday": time.Time.Weekday, "Year": time.Time.Year, "YearDay": time.Time.YearDay,
		},
		reflect.TypeFor[time.Duration](): {
			"Abs": time.Duration.Abs, "Hours": time.Duration.Hours, "Microseconds": time.Duration.Microseconds,
			"Milliseconds": time.Duration.Milliseconds, "Minutes": time.Duration.Minutes, "Nanoseconds": time.Duration.Nanoseconds,
			"Round": time.Duration.Round, "Seconds": time.Duration.Seconds, "String": time.Duration.String, "Truncate": time.Duration.Truncate,
		},
		reflect.TypeFor[time.Month]():    {"String": time.Month.String},
		reflect.TypeFor[time.Weekday]():  {"String": time.Weekday.String},
		reflect.TypeFor[time.Location](): {"String": (*time.Location).String},
	}
}
