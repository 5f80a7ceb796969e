package cluster

import "testing"

// A server listens some time after its port was chosen: nobody else may be given it.
func TestFreePortIsGivenOnce(t *testing.T) {
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if err := reserve(port); err == nil {
		t.Errorf("port %d was given again", port)
	}
}
