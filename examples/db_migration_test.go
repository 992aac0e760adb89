package examples_test

import (
	"io"
	"os/exec"
	"path/filepath"
	"testing"
)

// shopDB is a database at version 1 with three orders in it.
func shopDB(t *testing.T) (w *world, db string) {
	w = stage(t, "db-migration")
	db = filepath.Join(w.mkdir("srv"), "shop.db")
	w.set("DB_FILE", db, "MAINTENANCE_FLAG", w.path("srv", "maintenance"))
	w.must(w.dir, "sqlite3", "-bail", db, ".read migrations/0001_orders.sql", `
		pragma journal_mode = wal;
		pragma user_version = 1;
		insert into customers values (1, 'ada@example.com'), (2, 'grace@example.com');
		insert into orders values (1, 1, 1500), (2, 1, 2500), (3, 2, 990);`)
	return w, db
}

func (w *world) query(db, sql string) string {
	w.t.Helper()
	return w.must(w.tmp, "sqlite3", "-bail", db, sql)
}

func TestDBMigration(t *testing.T) {
	needs(t, "bash", "sqlite3", "awk", "df", "stat")
	t.Run("brings the database to the newest version", func(t *testing.T) {
		t.Parallel()
		w, db := shopDB(t)
		w.apply("runbook.yaml", 0)
		if got, want := w.query(db, "pragma user_version; select * from customer_totals; select distinct state from orders"),
			"3\n1|4000\n2|990\nshipped"; got != want {
			t.Errorf("after the migration:\n%s\nwant:\n%s", got, want)
		}
		if exists(w.path("srv", "maintenance")) {
			t.Error("still in maintenance")
		}

		// Again: nothing is left to do, and so there is no maintenance and no copy.
		wantCopies := func(want int) {
			t.Helper()
			if copies, _ := filepath.Glob(db + ".before-*"); len(copies) != want {
				t.Errorf("found the copies %q, want %d", copies, want)
			}
		}
		wantCopies(1)
		w.apply("runbook.yaml", 0)
		writeFile(t, w.path("srv", "maintenance"), "would be in the way\n")
		w.apply("runbook.yaml", 0)
		wantCopies(1)
	})

	// A migration that looks whether the application is really off.
	t.Run("works behind the maintenance flag", func(t *testing.T) {
		t.Parallel()
		w, _ := shopDB(t)
		seen := w.path("seen")
		writeFile(t, filepath.Join(w.dir, "migrations/0004_look.sql"),
			".shell cp \"$MAINTENANCE_FLAG\" '"+seen+"'\n")
		w.apply("runbook.yaml", 0)
		if !exists(seen) {
			t.Error("the flag was not there while the migration ran")
		}
	})

	// Whatever goes wrong, every row is as it was and the application is back.
	failures := map[string]struct {
		file, sql string
		says      string
	}{
		"a migration fails half way": {
			"migrations/0004_bad.sql",
			"delete from orders where id = 1;\ninsert into nowhere values (1);\n",
			"restored version 1",
		},
		"a dangling reference": {
			"migrations/0004_bad.sql",
			"insert into orders (customer_id, cents) values (99, 100);\n",
			"FOREIGN KEY constraint failed",
		},
		"the totals are wrong": {
			"migrations/0004_bad.sql",
			"update customer_totals set cents = cents + 1 where customer_id = 2;\n",
			"the total of customer 2 is off by 1",
		},
		"a migration is missing": {
			"migrations/0005_later.sql", "select 1;\n",
			"migration 4 is missing",
		},
	}
	for name, tt := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, db := shopDB(t)
			writeFile(t, filepath.Join(w.dir, tt.file), tt.sql)
			before := w.query(db, ".dump")
			wantContains(t, w.apply("runbook.yaml", 1), tt.says)
			if after := w.query(db, ".dump"); after != before {
				t.Errorf("the database is not what it was:\n%s", after)
			}
			if exists(w.path("srv", "maintenance")) {
				t.Error("still in maintenance")
			}
		})
	}

	t.Run("waits for no one forever", func(t *testing.T) {
		t.Parallel()
		w, db := shopDB(t)
		unlock := lock(t, db)
		wantContains(t, w.apply("runbook.yaml", 1), "locked")
		unlock()
		if got := w.query(db, "pragma user_version"); got != "1" {
			t.Errorf("migrated to version %s under a lock", got)
		}
	})

	t.Run("respects the maintenance of others", func(t *testing.T) {
		t.Parallel()
		w, db := shopDB(t)
		flag := w.path("srv", "maintenance")
		writeFile(t, flag, "electricians are here\n")
		w.apply("runbook.yaml", 1)
		if readFile(t, flag) != "electricians are here\n" || w.query(db, "pragma user_version") != "1" {
			t.Error("went ahead in spite of a maintenance that is not its own")
		}
	})
}

// lock holds the database in the middle of a transaction.
func lock(t *testing.T, db string) (unlock func()) {
	t.Helper()
	cmd := exec.Command("sqlite3", "-bail", db)
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
	unlock = func() {
		stdin.Close()
		_ = cmd.Wait()
	}
	t.Cleanup(unlock)
	if _, err := io.WriteString(stdin, "begin exclusive;\n.print locked\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, len("locked"))); err != nil {
		t.Fatal("cannot lock the database:", err)
	}
	return unlock
}
