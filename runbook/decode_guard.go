package runbook

import "slices"

// A guard is an expression or a probe, with a message where it is required.
type guard struct {
	key     *node // if, unless or require
	node    *node
	expr    *node    // nil where there is a probe
	probe   *command // nil where there is none
	expect  *node    // of a probe
	message *node
}

// A lock is a name and how long to wait for it.
type lock struct{ name, wait *node }

// A foreach is what a step is done for. Of in and matrix one is given.
type foreach struct {
	key            *node // the key itself
	in             *node // an expression or a list
	matrix         []axis
	product        *node // the mapping of matrix; nil: none
	itemKey        *node
	maxConcurrency *node
	maxFailures    *node
}

// An axis is one name of a matrix; in is an expression or a list.
type axis struct{ name, in *node }

// An output is a name and an expression; a null expression is what the step
// writes itself.
type output struct {
	key    *node
	expr   *node
	secret bool
	broken bool // it is declared, but what it is cannot be read
}

// stepMore reads the keys of a step that are more than a command and its
// surroundings.
func (c *checker) stepMore(s *step, key, value *node) {
	switch key.Value {
	case "if":
		s.guards.wanted = c.guard(key, value)
	case "unless":
		s.guards.done = c.guard(key, value)
	case "require":
		s.require = c.require(value)
	case "foreach":
		s.foreach = c.foreach(key, value)
	case "uses":
		s.uses = c.text(value)
	case "with":
		s.withKey = key
		c.pairs(value, func(key, value *node) {
			if !c.flagged[value] {
				s.with = append(s.with, variable{key, value})
			}
		})
	case "env_files":
		s.envFiles = c.texts(value)
	case "expect":
		s.expect = c.code(value)
	case "approval":
		s.approval = c.text(value)
	case "outputs":
		s.outputs = append(s.outputs, c.outputs(value, false)...)
	case "secret_outputs":
		s.outputs = append(s.outputs, c.outputs(value, true)...)
	case "lock":
		s.lock = c.lock(value)
	case "rollback":
		if isMapping(value) {
			s.rollback = c.step(value)
		}
	}
}

func (s *step) addProbe(g *guard) {
	if g != nil && g.probe != nil {
		s.probes = append(s.probes, g.probe)
	}
}

// code keeps a node that is usable as an expression.
func (c *checker) code(n *node) *node {
	if isScalar(n) && !c.flagged[n] && !isNull(n) && n.Value != "" {
		return n
	}
	return nil
}

func (c *checker) guard(key, n *node) *guard {
	g := &guard{key: key, node: n}
	if isScalar(n) {
		if g.expr = c.code(n); g.expr == nil {
			return nil
		}
		return g
	}
	if !isMapping(n) {
		return nil
	}
	c.pairs(n, func(key, value *node) {
		switch {
		case slices.Contains(commands, key.Value):
			if g.probe == nil {
				cmd := c.command(key, value)
				g.probe = &cmd
			}
		case key.Value == "expect":
			g.expect = c.code(value)
		case key.Value == "message":
			g.message = c.text(value)
		}
	})
	if g.probe == nil {
		g.expr, g.expect = g.expect, nil
	}
	return g
}

func (c *checker) require(list *node) []*guard {
	if !isList(list) {
		return nil
	}
	var gs []*guard
	for _, item := range list.Content {
		if g := c.guard(list, item); g != nil {
			gs = append(gs, g)
		}
	}
	return gs
}

func (c *checker) lock(n *node) *lock {
	if isScalar(n) {
		if n = c.text(n); n == nil {
			return nil
		}
		return &lock{name: n}
	}
	l := &lock{}
	c.pairs(n, func(key, value *node) {
		switch key.Value {
		case "name":
			l.name = c.text(value)
		case "wait":
			l.wait = c.text(value)
		}
	})
	if l.name == nil {
		return nil
	}
	return l
}

func (c *checker) outputs(m *node, secret bool) []*output {
	var list []*output
	c.pairs(m, func(key, value *node) {
		o := &output{key: key, secret: secret}
		if !isNull(value) {
			o.expr = c.code(value)
			o.broken = o.expr == nil
		}
		list = append(list, o)
	})
	return list
}

func (c *checker) foreach(key, n *node) *foreach {
	f := &foreach{key: key}
	if !isMapping(n) {
		if f.in = c.listOrCode(n); f.in == nil {
			return nil
		}
		return f
	}
	c.pairs(n, func(key, value *node) {
		switch key.Value {
		case "in":
			f.in = c.listOrCode(value)
		case "matrix":
			f.product = value
			c.pairs(value, func(name, in *node) {
				if in = c.listOrCode(in); in != nil {
					f.matrix = append(f.matrix, axis{name, in})
				}
			})
		case "key":
			f.itemKey = c.code(value)
		case "max_concurrency":
			f.maxConcurrency = c.whole(value)
		case "max_failures":
			f.maxFailures = c.whole(value)
		}
	})
	if f.in == nil && f.product == nil {
		return nil
	}
	return f
}

func (c *checker) listOrCode(n *node) *node {
	if isList(n) && !c.flagged[n] {
		return n
	}
	return c.code(n)
}
