package examples_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The daemons are processes of their own, so that the runbooks can signal them.
// Each reads its settings from the environment, prints one line when it is ready
// (its address, where it has one) and ends with its standard input, so that none
// outlives its test.
var daemons = map[string]func(reload <-chan os.Signal) error{
	"logger": logger,
	"shop":   shop,
	"https":  httpsServer,
}

func runDaemon(name string) int {
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	if os.Getenv("DAEMON_DEAF") != "" {
		reload = nil // the signal is caught and nothing comes of it
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if err := daemons[name](reload); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A daemon is one that runs.
type daemon struct {
	ready   string // the line it printed
	pidFile string
	stop    func() // waits for its end; may be called more than once
}

func startDaemon(t *testing.T, w *world, name string, env ...string) *daemon {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(w.environ(), append(env, "EXAMPLES_DAEMON="+name)...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	d := &daemon{pidFile: w.path(name + ".pid")}
	d.stop = func() {
		if !stopped {
			stopped = true
			stdin.Close()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(d.stop)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("daemon %s did not get ready: %v", name, err)
	}
	d.ready = strings.TrimSpace(line)
	writeFile(t, d.pidFile, strconv.Itoa(cmd.Process.Pid)+"\n")
	return d
}

// logger writes numbered lines to DAEMON_LOG. On reload it opens it anew, after
// another hundred lines: a daemon finishes what it is doing first.
func logger(reload <-chan os.Signal) error {
	open := func() (*os.File, error) {
		return os.OpenFile(os.Getenv("DAEMON_LOG"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	}
	file, err := open()
	if err != nil {
		return err
	}
	fmt.Println("ready")
	tick := time.NewTicker(time.Millisecond)
	for n, reopenAt := 1, 0; ; n++ {
		select {
		case <-reload:
			reopenAt = n + 100
		case <-tick.C:
		}
		if n == reopenAt {
			file.Close()
			if file, err = open(); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(file, "line %d\n", n); err != nil {
			return err
		}
	}
}

// shop serves the release in DAEMON_ROOT/current as it was at the last reload,
// which takes it two more requests. It is unhealthy where the release holds a
// file named broken.
func shop(reload <-chan os.Signal) error {
	var mu sync.Mutex
	var version string
	var broken bool
	requestsLeft := 1
	state := func() (string, bool) {
		mu.Lock()
		defer mu.Unlock()
		if requestsLeft--; requestsLeft == 0 {
			current := filepath.Join(os.Getenv("DAEMON_ROOT"), "current")
			text, _ := os.ReadFile(filepath.Join(current, "VERSION"))
			version, broken = strings.TrimSpace(string(text)), exists(filepath.Join(current, "broken"))
		}
		return version, broken
	}
	state()
	go func() {
		for range reload {
			mu.Lock()
			requestsLeft = 2
			mu.Unlock()
		}
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("/version", func(rw http.ResponseWriter, _ *http.Request) {
		version, _ := state()
		fmt.Fprintln(rw, version)
	})
	mux.HandleFunc("/healthz", func(rw http.ResponseWriter, _ *http.Request) {
		if _, broken := state(); broken {
			http.Error(rw, "cannot reach the database", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(rw, "ok")
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, mux)
}

// httpsServer serves the certificate below DAEMON_TLS/live as it was at the last
// reload.
func httpsServer(reload <-chan os.Signal) error {
	var certificate atomic.Pointer[tls.Certificate]
	load := func() error {
		live := filepath.Join(os.Getenv("DAEMON_TLS"), "live")
		c, err := tls.LoadX509KeyPair(filepath.Join(live, "fullchain.pem"), filepath.Join(live, "key.pem"))
		if err == nil {
			certificate.Store(&c)
		}
		return err
	}
	if err := load(); err != nil {
		return err
	}
	go func() {
		for range reload {
			if err := load(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate.Load(), nil },
	})
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	server := http.Server{
		Handler:  http.NotFoundHandler(),
		ErrorLog: log.New(io.Discard, "", 0), // s_client hangs up without a request
	}
	return server.Serve(l)
}
