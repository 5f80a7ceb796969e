package configfile

// Secret is the content of a file. It prints as what it is, never as what it holds.
type Secret string

// String hides the content, and GoString and MarshalText do so for what prints in
// other ways.
func (Secret) String() string { return "(redacted)" }

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String, so that no encoder finds more.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
