package runbook

// A document is a runbook with its keys told apart and nothing else done to it.
// A nil node is a key that is not there, or whose value is of a type that was
// refused; what refers to a document can take every node in it for the right
// type.
type document struct {
	name, description   *node
	labels              *node
	params              []*param
	secrets             []*secret
	env                 variables
	envFiles            []*node
	lock                *lock
	outputs             []*output
	preface             *step // what runs before the first step: probes of require, commands of secrets
	strategy            strategy
	defaults            defaults
	steps               []*step
	onFailure, finally  []*step
	strategyUnreadable  bool // what the order is, is not known
	someStepsUnreadable bool // a step is missing from steps
	everything          []*step
}

type strategy struct {
	kind                       *node
	maxConcurrency, stopOnFail *node
}

type defaults struct {
	timeout, gracePeriod, shell, workingDir *node
	retry                                   *retry
	env                                     variables
	awsProfile, awsRegion                   *node
}

// all are the steps of every phase, the rollbacks of steps, and the preface.
func (d *document) all() []*step {
	if d.everything != nil {
		return d.everything
	}
	all := make([]*step, 0, len(d.steps)+len(d.onFailure)+len(d.finally)+1)
	all = append(all, d.steps...)
	all = append(all, d.onFailure...)
	all = append(all, d.finally...)
	for _, s := range all {
		if s.rollback != nil {
			all = append(all, s.rollback)
		}
	}
	d.everything = append(all, d.preface)
	return d.everything
}

// written are the steps that stand in a list of the file.
func (d *document) written() []*step {
	return d.all()[:len(d.steps)+len(d.onFailure)+len(d.finally)]
}

// A variable is one environment variable; the list is as in the file.
type variable struct{ key, value *node }

// variables are an env; given tells an empty one from none.
type variables struct {
	list  []variable
	given bool
}

// pairs calls f for every key of a mapping, of duplicates for the first.
func (c *checker) pairs(m *node, f func(key, value *node)) {
	if !isMapping(m) {
		return
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if k := m.Content[i]; isScalar(k) && !(c.flagged[k] && c.intended[k] == "") {
			f(k, m.Content[i+1])
		}
	}
}

// text keeps a node that is usable text, or a whole number where one may stand
// for text.
func (c *checker) text(n *node) *node {
	if isScalar(n) && !c.flagged[n] && (n.Tag == tagString || n.Tag == tagInt) {
		return n
	}
	return nil
}

// scalar keeps a node that is a usable scalar.
func (c *checker) scalar(n *node) *node {
	if isScalar(n) && !c.flagged[n] && !isNull(n) {
		return n
	}
	return nil
}

// data is text for a place where a number may be left unquoted; only a number
// that everybody writes the same way may.
func (c *checker) data(n *node) *node {
	if !isScalar(n) || c.flagged[n] || isNull(n) || n.Tag == tagBool {
		return nil
	}
	if n.Tag == tagFloat || n.Tag == tagInt && !wholeNumber().MatchString(n.Value) {
		c.at(n, ruleAmbiguous, `quote it: "`+n.Value+`"`, "unquoted %s is a number, not this text", n.Value)
		return nil
	}
	return n
}

// whole keeps a node that is a usable whole number. The schema takes 3.0 and 3e0
// for whole numbers too; nobody writes these on purpose.
func (c *checker) whole(n *node) *node {
	n = c.scalar(n)
	if n != nil && n.Tag == tagFloat {
		c.at(n, ruleType, "write it without a point and exponent", "%s is not how a whole number is written", n.Value)
		return nil
	}
	if n != nil && n.Tag != tagInt {
		return nil
	}
	return n
}

func (c *checker) texts(list *node) []*node {
	if !isList(list) || len(list.Content) == 0 {
		return nil
	}
	out := make([]*node, 0, len(list.Content))
	for _, item := range list.Content {
		if n := c.data(item); n != nil {
			out = append(out, n)
		}
	}
	return out
}

func (c *checker) variables(m *node) variables {
	v := variables{given: isMapping(m)}
	c.pairs(m, func(key, value *node) {
		if n := c.data(value); n != nil {
			v.list = append(v.list, variable{key, n})
		}
	})
	return v
}

func mappingOnly(n *node) *node {
	if isMapping(n) {
		return n
	}
	return nil
}

func (c *checker) decode() *document {
	d := &document{preface: &step{node: c.root}}
	c.pairs(c.root, func(key, value *node) {
		switch c.keyName(key, "strategy") {
		case "name":
			d.name = c.text(value)
		case "description":
			d.description = c.text(value)
		case "labels":
			d.labels = mappingOnly(value)
		case "env":
			d.env = c.variables(value)
		case "params":
			d.params = c.params(value)
		case "secrets":
			d.secrets = c.secrets(value)
			for _, s := range d.secrets {
				if s.command != nil {
					d.preface.probes = append(d.preface.probes, s.command)
				}
			}
		case "env_files":
			d.envFiles = c.texts(value)
		case "lock":
			d.lock = c.lock(value)
		case "require":
			d.preface.require = c.require(value)
		case "outputs":
			d.outputs = c.outputs(value, false)
		case "strategy":
			c.strategy(d, value, c.flagged[key])
		case "defaults":
			c.defaults(&d.defaults, value)
		case "steps":
			d.steps = c.steps(d, value, "")
		case "on_failure":
			d.onFailure = c.steps(d, value, "on_failure")
		case "finally":
			d.finally = c.steps(d, value, "finally")
		}
	})
	return d
}

// keyName is the name of a key. Where a misspelt key was meant to be one of
// guess it counts as that: what else refers to it is no mistake then.
func (c *checker) keyName(key *node, guess ...string) string {
	word := c.intended[key]
	if word == "" {
		return key.Value
	}
	for _, g := range guess {
		if word == g {
			return g
		}
	}
	return ""
}

func (c *checker) strategy(d *document, n *node, misspelt bool) {
	kind := n
	if isMapping(n) {
		kind = nil
		c.pairs(n, func(key, value *node) {
			switch key.Value {
			case "type":
				kind = value
			case "max_concurrency":
				d.strategy.maxConcurrency = c.whole(value)
			case "stop_on_error":
				d.strategy.stopOnFail = c.scalar(value)
			}
		})
	}
	d.strategy.kind = c.text(kind)
	d.strategyUnreadable = misspelt || d.strategy.kind == nil
}

func (c *checker) defaults(d *defaults, n *node) {
	c.pairs(n, func(key, value *node) {
		switch key.Value {
		case "timeout":
			d.timeout = c.text(value)
		case "grace_period":
			d.gracePeriod = c.text(value)
		case "retry":
			d.retry = c.retry(value)
		case "shell":
			d.shell = c.text(value)
		case "working_dir":
			d.workingDir = c.text(value)
		case "env":
			d.env = c.variables(value)
		case "aws":
			c.pairs(value, func(key, value *node) {
				switch key.Value {
				case "profile":
					d.awsProfile = c.text(value)
				case "region":
					d.awsRegion = c.text(value)
				}
			})
		}
	})
}

func (c *checker) steps(d *document, list *node, phase string) []*step {
	if !isList(list) {
		return nil
	}
	steps := make([]*step, 0, len(list.Content))
	for _, item := range list.Content {
		if !isMapping(item) {
			d.someStepsUnreadable = true
			continue
		}
		s := c.step(item)
		s.phase = phase
		s.index = len(steps)
		if s.rollback != nil {
			s.rollback.phase, s.rollback.index, s.rollback.of = phase, s.index, s
		}
		steps = append(steps, s)
	}
	return steps
}
