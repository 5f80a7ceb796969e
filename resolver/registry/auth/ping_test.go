package auth

import (
	"testing"
)

func TestLoopbackNames(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "reg.localhost:5000": true, "127.0.0.1:5000": true,
		"127.1.2.3": true, "[::1]:5000": true, "[::1]": true,
		"10.0.0.5": false, "192.168.0.1:5000": false, "localhost.example": false, "notlocalhost": false, "127.0.0.1.example": false,
	} {
		if got := loopback(host); got != want {
			t.Errorf("loopback(%q) = %t, want %t", host, got, want)
		}
	}
}
