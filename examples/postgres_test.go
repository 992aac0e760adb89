package examples_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// postgresBin is the folder of the server's programs. Debian keeps them out of
// PATH, one folder a version.
func postgresBin(t *testing.T) string {
	t.Helper()
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	sort.Slice(dirs, func(i, j int) bool {
		return len(dirs[i]) > len(dirs[j]) || len(dirs[i]) == len(dirs[j]) && dirs[i] > dirs[j]
	})
	if len(dirs) > 0 {
		return filepath.Dir(dirs[0])
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		unavailable(t, "a PostgreSQL server (initdb)")
	}
	return filepath.Dir(initdb)
}

// startPostgres runs a server of its own on a socket in a folder of its own, so
// there is no port to collide on. It sets libpq's variables in w.
func startPostgres(t *testing.T, w *world) {
	t.Helper()
	bin := postgresBin(t)
	w.set("PATH", bin+string(os.PathListSeparator)+w.env["PATH"])
	needs(t, "psql", "pg_dump", "pg_restore", "createdb", "dropdb", "pg_isready")

	// Not below t.TempDir: that is long for a socket, and closed to other users.
	dir, err := os.MkdirTemp("/tmp", "rb-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := unprivileged(t, dir)
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username=ops",
		"--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}

	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-F", "-c", "listen_addresses=")
	var log bytes.Buffer
	server.Dir, server.SysProcAttr, server.Stderr = dir, as, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // fast shutdown: sessions are not waited for
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = server.Process.Kill()
			t.Error("PostgreSQL did not stop in time")
		}
	})
	w.set("PGHOST", dir, "PGUSER", "ops")
	eventually(t, "PostgreSQL to answer", func() bool {
		_, code := w.run(w.tmp, "pg_isready", "--quiet")
		return code == 0
	})
}

// unprivileged gives dir to a user that PostgreSQL agrees to run as: it refuses
// root.
func unprivileged(t *testing.T, dir string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		unavailable(t, "a user postgres or nobody")
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// shopPostgres is a database with what makes a comparison hard: rows in no
// order, nulls, bytes, times, an empty table, a second schema, odd names.
func shopPostgres(t *testing.T) *world {
	needs(t, "bash", "awk", "diff", "stat")
	w := stage(t, "postgres")
	startPostgres(t, w)
	w.set("BACKUP_DIR", w.path("backup"))
	w.must(w.tmp, "createdb", "shop")
	w.set("PGDATABASE", "shop")
	w.sql("shop", `
		create table orders (id int primary key, cents numeric(10, 2), at timestamptz, note text, raw bytea);
		insert into orders select n, n * 1.5, timestamptz '2024-01-01 UTC' + n * interval '1 hour',
			case when n % 3 = 0 then null else 'note ' || n end, decode(md5(n::text), 'hex')
			from generate_series(1, 5000) n order by random();
		create table nothing_yet (id int);
		create schema "Back Office";
		create table "Back Office"."o'hara" (id int, weight float8);
		insert into "Back Office"."o'hara" values (1, 0.1), (1, 0.1), (2, 'NaN');`)
	return w
}

func (w *world) sql(database, sql string) string {
	w.t.Helper()
	return w.must(w.tmp, "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql)
}

func (w *world) backups() []string {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(w.env["BACKUP_DIR"], "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	return files
}

// wantNoScratch checks that no database was left behind.
func (w *world) wantNoScratch() {
	w.t.Helper()
	if got := w.sql("postgres", "select datname from pg_database where datname like 'check%'"); got != "" {
		w.t.Errorf("scratch databases were left: %s", got)
	}
}

func TestPostgresBackup(t *testing.T) {
	t.Parallel()
	w := shopPostgres(t)
	w.apply("backup.yaml", 0)
	files := w.backups()
	if len(files) != 2 {
		t.Fatalf("want a .dump and its .tables, found %q", files)
	}
	wantContains(t, readFile(t, files[1]), "public.orders|5000|", "public.nothing_yet|0|0", "Back Office.o'hara|3|")

	// A dump that cannot be made, or not whole, leaves nothing that looks like one,
	// and the good ones alone, whatever is to be kept.
	wantOld := func() {
		t.Helper()
		if got := w.backups(); strings.Join(got, " ") != strings.Join(files, " ") {
			t.Errorf("after a failed backup: %q, want %q", got, files)
		}
	}
	w.sql("shop", "create role clerk login; grant select on nothing_yet to clerk")
	w.set("PGUSER", "clerk")
	w.apply("backup.yaml", 1, "-p", "keep=1")
	wantOld()
	w.set("PGUSER", "ops")
	w.inFront("pg_dump", `echo "half of it" >"$BACKUP_PART"`)
	w.apply("backup.yaml", 1, "-p", "keep=1")
	wantOld()
}

// The night's job: what it calls proven is the backup it made, and a backup that
// cannot be restored is none.
func TestPostgresNightly(t *testing.T) {
	t.Parallel()
	w := shopPostgres(t)
	proven := filepath.Join(w.env["BACKUP_DIR"], "last-proven.json")
	w.apply("nightly.yaml", 0)
	w.wantNoScratch()
	var got struct {
		Dump         string
		Tables, Rows int
	}
	if err := json.Unmarshal([]byte(readFile(t, proven)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Dump != w.backups()[1] || got.Tables != 3 || got.Rows != 5003 {
		t.Errorf("proven is %+v", got)
	}
	if err := os.Remove(proven); err != nil {
		t.Fatal(err)
	}

	wantContains(t, w.apply("nightly.yaml", 1, "-p", "min_rows=6000"), "the backup holds 5003 rows, fewer than 6000")
	w.inFront("pg_restore", `case $* in *--list*) exec "$REAL" "$@" ;; esac; "$REAL" "$@" && psql -Xqc 'delete from orders where id = 1' -d "$(psql -XqAtc "select datname from pg_database where datname like 'check%'")"`)
	wantContains(t, w.apply("nightly.yaml", 1), "not what was backed up")
	w.wantNoScratch()
	if exists(proven) {
		t.Error("a backup that was not proven is called so")
	}
}

// Someone deletes rows between the moment that is recorded and the dump.
func TestPostgresBackupIsOfOneMoment(t *testing.T) {
	t.Parallel()
	w := shopPostgres(t)
	w.inFront("pg_dump", `psql -Xqc "delete from orders where id > 10" && exec "$REAL" "$@"`)
	w.apply("backup.yaml", 0)
	if got := w.sql("shop", "select count(*) from orders"); got != "10" {
		t.Fatalf("%s orders are left, want 10", got)
	}
	wantContains(t, w.apply("restore-check.yaml", 0), "with 5003 rows are as recorded")
}

func TestPostgresBackupPrunes(t *testing.T) {
	t.Parallel()
	w := shopPostgres(t)
	old := filepath.Join(w.env["BACKUP_DIR"], "shop-20240101T000000Z")
	writeFile(t, old+".dump", "")
	writeFile(t, old+".tables", "")
	w.apply("backup.yaml", 0, "-p", "keep=1")
	if got := w.backups(); len(got) != 2 || exists(old+".dump") || exists(old+".tables") {
		t.Errorf("want the newest backup alone, found %q", got)
	}
}

func TestPostgresRestoreCheck(t *testing.T) {
	t.Parallel()
	w := shopPostgres(t)
	w.apply("backup.yaml", 0)
	dump := w.backups()[0]
	whole := readFile(t, dump)
	writeFile(t, w.path("whole.dump"), whole)
	w.sql("shop", "delete from orders where id > 100") // life goes on; the backup is of before

	wantContains(t, w.apply("restore-check.yaml", 0), "3 tables with 5003 rows are as recorded")
	w.wantNoScratch()

	failures := []struct {
		name  string
		spoil func()
		says  string
	}{
		{"a damaged dump", func() {
			half := len(whole) / 2
			writeFile(t, dump, whole[:half]+strings.Repeat("\xff", 64)+whole[half+64:])
		}, "pg_restore: error"},
		{"a dump that lacks rows", func() {
			w.must(w.tmp, "pg_dump", "--format=custom", "--file="+dump)
		}, "not what was backed up"},
		{"a dump of other values", func() {
			w.must(w.tmp, "pg_restore", "--clean", "--dbname=shop", "--no-owner", w.path("whole.dump"))
			w.sql("shop", "update orders set note = 'forged' where id = 7")
			w.must(w.tmp, "pg_dump", "--format=custom", "--file="+dump)
		}, "not what was backed up"},
		{"a backup that is too old", func() {
			writeFile(t, dump, whole)
			then := time.Now().Add(-48 * time.Hour)
			if err := os.Chtimes(dump, then, then); err != nil {
				t.Fatal(err)
			}
		}, "is older than 26 hours"},
	}
	for _, tt := range failures {
		t.Run(tt.name, func(t *testing.T) {
			tt.spoil()
			wantContains(t, w.apply("restore-check.yaml", 1), tt.says)
			w.wantNoScratch()
		})
	}
}
