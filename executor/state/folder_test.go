package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A folder that somebody else can enter, or may have put there, is refused; what
// a link leads to is left alone.
func TestOpenHostile(t *testing.T) {
	theirs := func(t *testing.T, path string) {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, 65534, -1); err != nil {
			t.Skipf("needs root, to give a folder to another user: %v", err)
		}
	}
	planted := func(t *testing.T, path string) {
		if err := os.Symlink(t.TempDir(), path); err != nil {
			t.Fatal(err)
		}
	}
	mode := func(m os.FileMode) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			os.Mkdir(path, 0o700)
			if err := os.Chmod(path, m); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name, want string
		plant      func(t *testing.T, path string)
	}{
		{"nothing", "", func(*testing.T, string) {}},
		{"ours", "", mode(0o700)},
		{"a link", "it is a link to somewhere else", planted},
		{"a dangling link", "it is a link to somewhere else", func(t *testing.T, path string) { os.Symlink("/nonexistent/x", path) }},
		{"a file", "it is not a folder", func(t *testing.T, path string) { os.WriteFile(path, nil, 0o600) }},
		{"others may write", "others may use it (its mode is 0777)", mode(0o777)},
		{"others may enter", "others may use it (its mode is 0711)", mode(0o711)},
		{"the group may read", "others may use it (its mode is 0740)", mode(0o740)},
		{"another user's", "it belongs to user 65534, not to you", theirs},
	} {
		for _, place := range []string{"state", "state/runs"} {
			t.Run(test.name+" as "+place, func(t *testing.T) {
				base := t.TempDir()
				path := filepath.Join(base, place)
				if place == "state/runs" {
					os.Mkdir(filepath.Join(base, "state"), 0o700)
				}
				test.plant(t, path)
				_, err := Open(filepath.Join(base, "state"))
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("Open: %v, want %q", err, test.want)
				}
			})
		}
		t.Run(test.name+" as a run", func(t *testing.T) {
			f := opened(t)
			id := newID(t)
			path := f.run(id).path
			test.plant(t, path)
			_, err := f.Lock(id)
			switch {
			case test.name == "nothing":
				if !errors.Is(err, ErrNotFound) {
					t.Errorf("Lock: %v", err)
				}
			case test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("Lock: %v, want %q", err, test.want)
			}
			if _, err := f.Create(id, Asked{}, samplePlan); test.name != "nothing" && !errors.Is(err, os.ErrExist) {
				t.Errorf("Create over it: %v", err)
			}
		})
	}
}

// Links in place of the files of a run are not followed.
func TestPlantedFiles(t *testing.T) {
	f := opened(t)
	secret := filepath.Join(t.TempDir(), "secret")
	os.WriteFile(secret, []byte("{}"), 0o600)
	for _, name := range []string{"run.json", "plan.json", "journal.jsonl", "lock"} {
		r := created(t, f, Asked{})
		r.Release()
		os.Remove(filepath.Join(r.path, name))
		os.Symlink(secret, filepath.Join(r.path, name))
		_, asked := r.Asked()
		_, planned := r.Plan()
		_, events := r.Events()
		_, locked := f.Lock(r.ID)
		if err := map[string]error{"run.json": asked, "plan.json": planned, "journal.jsonl": events, "lock": locked}[name]; err == nil {
			t.Errorf("%s: a link was followed", name)
		}
	}
	if text, _ := os.ReadFile(secret); string(text) != "{}" {
		t.Errorf("what the links lead to is now %q", text)
	}
}

func TestNetworkWarning(t *testing.T) {
	if f := opened(t); f.Warning != "" {
		t.Errorf("a local disk: %q", f.Warning)
	}
	const proc = "/proc"
	if got := network(proc); got != "" {
		t.Errorf("%s is %q", proc, got)
	}
}

// What a newer program wrote is read if the format is the same, and otherwise
// refused in words that say what to do.
func TestFormats(t *testing.T) {
	f := opened(t)
	for text, want := range map[string]string{
		`{"format":1,"run_id":"018f0000-0000-7000-8000-000000000000","uid":1,"future":[1]}`: "",
		`{"format":2,"version":"9.1","name":7}`:                                             "it is of format 2, written by runbook 9.1, and this runbook knows formats up to 1: use that one, or a newer one",
		`{}`:                                                                                "it has no format version, want 1 to 1",
		``:                                                                                  "unexpected end of JSON input",
	} {
		r := created(t, f, Asked{})
		if err := os.WriteFile(r.askedFile(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Asked(); (err == nil) != (want == "") || err != nil && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
