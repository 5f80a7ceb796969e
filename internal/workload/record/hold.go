package record

import "github.com/garboard-dev/garboard/internal/workload"

// HoldsOf returns the object's holds.
func HoldsOf(o *workload.Object) Record { return ParseRecord(o.HoldText()) }
