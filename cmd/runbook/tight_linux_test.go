package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// unprivileged gives the scene to a user of its own, who owns nothing else on the
// machine: limits of a user hold for all that it has.
func (s *scene) unprivileged(uid int) *syscall.SysProcAttr {
	s.t.Helper()
	if os.Getuid() != 0 {
		s.t.Skip("needs root, to be another user")
	}
	program, err := exec.LookPath("runbook")
	if err == nil { // which only its owner can reach
		err = exec.Command("cp", program, s.path("runbook")).Run()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.chown(uid)
	for dir := s.dir; dir != "/"; dir = filepath.Dir(dir) { // the folders of tests are their owner's alone
		info, err := os.Stat(dir)
		if err == nil && info.Mode().Perm()&1 == 0 {
			err = os.Chmod(dir, info.Mode().Perm()|0o011)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
}

func (s *scene) chown(uid int) {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, uid)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// A limit on processes makes a run slower, and loses nothing of it.
func TestFewProcesses(t *testing.T) {
	for i, limit := range []int{80, 40} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, strings.Replace(wide, "begin, done]", "begin, done, stay=0.1]", 1))
			cmd := exec.Command("bash", "-c", fmt.Sprintf("ulimit -u %d && exec ./runbook apply x.yaml --state-dir state -j 200", limit))
			cmd.Dir = s.dir
			cmd.Env = append(os.Environ(), "HOME="+s.dir, "XDG_CONFIG_HOME=", "GORACE=atexit_sleep_ms=0")
			cmd.SysProcAttr = s.unprivileged(54000 + os.Getpid()%1000*2 + i)
			text, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%.5000s", err, text)
			}
			s.chown(0)
			s.find()
			s.lawful()
			if done := strings.Count(fmt.Sprint(s.effects()), "{done do"); done != 200 {
				t.Errorf("%d steps were done, want 200\n%.5000s", done, text)
			}
			if n := strings.Count(string(text), "warning"); n > 1 {
				t.Errorf("%d warnings\n%.5000s", n, text)
			}
		})
	}
}
