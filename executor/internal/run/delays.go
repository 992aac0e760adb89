package run

import (
	"container/heap"
	"time"
)

// delays are the nodes between two attempts, the one whose next attempt is due
// first on top. A node that ends before its time stays until it comes up and is
// passed over then.
type delays []delay

type delay struct {
	due  time.Time
	node int
}

func (d delays) Len() int      { return len(d) }
func (d delays) Swap(i, j int) { d[i], d[j] = d[j], d[i] }

func (d delays) Less(i, j int) bool {
	if d[i].due.Equal(d[j].due) {
		return d[i].node < d[j].node
	}
	return d[i].due.Before(d[j].due)
}

func (d *delays) Push(x any) { *d = append(*d, x.(delay)) }

func (d *delays) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	*d = (*d)[:last]
	return x
}

func (d *delays) add(node int, due time.Time) { heap.Push(d, delay{due, node}) }

func (d *delays) removeFirst() delay { return heap.Pop(d).(delay) }
