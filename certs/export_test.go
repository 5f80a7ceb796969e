package certs

// Read is one reading of the file.
func (c *ClientCA) Read() error {
	_, err := c.load()
	return err
}
