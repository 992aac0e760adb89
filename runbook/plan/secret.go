package plan

// SecretText is text that is a secret or holds one. Nothing computes with it,
// and it prints as ***.
type SecretText struct{ text string }

// NewSecretText is text that must not show.
func NewSecretText(s string) SecretText { return SecretText{s} }

// Reveal returns the text itself, for the process that needs it.
func (s SecretText) Reveal() string { return s.text }

func (s SecretText) String() string { return "***" }

// GoString keeps the text out of %#v.
func (s SecretText) GoString() string { return "***" }

// MarshalJSON keeps the text out of what is written.
func (s SecretText) MarshalJSON() ([]byte, error) { return []byte(`"***"`), nil }
