package config

// Tick is what an interval's end does.
func (w *Watcher) Tick() { w.tick() }
