package plan_test

import (
	"encoding/json"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
)

func TestSchemaType(t *testing.T) {
	for _, test := range []struct{ schema, src, problem string }{
		{`{"type": "string"}`, `params.x + "a"`, ""},
		{`{"type": "string"}`, `params.x + 1`, `9+1: + does not work on a string and an integer: params.x is a string, 1 is an integer [to make text of a number write string(1)]`},
		{`{"type": "integer"}`, `params.x % 2 == 0`, ""},
		{`{"type": "number"}`, `params.x * 2`, ""},
		{`{"type": "boolean"}`, `not params.x`, ""},
		{`{"type": "array", "items": {"type": "string"}}`, `join(params.x)`, ""},
		{`{"type": "array", "items": {"type": "string"}}`, `params.x[0] - 1`, `12+1: - does not work on a string and an integer: params.x[0] is a string, 1 is an integer`},
		{`{"type": "array"}`, `params.x[0] - 1`, ""},
		{`{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}`, `params.x.a + 1`, ""},
		{`{"type": "object", "properties": {"a": {"type": "integer"}}}`, `params.x.a + 1`, `0+10: params.x.a may be null: its schema does not require it [say what to use then: params.x.a ?? …]`},
		{`{"type": "object", "properties": {"abc": {}}, "required": ["abc"]}`, `params.x.acb`, `9+3: params.x has no "acb" [did you mean "abc"?]`},
		{`{"properties": {"a": {}}, "additionalProperties": true}`, `params.x.b`, ""},
		{`{"type": "object", "additionalProperties": {"type": "string"}}`, `params.x.b - 1`, `11+1: - does not work on a string and an integer: params.x.b is a string, 1 is an integer`},
		{`{"type": "object"}`, `params.x.b - 1`, ""},
		{`{"type": ["string", "null"]}`, `params.x`, `0+8: params.x may be null: its schema allows null [say what to use then: params.x ?? …]`},
		{`{"type": ["integer", "number"]}`, `params.x + 1`, ""},
		{`{"type": ["string", "integer"]}`, `params.x + 1`, ""},
		{`{"enum": ["a", "b"]}`, `params.x - 1`, `9+1: - does not work on a string and an integer: params.x is a string, 1 is an integer`},
		{`{"enum": [1, null]}`, `params.x`, `0+8: params.x may be null: its schema allows null [say what to use then: params.x ?? …]`},
		{`{"const": 1}`, `params.x + "a"`, `9+1: + does not work on an integer and a string: params.x is an integer, "a" is a string [to make text of a number write string(params.x)]`},
		{`{}`, `params.x.y[0] + 1`, ""},
		{`true`, `params.x`, ""},
		{`{"type": "nonsense"}`, `params.x`, ""},
		{`{"type": "null"}`, `params.x ?? "d"`, ""},
		{`broken`, `params.x`, ""},
	} {
		names := plan.Names{Params: map[string]plan.Type{"x": plan.SchemaType(json.RawMessage(test.schema))}}
		_, problems := plan.CheckExpr(test.src, names, plan.WantText)
		if got := show(problems); got != test.problem {
			t.Errorf("%s, %s\ngot  %s\nwant %s", test.schema, test.src, got, test.problem)
		}
	}
}
