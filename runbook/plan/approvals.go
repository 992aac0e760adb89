package plan

// Approvals is the ids of what asks for an approval, in file order: steps,
// included runbooks, and steps inside of a loop, by their [PlainID].
func (p *Plan) Approvals() []string { return p.approvals("") }

func (p *Plan) approvals(within string) (ids []string) {
	told := make([]bool, len(p.Groups))
	for i := range p.Steps {
		s := &p.Steps[i]
		for g := s.Group; g > 0 && !told[g-1]; g = p.Groups[g-1].Parent {
			told[g-1] = true
			if p.Groups[g-1].Approval != nil {
				ids = append(ids, within+p.Groups[g-1].ID)
			}
		}
		if s.Approval != nil {
			ids = append(ids, within+s.ID)
		}
		if s.Body != nil {
			ids = append(ids, s.Body.approvals(within+s.ID+"/")...)
		}
	}
	return ids
}
