package runbook

import (
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// A codeProgram is a program that runs text it is given, or starts another that
// may, and where among its arguments that text is. Flags are separated by spaces.
type codeProgram struct {
	names string

	code     string // flags whose value is code; FLAG:PREFIX where only a value that begins so is
	value    string // flags with another value; FLAG/2 takes two
	attached string // flags whose value, if any, is in the same word
	file     string // flags that name a file of code, which then is in no argument
	loads    string // flags that name a file of code which runs beside that
	shells   string // flags that ask for a shell, which reads stdin if no command follows
	replace  string // flags that name the word in whose place stdin is put
	starts   string // flags behind which a command stands, as far as a lone ; or +
	entry    string // flags that name the program the arguments are for
	wrapping string // flags with a value that make the rest a command of its own

	words    string // a pattern of words that are code, as far as the first expression in them
	codeAt   int    // which word that is no flag is code, from 1; 0: none
	besides  bool   // that holds in spite of flags of code
	toggle   string // flags that make the first such word code
	under    string // subcommands only behind which anything is code
	subs     bool   // some subcommands have rows of their own: NAME-SUBCOMMAND
	skip     int    // words before what wraps and joins are about
	wraps    bool   // the rest is a command of its own
	joins    bool   // the rest is made one text for a shell
	until    string // ends that text
	language bool   // the first word that is no flag is a file of code, and the rest belongs to that
	final    bool   // everything behind the code belongs to it
	greedy   bool   // everything behind the flag is code
	long     bool   // -abc is one flag, not three
	stdin    bool   // without code or a file of it, stdin is code
	fed      bool   // what stdin holds become arguments of what it starts
	away     bool   // variables of the step do not get to what it starts

	variable string // how the code reads the variable VALUE
	argument string // how it reads the first argument behind the code
	safe     string // the help, where that is neither
}

const (
	dockerValues  = "-e --env --env-file -u --user -w --workdir --name --network --net -v --volume --mount -p --publish -h --hostname -l --label --platform -m --memory --cpus --detach-keys --index -f --file --project-name --profile --context --pull --restart --add-host"
	kubectlValues = "-n --namespace -c --container --context --cluster --kubeconfig -s --server --user --as -f --filename"
	jqValues      = "--arg/2 --argjson/2 --slurpfile/2 --rawfile/2 --argfile/2 --indent -L -p -o -I --input-format --output-format"
	sshValues     = "-B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -P -Q -R -S -W -w"
	mysqlValues   = "-h --host -u --user -P --port -D --database -S --socket --defaults-file --defaults-extra-file --login-path --default-character-set"
	psqlValues    = "-v --set --variable -d --dbname -h --host -p --port -U --username -o --output -L --log-file -F --field-separator -R --record-separator -P --pset -T --table-attr"
	ansibleValues = "-m -i -u -l -t -f -M -U -C -d -c -T --module-name --inventory --user --limit --tags --skip-tags --forks --module-path --url --connection --timeout --private-key --key-file --become-user --become-method --vault-id --vault-password-file --start-at-task"
	sshCode       = "-o:ProxyCommand -o:LocalCommand -o:KnownHostsCommand -o:RemoteCommand"

	sshSafe     = `write the remote command out, and pass the value in stdin: exec: [ssh, HOST, 'read -r value; echo "$value"'], stdin: "${{ ... }}"`
	psqlSafe    = `write the SQL in stdin, and pass the value as a variable of psql: exec: [psql, -v, "value=${{ ... }}"], stdin: "select :'value'"`
	mysqlSafe   = `use a script whose client binds values to ?; this one cannot`
	sqliteSafe  = `pass the value in stdin: exec: [sqlite3, DB, "select cast(readfile('/dev/stdin') as text)"], stdin: "${{ ... }}"`
	redisSafe   = `pass the value behind the number of keys, and read ARGV[1] in the code: exec: [redis-cli, EVAL, "return ARGV[1]", 0, "${{ ... }}"]`
	awkSafe     = `pass the value in a variable: env: {VALUE: "${{ ... }}"}, and read ENVIRON["VALUE"] in the code; -v would expand backslashes in it`
	jqSafe      = `pass the value with --arg, and read it by its name: exec: [jq, --arg, value, "${{ ... }}", ".name == $value"]`
	yqSafe      = `pass the value in a variable: env: {VALUE: "${{ ... }}"}, and read strenv(VALUE) in the code, or env.VALUE where yq is a wrapper of jq`
	sedSafe     = `sed knows no variables; use awk: env: {VALUE: "${{ ... }}"}, exec: [awk, '{ print ENVIRON["VALUE"] }']`
	makeSafe    = `pass the value in a variable: env: {VALUE: "${{ ... }}"}, and read "$$VALUE" in the recipe: the shell does not run what is in it, but make would expand $(VALUE)`
	xargsSafe   = `put the placeholder behind the code: exec: [xargs, "-I{}", sh, -c, 'echo "$1"', sh, "{}"]`
	remoteSafe  = `write the remote command out; values can reach it in a file or in stdin`
	ansibleSafe = `pass the value in a variable, for ansible evaluates what is in {{ }}: env: {VALUE: "${{ ... }}"}, and read lookup('env', 'VALUE') in the playbook`
	socatSafe   = `write the kind of the address out, such as "TCP:${{ ... }}", and write out what EXEC and SYSTEM start`
	writtenOut  = `write it out`
	parallelArg = `put the value behind the command: exec: [parallel, echo, ":::", "${{ ... }}"]`
)

// codePrograms is the table. What is not in it takes its arguments for data; a
// shell or another language that such a program is told to start is found by its
// name and its flag of code.
var codePrograms = []codeProgram{
	// Languages.
	{names: strings.Join(plan.KnownShells(), " ") + " csh tcsh fish nu xonsh rbash", toggle: "-c", code: "--command --commands --init-command", value: "-o +o -O +O", loads: "--rcfile --init-file", language: true, stdin: true, variable: `"$VALUE"`, argument: `"$1"`},
	{names: "python pypy", code: "-c", value: "-W -X -Q --check-hash-based-pycs", file: "-m", language: true, final: true, stdin: true, variable: `os.environ["VALUE"]`, argument: `sys.argv[1]`},
	{names: "perl", code: "-e -E -M -m", value: "-I", attached: "-F -i -x -C -D -V", language: true, stdin: true, variable: `$ENV{VALUE}`, argument: `$ARGV[0]`},
	{names: "ruby jruby", code: "-e", value: "-I -r -C -E --encoding", attached: "-F -i -K -T -W -x", language: true, stdin: true, variable: `ENV["VALUE"]`, argument: `ARGV[0]`},
	{names: "node nodejs bun", code: "-e -p -pe --eval --print", value: "-C --conditions", loads: "-r --require --import --loader", language: true, stdin: true, variable: `process.env.VALUE`, argument: `process.argv[1]`},
	{names: "deno", under: "eval", codeAt: 1, value: "-c --config --import-map --ext", variable: `Deno.env.get("VALUE")`, argument: `Deno.args[0]`},
	{names: "php", code: "-r -B -R -E --run --process-begin --process-code --process-end", value: "-d -c -z --define --php-ini", file: "-f --file -F --process-file", language: true, stdin: true, variable: `getenv("VALUE")`, argument: `$argv[1]`},
	{names: "lua luajit", code: "-e", value: "-l", language: true, stdin: true, variable: `os.getenv("VALUE")`, argument: `arg[1]`},
	{names: "Rscript R", code: "-e", file: "-f --file", long: true, language: true, stdin: true, variable: `Sys.getenv("VALUE")`, argument: `commandArgs(TRUE)[1]`},
	{names: "julia", code: "-e -E --eval --print", value: "-p -t -J -L --threads --load --procs", attached: "-O -g", language: true, stdin: true, variable: `ENV["VALUE"]`, argument: `ARGS[1]`},
	{names: "elixir iex", code: "-e --eval --rpc-eval", value: "-r -pa -pz", long: true, language: true, variable: `System.get_env("VALUE")`, argument: `hd(System.argv())`},
	{names: "erl", code: "-eval", long: true, variable: `os:getenv("VALUE")`},
	{names: "groovy", code: "-e", value: "-cp -classpath -D", long: true, language: true, variable: `System.getenv("VALUE")`, argument: `args[0]`},
	{names: "tclsh wish expect", code: "-c", file: "-f", language: true, stdin: true, variable: `$env(VALUE)`, argument: `[lindex $argv 0]`},
	{names: "osascript", code: "-e", value: "-l -s", language: true, stdin: true, variable: `system attribute "VALUE"`},
	{names: "pwsh powershell", code: "-c -C -Command -command -CommandWithArgs -EncodedCommand -e -ec", value: "-ExecutionPolicy -ep -WorkingDirectory -wd -OutputFormat -InputFormat -Version", file: "-File -file -f", long: true, language: true, greedy: true, final: true, stdin: true, variable: `$env:VALUE`},
	{names: "emacs emacsclient", code: "--eval --execute -eval -execute -e", loads: "-l --load -load", long: true, variable: `(getenv "VALUE")`},

	{names: "vim vi nvim ex view", code: "-c --cmd", loads: "-S -u", variable: `$VALUE`},
	{names: "gdb lldb", code: "-ex -iex -eval-command -init-eval-command --ex --eval-command -o -O --one-line", loads: "-x -s --command --source", long: true, safe: writtenOut},

	// Programs whose arguments hold a program.
	{names: "awk gawk mawk nawk original-awk", code: "-e --source", value: "-v -F --assign --field-separator", loads: "-i -l --include --load", file: "-f -E --file --exec", codeAt: 1, final: true, safe: awkSafe},
	{names: "sed gsed", code: "-e --expression", value: "-l --line-length", attached: "-i", file: "-f --file", codeAt: 1, safe: sedSafe},
	{names: "jq jaq gojq", value: jqValues, file: "-f --from-file", codeAt: 1, safe: jqSafe},
	{names: "yq", value: jqValues, code: "--expression", file: "--from-file", codeAt: 1, safe: yqSafe},
	{names: "make gmake", code: "--eval -E", value: "-C -I -j -l -o -W --directory", loads: "-f --file --makefile", words: `=`, safe: makeSafe},
	{names: "find", starts: "-exec -execdir -ok -okdir", long: true},
	{names: "tar gtar", code: "--checkpoint-action:exec --to-command -I --use-compress-program -F --info-script --new-volume-script --rsh-command", value: "-f -C -T -X -b -H --file --directory", safe: writtenOut},
	{names: "rsync", code: "-e --rsh --rsync-path", value: "-f -B -T -M --filter --exclude --include --files-from", safe: writtenOut},
	{names: "socat", words: `(?i)^(exec:|system:|shell:|$)`, long: true, safe: socatSafe},
	{names: "git", subs: true, code: "-c:alias. -c:core.sshcommand -c:core.pager -c:core.editor -c:core.fsmonitor -c:core.hookspath -c:diff. -c:credential. -c:sequence.editor -c:gpg. -c:filter. -c:include --exec --exec-path --upload-pack --receive-pack", value: "-C --git-dir --work-tree", variable: `"$VALUE"`},
	{names: "git-rebase", code: "-x --exec", value: "-s -X --onto --strategy --strategy-option", variable: `"$VALUE"`},
	{names: "git-submodule", under: "foreach", joins: true, variable: `"$VALUE"`},
	{names: "git-bisect", under: "run", wraps: true},
	{names: "git-filter-branch", code: "--setup --env-filter --tree-filter --index-filter --parent-filter --msg-filter --commit-filter --tag-name-filter", value: "-d --subdirectory-filter --original --state-branch", variable: `"$VALUE"`},
	{names: "git-difftool git-mergetool", code: "-x --extcmd", value: "-t --tool", variable: `"$VALUE"`},
	{names: "git-grep", code: "-O --open-files-in-pager", value: "-e -f -A -B -C -m --max-depth", safe: writtenOut},

	// Databases.
	{names: "psql", code: "-c --command", value: psqlValues, file: "-f --file", stdin: true, safe: psqlSafe},
	{names: "mysql mariadb", code: "-e --execute --init-command", value: mysqlValues, attached: "-p", stdin: true, safe: mysqlSafe},
	{names: "sqlite3 sqlite", code: "-cmd", value: "-separator -newline -nullvalue -init -vfs -mmap -maxsize", codeAt: 2, besides: true, long: true, stdin: true, safe: sqliteSafe},
	{names: "duckdb", code: "-c -s -cmd", value: "-separator -newline -nullvalue -init", file: "-f", codeAt: 2, long: true, stdin: true, variable: `getenv('VALUE')`},
	{names: "clickhouse-client", code: "-q --query", value: "-h --host --port -u --user --password -d --database", stdin: true, safe: `pass the value as a parameter: exec: [clickhouse-client, "--param_value=${{ ... }}", --query, "select {value:String}"]`},
	{names: "cqlsh", code: "-e --execute", value: "-u -p -k -C", file: "-f --file", stdin: true, safe: mysqlSafe},
	{names: "sqlcmd", code: "-Q -q", value: "-S -U -P -d -v -o -h -s -w", file: "-i", stdin: true, safe: mysqlSafe},
	{names: "mongosh mongo", code: "--eval", value: "-u --username -p --password --host --port --authenticationDatabase", file: "-f --file", stdin: true, variable: `process.env.VALUE`},
	{names: "redis-cli valkey-cli", under: "eval eval_ro", codeAt: 1, value: "-h -p -a -n -u -s -i -r --user --pass", final: true, safe: redisSafe},

	// Shells elsewhere, and shells that are not called so.
	{names: "ssh autossh", code: sshCode, value: sshValues, skip: 1, joins: true, stdin: true, safe: sshSafe},
	{names: "su", code: "-c --command --session-command", value: "-g -G -s -w --group --supp-group --shell --whitelist-environment", stdin: true, variable: `"$VALUE"`, safe: `pass the value behind the user: exec: [su, USER, -c, 'echo "$1"', sh, "${{ ... }}"]`},
	{names: "runuser", code: "-c --command --session-command", value: "-g -G -s -w --group --supp-group --shell", wrapping: "-u --user", stdin: true, safe: `use -u: exec: [runuser, -u, USER, --, sh, -c, 'echo "$1"', sh, "${{ ... }}"]`},
	{names: "script", code: "-c --command", value: "-E -I -O -B -T -o -m --echo --log-in --log-out", variable: `"$VALUE"`},
	{names: "watch", value: "-n --interval -q --equexit", joins: true, variable: `"$VALUE"`},
	{names: "parallel", value: "-j --jobs -a --arg-file -N -n -d --delimiter -C --colsep -S --sshlogin --timeout --delay --retries --joblog --results --halt --tmpdir --memfree --load --tagstring", joins: true, until: ":::", safe: parallelArg},
	{names: "pdsh dsh clush", value: "-w -x -g -R -f -l -t -u -m -M", joins: true, safe: remoteSafe},
	{names: "gcloud", under: "ssh", code: "--command", value: "--zone --project --region --account --configuration", skip: 1, joins: true, safe: remoteSafe},
	{names: "vagrant", under: "ssh", code: "-c --command", long: true, safe: remoteSafe},
	{names: "az", under: "run-command", code: "--scripts --script", long: true, safe: `pass the value with --parameters, and read "$1" in the script`},
	{names: "aws", under: "send-command execute-command", code: "--parameters:commands --parameters:{ --command", long: true, safe: writtenOut},
	{names: "salt salt-call salt-ssh", under: "cmd.run cmd.run_all cmd.run_stdout cmd.shell", joins: true, safe: remoteSafe},
	{names: "ansible ansible-console", code: "-a --args -e --extra-vars", value: ansibleValues, safe: remoteSafe},
	{names: "ansible-playbook ansible-pull", code: "-e --extra-vars", value: ansibleValues, safe: ansibleSafe},
	{names: "heroku", under: "run run:detached", value: "-a --app -r --remote -s --size -e --env", joins: true, safe: remoteSafe},
	{names: "fly flyctl", code: "-C", value: "-a --app -c --config", safe: remoteSafe},
	{names: "tmux", under: "send-keys send new-session new new-window neww split-window splitw respawn-pane run-shell run pipe-pane", value: "-t -s -n -c -e -x -y -F -L -S -f", joins: true, safe: writtenOut},
	{names: "screen", under: "stuff exec", value: "-S -p -X -c -t", joins: true, safe: writtenOut},
	{names: "crontab", value: "-u", language: true, stdin: true, safe: writtenOut},
	{names: "at batch", value: "-q -t", file: "-f", stdin: true, safe: writtenOut},

	// Programs that start another.
	{names: "sudo doas", value: "-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --close-from --role --type --command-timeout --other-user --chdir --chroot", shells: "-s -i --shell --login", wraps: true, away: true, safe: `name a program for the value: exec: [sudo, sh, -c, 'read -r value; echo "$value"'], stdin: "${{ ... }}"`},
	{names: "env", code: "-S --split-string", value: "-u -C --unset --chdir", wraps: true, variable: `"$VALUE"`},
	{names: "setsid", wraps: true},
	{names: "nohup time stdbuf unbuffer busybox toybox command dumb-init tini catchsegv", value: "-i -o -e -f --input --output --error --format", wraps: true},
	{names: "sshpass", value: "-p -f -d -P", wraps: true},
	{names: "nice", value: "-n --adjustment", wraps: true},
	{names: "ionice", value: "-c -n -p --class --classdata --pid", wraps: true},
	{names: "chrt taskset", skip: 1, wraps: true},
	{names: "timeout", value: "-s -k --signal --kill-after", skip: 1, wraps: true},
	{names: "chroot", skip: 1, wraps: true, stdin: true},
	{names: "nsenter", value: "-t -S -G --target --setuid --setgid", wraps: true, stdin: true},
	{names: "unshare", value: "-R -w -S -G --root --wd --setuid --setgid", wraps: true, stdin: true},
	{names: "setpriv", value: "--reuid --regid --groups --inh-caps --bounding-set", wraps: true},
	{names: "xargs", value: "-n -P -L -d -E -s --max-args --max-procs --max-lines --delimiter --max-chars", replace: "-I -i --replace", file: "-a --arg-file", wraps: true, fed: true, safe: xargsSafe},
	{names: "flock", code: "-c --command", value: "-w -E --timeout --wait --conflict-exit-code", skip: 1, wraps: true, variable: `"$VALUE"`},
	{names: "gosu su-exec", skip: 1, wraps: true},
	{names: "strace ltrace", value: "-e -o -p -s -u", wraps: true},
	{names: "systemd-run", value: "-p -u -E -M --unit --property --setenv --uid --gid --slice", wraps: true, away: true},
	{names: "docker podman nerdctl docker-compose", under: "exec run", value: dockerValues, entry: "--entrypoint", skip: 1, wraps: true, away: true},
	{names: "kubectl oc k3s", under: "exec rsh", value: kubectlValues, skip: 1, wraps: true, away: true},
	{names: "bundle poetry uv pipenv", under: "exec run", wraps: true},
	{names: "aws-vault op", under: "exec run", skip: 1, wraps: true},
}

// What a flag means to a program.
type flagKind int

const (
	flagAlone flagKind = iota
	flagCode
	flagValue
	flagAttached
	flagFile
	flagStarts
	flagEntry
	flagToggle
	flagWrapping
	flagLoads
	flagShells
	flagReplace
)

type codeFlag struct {
	kind     flagKind
	words    int      // that belong to it
	prefixes []string // of values that are code; none: all are
}

// A knownProgram is a row of the table with its flags looked up by name.
type knownProgram struct {
	*codeProgram
	flags map[string]codeFlag
	words *regexp.Regexp // nil: none are code
}

var knownPrograms = sync.OnceValue(func() map[string]*knownProgram {
	known := map[string]*knownProgram{}
	for i := range codePrograms {
		p := &knownProgram{codeProgram: &codePrograms[i], flags: map[string]codeFlag{}}
		if pattern := p.codeProgram.words; pattern != "" {
			p.words = regexp.MustCompile(pattern)
		}
		for kind, list := range map[flagKind]string{flagCode: p.code, flagValue: p.value, flagAttached: p.attached, flagFile: p.file,
			flagStarts: p.starts, flagEntry: p.entry, flagToggle: p.toggle, flagWrapping: p.wrapping,
			flagLoads: p.loads, flagShells: p.shells, flagReplace: p.replace} {
			for _, word := range strings.Fields(list) {
				p.add(kind, word)
			}
		}
		for _, name := range strings.Fields(p.names) {
			known[name] = p
		}
	}
	return known
})

func (p *knownProgram) add(kind flagKind, word string) {
	word, prefix, special := strings.Cut(word, ":")
	f := p.flags[word]
	if f.kind != flagAlone && f.kind != kind {
		kind = flagCode // a value of which some are code
	}
	name, two := strings.CutSuffix(word, "/2")
	f.kind, f.words = kind, 0
	switch kind {
	case flagCode, flagValue, flagFile, flagEntry, flagWrapping, flagLoads:
		f.words = 1
	case flagReplace:
		if word == "-I" { // the others have a value only in the same word
			f.words = 1
		}
	}
	if two {
		f.words = 2
	}
	if special {
		f.prefixes = append(f.prefixes, strings.ToLower(prefix))
	}
	p.flags[name] = f
}

// programOf finds a program in the table, also under its path and with a
// version behind its name; nil: it is not there.
func programOf(word string) *knownProgram {
	base := filepath.Base(word)
	if p := knownPrograms()[base]; p != nil {
		return p
	}
	return knownPrograms()[strings.TrimRight(base, "0123456789.")]
}
