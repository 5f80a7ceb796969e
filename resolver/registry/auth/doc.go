// Package auth signs in at registries: it finds out how by a ping, exchanges
// credentials for tokens, and keeps both. A credential goes to the registry that it is
// for and to the token service which that registry names, nowhere else.
package auth
