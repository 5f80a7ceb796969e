package workload

// Holds returns the object's holds.
func (o *Object) Holds() Record { return ParseRecord(o.HoldText()) }
