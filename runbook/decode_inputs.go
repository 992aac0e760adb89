package runbook

import "github.com/cloudops-run/runbook/schema/fragment"

// A param is a declared input.
type param struct {
	key      *node
	node     *node // the fragment
	env      *node
	fallback *node              // its default; nil: none
	fragment *fragment.Fragment // what values are checked against, once it was made
}

// A secret is where a secret comes from.
type secret struct {
	key     *node
	env     *node
	file    *node
	command *command
	value   *node
}

func (c *checker) params(m *node) []*param {
	var list []*param
	c.pairs(m, func(key, value *node) {
		if !isMapping(value) {
			return
		}
		p := &param{key: key, node: value}
		c.pairs(value, func(key, value *node) {
			switch key.Value {
			case "env":
				p.env = c.text(value)
			case "default":
				p.fallback = value
			}
		})
		list = append(list, p)
	})
	return list
}

func (c *checker) secrets(m *node) []*secret {
	var list []*secret
	c.pairs(m, func(key, value *node) {
		if !isMapping(value) {
			return
		}
		s := &secret{key: key}
		c.pairs(value, func(key, value *node) {
			switch key.Value {
			case "env":
				s.env = c.text(value)
			case "file":
				s.file = c.text(value)
			case "exec":
				cmd := c.command(key, value)
				s.command = &cmd
			case "value":
				s.value = c.code(value)
			}
		})
		list = append(list, s)
	})
	return list
}
